"""The five measures of an entry: forward, gradient, double gradient, variants, errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import flambeau as fb
from tests.peers.coverage.comparison import PEER_ERROR, Different, array_of, require_same
from tests.peers.coverage.table import samples
from tests.peers.coverage.translation import (
    Missing,
    Untranslatable,
    Values,
    function,
    named,
)

FORWARD_TYPES = (torch.float32, torch.float64, torch.int64, torch.bool, torch.complex128)
GRADIENT_TYPES = (torch.float64, torch.complex128)
MEASURES = ("forward", "gradient", "double gradient", "variants", "errors")
# Second derivatives divide twice by what may be small.
SECOND_ORDER_ERROR = 1e-7
# Their values are whatever was in memory.
UNINITIALISED = frozenset(
    {
        "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty",
        "new_empty_strided",
    }
)  # fmt: skip


def measure(entry: Any) -> dict[str, str]:
    """What an entry fails, with the first reason; ``"passes"`` and ``"not applicable"`` else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {}
        for name, run in zip(MEASURES, (forward, gradient, double, variants, errors), strict=True):
            try:
                found[name] = "passes" if run(entry) else "not applicable"
            except Missing as error:
                found[name] = f"flambeau has no {error}"
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is reported
                first = str(error).splitlines()[0] if str(error) else ""
                kind = "" if isinstance(error, Different) else f"{type(error).__name__}: "
                found[name] = f"{kind}{first}"[:200]
        return found


def counterpart(entry: Any) -> Callable[..., Any]:
    """What flambeau has for an entry.

    Raises:
        Missing: if it has nothing.
    """
    try:
        return function(entry.op)
    except Missing:
        return named(entry.name)


class Call:
    """One call of an entry, PyTorch's and ours."""

    def __init__(self, sample: Any, name: str = "") -> None:
        values = Values()
        self.name = name
        self.theirs = (sample.input, *sample.args)
        self.their_options = sample.kwargs
        self.ours = values(self.theirs)
        self.our_options = values(sample.kwargs)
        self.process = sample.output_process_fn_grad
        self.values = values

    def differentiable(self) -> tuple[list[Any], list[Any]]:
        """The tensors that require a gradient: PyTorch's, and ours."""
        theirs = [x for x in self.values.kept if isinstance(x, torch.Tensor) and x.requires_grad]
        return theirs, [self.values.known[id(x)] for x in theirs]


def calls(entry: Any, kind: torch.dtype, requires_grad: bool = False) -> Iterator[Call]:
    """The calls that an entry's samples make; one may change what the next is given."""
    for sample in samples(entry, kind, requires_grad):
        try:
            call = Call(sample, entry.name)
        except Untranslatable:
            continue
        yield call


def short(kind: torch.dtype, number: int) -> str:
    return f"{str(kind).removeprefix('torch.')}, sample {number}"


def forward(entry: Any) -> bool:
    """Types, shapes and values of results over data types."""
    ours, ran = counterpart(entry), False
    for kind in FORWARD_TYPES:
        for number, call in enumerate(calls(entry, kind)):
            theirs = attempt(entry.op, call.theirs, call.their_options)
            if isinstance(theirs, Failed):
                continue
            ran = True
            result = run_ours(ours, call.ours, call.our_options, short(kind, number))
            known = entry.name not in UNINITIALISED
            require_same_results(call, result, theirs, short(kind, number), known)
    return ran


def require_same_results(call: Call, ours: Any, theirs: Any, what: str, values: bool) -> None:
    """As :func:`require_same`.

    The vectors of a decomposition and the places of equal elements are not unique: there what
    the table itself derives from them is compared, or the elements at these places.
    """
    try:
        require_same(ours, theirs, what, values, PEER_ERROR.get(call.name, 0.0))
    except Different:
        if same_elements(call, ours, theirs):
            return
        processed = function(call.process)(ours)
        if processed is ours:
            raise
        require_same(processed, call.process(theirs), what)


def same_elements(call: Call, ours: Any, theirs: Any) -> bool:
    """Whether results hold other places of the same elements of the input."""
    if isinstance(theirs, torch.Tensor):
        ours, theirs = (ours,), (theirs,)
    if not isinstance(theirs, tuple) or theirs[-1].dtype is not torch.int64:
        return False
    if not isinstance(ours[-1], fb.Tensor) or tuple(ours[-1].shape) != tuple(theirs[-1].shape):
        return False
    source = call.theirs[0]
    mine = torch.from_numpy(array_of(ours[-1]).copy())
    return torch.is_tensor(source) and any(
        gathered(source, mine, dim) is not None
        and torch.equal(gathered(source, mine, dim), gathered(source, theirs[-1], dim))
        for dim in range(source.dim())
    )


def gathered(source: torch.Tensor, index: torch.Tensor, dim: int) -> torch.Tensor | None:
    """The elements at places along a dimension, if the places can be along it."""
    if index.dim() == source.dim() - 1:
        index = index.unsqueeze(dim)
    fits = index.dim() == source.dim() and all(
        d == dim or index.shape[d] == source.shape[d] for d in range(source.dim())
    )
    inside = fits and bool(((index >= 0) & (index < source.shape[dim])).all())
    return source.gather(dim, index) if inside else None


class Failed:
    """A call that PyTorch refuses."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def attempt(f: Callable[..., Any], arguments: Any, options: Any) -> Any:
    torch.manual_seed(1)
    try:
        return f(*arguments, **options)
    except Exception as error:  # noqa: BLE001 - PyTorch refuses some of its own samples
        return Failed(error)


def run_ours(f: Callable[..., Any], arguments: Any, options: Any, what: str) -> Any:
    fb.manual_seed(1)
    try:
        return f(*arguments, **options)
    except Missing:
        raise
    except Exception as error:
        raise Different(f"{what}: {type(error).__name__}: {str(error).splitlines()[:1]}") from error


# --- gradients ----------------------------------------------------------------------------------


def weights(outputs: list[Any], tensor: Callable[[np.ndarray], Any]) -> list[Any]:
    """A gradient for each output, the same for both."""
    made = []
    for x in outputs:
        count = int(np.prod(tuple(x.shape)))
        values = np.cos(np.arange(count) + 0.3)
        if x.is_complex():
            values = values + 1j * np.sin(np.arange(count) * 2.0)
        made.append(tensor(values.reshape(tuple(x.shape)).astype(array_of(x).dtype)))
    return made


def flat(x: Any, kind: type) -> list[Any]:
    """The tensors of a result that have a gradient."""
    if isinstance(x, kind):
        return [x] if x.requires_grad and x.numel() else []
    if isinstance(x, dict):
        x = list(x.values())
    return [y for item in x for y in flat(item, kind)] if isinstance(x, (tuple, list)) else []


def derivatives(
    f: Callable[..., Any],
    wrapper: Any,
    process: Any,
    arguments: Any,
    options: Any,
    wanted: list[Any],
    order: int,
    room: Any,
) -> tuple[list[Any], list[Any]]:
    """First and, of order 2, second derivatives with respect to what is wanted."""
    tensor = torch.from_numpy if room is torch else fb.from_numpy
    room.manual_seed(1)
    out = flat(process(wrapper(f, *arguments, **options)), room.Tensor)
    if not out:
        return [], []
    given = [w.requires_grad_() if order == 2 else w for w in weights(out, tensor)]
    first = room.autograd.grad(out, wanted, given, create_graph=order == 2, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad]
    if order == 1 or not again:
        return list(first), []
    second = room.autograd.grad(again, [*wanted, *given], weights(again, tensor), allow_unused=True)
    return list(first), list(second)


def gradients(entry: Any, order: int) -> bool:
    ours, ran = counterpart(entry), False
    for kind in GRADIENT_TYPES:
        if kind not in entry.supported_backward_dtypes("cpu"):
            continue
        for number, call in enumerate(calls(entry, kind, True)):
            wanted, mine = call.differentiable()
            if not wanted:
                continue
            wrapper = entry.gradcheck_wrapper
            given = (wrapper, call.process, call.theirs, call.their_options, wanted, order, torch)
            try:
                theirs = derivatives(entry.op, *given)[order - 1]
            except RuntimeError:
                continue
            ran = True
            given = (
                function(wrapper), function(call.process), call.ours, call.our_options, mine,
                order, fb,
            )  # fmt: skip
            found = derivatives(ours, *given)[order - 1]
            error = max(SECOND_ORDER_ERROR if order == 2 else 0.0, PEER_ERROR.get(entry.name, 0.0))
            require_same_gradients(found, theirs, short(kind, number), error)
    return ran


def require_same_gradients(found: list[Any], theirs: list[Any], what: str, error: float) -> None:
    """As :func:`require_same`; a gradient that is missing is zero."""
    theirs = theirs or [None] * len(found)
    found = found or [None] * len(theirs)
    for i, (x, y) in enumerate(zip(found, theirs, strict=True)):
        where = f"{what}, input {i}"
        if y is None:
            if x is not None and bool((x.detach().abs() > 1e-9).any()):
                raise Different(f"{where}: a gradient, not None")
        elif x is None:
            if bool((y != 0).any()):
                raise Different(f"{where}: no gradient")
        elif not bool(y.isnan().any()):  # where PyTorch's is nan there is nothing to agree with
            require_same(x, y, where, error=error)


def gradient(entry: Any) -> bool:
    """First derivatives."""
    return bool(entry.supports_autograd) and gradients(entry, 1)


def double(entry: Any) -> bool:
    """Second derivatives."""
    return bool(entry.supports_autograd and entry.supports_gradgrad) and gradients(entry, 2)


# --- variants -----------------------------------------------------------------------------------


def variants(entry: Any) -> bool:
    """The method, the in-place method, ``out=`` and the aliases."""
    kinds = [k for k in FORWARD_TYPES if k in entry.supported_dtypes("cpu")][:1]
    ran = False
    for kind in kinds:
        for number in range(min(3, len(samples(entry, kind)))):
            what = short(kind, number)
            for label, f in variants_of(entry):
                ran = compare_variant(f, entry, kind, number, f"{label}, {what}") or ran
            if entry.supports_out:
                ran = compare_out(entry, kind, number, f"out=, {what}") or ran
    return ran


def variants_of(entry: Any) -> list[tuple[str, Any]]:
    """PyTorch's other functions for the same."""
    found = [
        ("method", entry.get_method()), ("in place", entry.get_inplace()),
        ("operator", entry.operator_variant), ("in-place operator", entry.inplace_operator_variant),
    ]  # fmt: skip
    for alias in entry.aliases:
        found.append((alias.name, alias.op))
        found.append((f"method {alias.name}", alias.method_variant))
        found.append((f"in place {alias.name}", alias.inplace_variant))
    return [(label, f) for label, f in found if f is not None]


def compare_variant(f: Any, entry: Any, kind: torch.dtype, number: int, what: str) -> bool:
    call = Call(samples(entry, kind)[number], entry.name)
    theirs = attempt(f, call.theirs, call.their_options)
    if isinstance(theirs, Failed):
        return False
    try:
        ours = function(f)
    except Missing as error:
        raise Different(f"{what}: flambeau has no {error}") from error
    result = run_ours(ours, call.ours, call.our_options, what)
    require_same_results(call, result, theirs, what, entry.name not in UNINITIALISED)
    return True


def compare_out(entry: Any, kind: torch.dtype, number: int, what: str) -> bool:
    call = Call(samples(entry, kind)[number], entry.name)
    theirs = attempt(entry.op, call.theirs, call.their_options)
    if not isinstance(theirs, (torch.Tensor, tuple)):
        return False
    target = empty_like(theirs)
    if isinstance(attempt(entry.op, call.theirs, {**call.their_options, "out": target}), Failed):
        return False
    out = Values()(empty_like(theirs))
    result = run_ours(counterpart(entry), call.ours, {**call.our_options, "out": out}, what)
    result = out if result is None else result
    require_same_results(call, result, theirs, what, entry.name not in UNINITIALISED)
    if isinstance(theirs, torch.Tensor) and result is not out:
        raise Different(f"{what}: another tensor is returned")
    return True


def empty_like(x: Any) -> Any:
    if not isinstance(x, (tuple, list)):
        return torch.empty_like(x)
    return tuple(empty_like(item) for item in x)


# --- errors -------------------------------------------------------------------------------------


def errors(entry: Any) -> bool:
    """Calls that PyTorch refuses raise the same type of exception."""
    if entry.error_inputs_func is None:
        return False
    ours, ran = counterpart(entry), False
    for number, given in enumerate(entry.error_inputs("cpu")):
        try:
            call = Call(given.sample_input)
        except Untranslatable:
            continue
        failed = attempt(entry.op, call.theirs, call.their_options)
        if not isinstance(failed, Failed):
            continue
        ran = True
        expected = next(
            kind
            for kind in (
                NotImplementedError,
                ValueError,
                IndexError,
                TypeError,
                RuntimeError,
                Exception,
            )
            if isinstance(failed.error, kind)
        )
        theirs = str(failed.error).splitlines()[0][:80]
        if expected is NotImplementedError:
            expected = RuntimeError
        try:
            fb.manual_seed(1)
            ours(*call.ours, **call.our_options)
        except expected:
            continue
        except Exception as error:
            raise Different(
                f"error {number}: {type(error).__name__}, not {expected.__name__} ({theirs})"
            ) from error
        raise Different(f"error {number}: nothing raised, not {expected.__name__} ({theirs})")
    return ran
