"""The counterpart in flambeau of what PyTorch's table holds: values and functions."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Iterator
from typing import Any

import torch

import flambeau as fb


class Untranslatable(Exception):
    """A value that flambeau has no counterpart of, such as a sparse tensor."""


class Missing(Exception):
    """A function that flambeau does not have."""


NUMBERED = {
    getattr(torch, n): getattr(fb, n)
    for n in (
        "strided", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d",
    )
    if hasattr(fb, n)
}  # fmt: skip


class Values:
    """Translates the values of one call; tensors that share memory still do afterwards."""

    def __init__(self) -> None:
        self.known: dict[int, Any] = {}
        self.storages: dict[int, Any] = {}
        self.kept: list[Any] = []

    def __call__(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            if id(x) not in self.known:
                self.kept.append(x)
                self.known[id(x)] = self.tensor(x)
            return self.known[id(x)]
        if isinstance(x, torch.dtype):
            found = getattr(fb, str(x).removeprefix("torch."), None)
            if found is None:
                raise Untranslatable(str(x))
            return found
        if isinstance(x, torch.Size):
            return fb.Size(x)
        if isinstance(x, torch.device):
            return fb.device(str(x))
        if isinstance(x, (torch.layout, torch.memory_format)):
            if x not in NUMBERED:
                raise Untranslatable(str(x))
            return NUMBERED[x]
        if isinstance(x, torch.nn.Module):
            if x.state_dict():
                raise Untranslatable("a module with parameters")
            return getattr(fb.nn, type(x).__name__)()
        if isinstance(x, torch.Generator):
            return fb.Generator().manual_seed(x.initial_seed())
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*map(self, x))
        if isinstance(x, (list, tuple, set)):
            return type(x)(map(self, x))
        if isinstance(x, dict):
            return {key: self(value) for key, value in x.items()}
        if callable(x) and not isinstance(x, type):
            return function(x)
        return x

    def tensor(self, x: torch.Tensor) -> fb.Tensor:
        if x.dim() > 64:
            raise Untranslatable("more dimensions than NumPy has")
        if x.layout is not torch.strided or x.device.type != "cpu" or x.is_quantized:
            raise Untranslatable(f"{x.layout} tensor on {x.device}")
        x_plain = x.detach()
        conjugated, negated = x_plain.is_conj(), x_plain.is_neg()
        if conjugated or negated:
            x_plain = x_plain.resolve_conj().resolve_neg()
        storage = x_plain.untyped_storage()
        key = storage.data_ptr() or id(x)
        if key not in self.storages:
            whole = torch.empty(0, dtype=x.dtype).set_(storage)
            whole = torch.empty_like(whole).copy_(whole)
            self.storages[key] = self.whole(whole)
            self.kept.append(storage)
        base = self.storages[key]
        if base.dtype is not self(x.dtype):
            base = self.whole(x_plain.clone())
            made = base
        elif x_plain.is_contiguous() and x_plain.numel() == base.numel():
            made = base.view(tuple(x_plain.shape))
        else:
            made = base.as_strided(
                tuple(x_plain.shape), x_plain.stride(), int(x_plain.storage_offset())
            )
        return made.detach().requires_grad_() if x.requires_grad else made.detach()

    def whole(self, x: torch.Tensor) -> fb.Tensor:
        if x.dtype is torch.bfloat16:
            return fb.from_numpy(x.float().numpy()).to(fb.bfloat16)
        try:
            return fb.from_numpy(x.numpy())
        except (TypeError, ValueError) as error:  # a type, or a number of dimensions
            raise Untranslatable(str(x.dtype)) from error


@contextlib.contextmanager
def freeze_rng_state() -> Iterator[None]:
    """Put the generator's state back afterwards."""
    state = fb.get_rng_state()
    try:
        yield
    finally:
        fb.set_rng_state(state)


def plain(x: Any) -> Any:
    """PyTorch's counterpart of our tensors, and of what holds them."""
    if isinstance(x, fb.Tensor):
        return torch.from_numpy(x.detach()._array.copy())
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items() if key != "dtype"}
    return tuple(map(plain, x)) if isinstance(x, tuple) else x


def masked_operation(op: Any, input: Any, *args: Any, **options: Any) -> Any:
    """The result where the mask leaves something, for results elsewhere mean nothing."""
    output = op(input, *args, **options)
    if options.get("mask") is None:
        return output
    theirs = getattr(torch.masked, op.__name__)
    mask = torch.masked._ops._output_mask(theirs, plain(input), *plain(args), **plain(options))
    return fb.where(fb.from_numpy(mask.numpy()), output, output.new_zeros(()))


def masked_pointwise_operation(op: Any, input: Any, *args: Any, **options: Any) -> Any:
    """As :func:`masked_operation`, for two operands with a mask each."""
    output = op(input, *args, **options)
    first, second = options.get("input_mask"), options.get("other_mask")
    if first is None or second is None:
        return output
    mask = fb.logical_and(first, second).expand(output.shape)
    return fb.where(mask, output, output.new_zeros(()))


REPLACED = {
    "freeze_rng_state": freeze_rng_state,
    "gradcheck_wrapper_masked_operation": masked_operation,
    "gradcheck_wrapper_masked_pointwise_operation": masked_pointwise_operation,
}


def named(path: str) -> Any:
    """What flambeau has under a path inside ``torch``."""
    found: Any = fb
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise Missing(path)
    return found


@functools.cache
def paths() -> dict[int, str]:
    """Where PyTorch's functions are found, by identity."""
    found: dict[int, str] = {}
    rooms = {
        "Tensor": torch.Tensor, "special": torch.special, "linalg": torch.linalg,
        "fft": torch.fft, "signal.windows": torch.signal.windows, "masked": torch.masked,
        "nn.functional": torch.nn.functional, "": torch,
    }  # fmt: skip
    for room, holder in rooms.items():
        for name in dir(holder):
            value = getattr(holder, name, None)
            if callable(value) and not isinstance(value, type):
                found[id(value)] = f"{room}.{name}" if room else name
    return found


def function(f: Any) -> Any:
    """The counterpart of a function of PyTorch, or of its tests' (which call PyTorch).

    Functions of the tests are run as they are, with ``torch`` replaced by ``flambeau``.

    Raises:
        Missing: where flambeau has none.
    """
    path = paths().get(id(f))
    if path is not None:
        return named(path)
    if isinstance(f, torch._ops.OpOverload) and f.namespace == "aten":
        return named(f"ops.aten.{f.overloadpacket.__name__}")
    if isinstance(f, functools.partial):
        return functools.partial(
            function(f.func),
            *map(Values(), f.args),
            **{k: Values()(v) for k, v in f.keywords.items()},
        )
    if isinstance(f, types.FunctionType):
        if f.__name__ in REPLACED:
            return REPLACED[f.__name__]
        if f.__module__.startswith(("torch.testing", "tests.")):
            return rebound(f)
    if isinstance(f, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return named(f"Tensor.{f.__name__}")
    if isinstance(f, types.BuiltinFunctionType) and (f.__module__ or "").startswith("torch"):
        return named(f.__name__)
    if getattr(f, "__module__", "") and str(f.__module__).startswith("torch"):
        raise Missing(f"{f.__module__}.{getattr(f, '__name__', f)}")
    return f


def rebound(f: types.FunctionType) -> types.FunctionType:
    """A function whose ``torch`` is ``flambeau``."""
    names = set(names_of(f.__code__))
    space = {n: global_value(v) for n, v in f.__globals__.items() if n in names}
    space["__builtins__"] = f.__globals__["__builtins__"]
    closure = None
    if f.__closure__ is not None:
        closure = tuple(types.CellType(global_value(c.cell_contents)) for c in f.__closure__)
    values = Values()
    made = types.FunctionType(f.__code__, space, f.__name__, values(f.__defaults__), closure)
    made.__kwdefaults__ = values(f.__kwdefaults__)
    return made


def names_of(code: types.CodeType) -> Iterator[str]:
    """The global names that code may look up, its inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_of(constant)


class Late:
    """A part of flambeau that is looked up when it is used."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __getattr__(self, name: str) -> Any:
        return named(f"{self.path}.{name}")


def global_value(x: Any) -> Any:
    """The counterpart of a value of a module of PyTorch's tests."""
    if isinstance(x, types.ModuleType):
        if x is torch:
            return fb
        if x.__name__.startswith("torch."):
            return Late(x.__name__.removeprefix("torch."))
        return x
    try:
        return Values()(x)
    except (Untranslatable, Missing):
        return x
