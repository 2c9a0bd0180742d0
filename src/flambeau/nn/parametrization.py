"""Parameters that are functions of other parameters.

A parametrized module gets a class of its own, whose property computes the tensor whenever it is
read; what it is computed from lies in ``module.parametrizations``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn.containers import ModuleDict, ModuleList
from flambeau.nn.members import BUFFERS, PARAMETERS
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.tensor import Tensor


class _Cache:
    """Tensors computed inside of :func:`cached`, by module and name."""

    def __init__(self) -> None:
        self.depth = 0
        self.found: dict[tuple[int, str], Any] = {}


_CACHE = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute parametrized tensors once only, inside of ``with cached():``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils import parametrize
        >>> class Squared(fb.nn.Module):
        ...     def forward(self, x):
        ...         return x * x
        >>> layer = fb.nn.Linear(2, 2)
        >>> _ = parametrize.register_parametrization(layer, "weight", Squared())
        >>> with parametrize.cached():
        ...     print(layer.weight is layer.weight)
        True
    """
    _CACHE.depth += 1
    try:
        yield
    finally:
        _CACHE.depth -= 1
        if not _CACHE.depth:
            _CACHE.found = {}


def _wrong(problem: str, expected: str, got: str) -> ValueError:
    return ValueError(message(f"parametrization: {problem}", expected=expected, got=got))


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and what they start from.

    Args:
        modules: one or more modules, each a function of the result of the one before.
        original: the tensor to parametrize.
        unsafe: whether shape and type may change.

    Attributes:
        original: what the first one is given, if that is one tensor; ``original0``,
            ``original1``, ... if there are several.
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise _wrong("no modules", "one or more", "none")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new = _inverse(list(self), original)
        self.is_tensor = isinstance(new, Tensor)
        if not self.is_tensor and not isinstance(new, Sequence):
            raise _wrong("right_inverse", "a tensor or a sequence of them", type(new).__name__)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new.dtype is not dtype:
                raise _wrong("right_inverse changes the type", str(dtype), str(new.dtype))
            with no_grad():
                original.set_(new)  # the same parameter stays in its optimizer
            _register(self, "original", original)
        else:
            self._register_several(new, original)
        if not unsafe:
            _check_result(self(), shape, dtype)

    def _register_several(self, new: Sequence[Any], original: Any) -> None:
        for place, tensor in enumerate(new):
            if not isinstance(tensor, Tensor):
                raise _wrong("right_inverse", "a sequence of tensors", type(tensor).__name__)
            if isinstance(original, Parameter):
                tensor = Parameter(tensor, original.requires_grad)
            tensor.requires_grad_(original.requires_grad)
            _register(self, f"original{place}", tensor)

    def right_inverse(self, value: Tensor) -> None:
        """Change the originals so that the parametrized tensor becomes ``value``.

        Raises:
            RuntimeError: if a parametrization has no ``right_inverse``.
            ValueError: if the inverse is of another type, or of another number of tensors.
        """
        with no_grad():
            found: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        message(
                            f"parametrization: {type(module).__name__} has no right_inverse",
                            expected="a method right_inverse(self, value)",
                            got="none",
                        )
                    )
                found = module.right_inverse(found)
            if self.is_tensor != isinstance(found, Tensor):
                expected = "a tensor" if self.is_tensor else "a sequence of tensors"
                raise _wrong("right_inverse", expected, type(found).__name__)
            tensors = [found] if self.is_tensor else list(found)
            if len(tensors) != self.ntensors:
                raise _wrong("right_inverse", f"{self.ntensors} tensors", str(len(tensors)))
            for original, tensor in zip(self._originals(), tensors):
                if original.dtype is not tensor.dtype:
                    raise _wrong(
                        "right_inverse changes the type", str(original.dtype), str(tensor.dtype)
                    )
                original.set_(tensor)

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{place}") for place in range(self.ntensors)]

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        first, *others = list(self)
        x = first(*self._originals())
        for module in others:
            x = module(x)
        return x


def _inverse(modules: list[Any], value: Any) -> Any:
    """What the modules make ``value`` of; those that cannot say are taken as the identity."""
    for module in reversed(modules):
        if hasattr(module, "right_inverse"):
            try:
                value = module.right_inverse(value)
            except NotImplementedError:
                continue
    return value


def _check_result(result: Any, shape: Any, dtype: Any) -> None:
    if not isinstance(result, Tensor):
        raise _wrong("not a tensor", "a tensor", type(result).__name__)
    if result.dtype is not dtype:
        raise _wrong("it changes the type; unsafe=True allows it", str(dtype), str(result.dtype))
    if result.shape != shape:
        raise _wrong(
            "it changes the shape; unsafe=True allows it",
            str(tuple(shape)),
            str(tuple(result.shape)),
        )


def _register(module: Any, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


# --- the class of a parametrized module ---------------------------------------------------------


def _refuse_pickling(self: Any, *args: Any) -> Any:
    raise RuntimeError(
        message(
            "pickle: parametrized modules are not pickled",
            expected="a state_dict()",
            got=f"a {type(self).__name__}",
        )
    )


def _deep_copy(self: Any, memo: dict[int, Any]) -> Any:
    twin = self.__new__(type(self))
    memo[id(self)] = twin
    twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return twin


def _give_own_class(module: Any) -> None:
    kind = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickling, "__module__": kind.__module__}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = _deep_copy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def _add_property(module: Any, name: str) -> None:
    def read(self: Any) -> Tensor:
        parametrization = self.parametrizations[name]
        if not _CACHE.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _CACHE.found:
            _CACHE.found[key] = parametrization()
        return _CACHE.found[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


# --- public -------------------------------------------------------------------------------------


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a parameter or buffer a function of what it was.

    Reading ``module.weight`` afterwards gives ``parametrization(original)``; assigning to it
    needs a method ``right_inverse``. Several parametrizations of one tensor are composed.

    Args:
        module: changed, and returned.
        tensor_name: of a parameter or buffer.
        parametrization: a module that takes a tensor.
        unsafe: whether shape and type may change.

    Raises:
        ValueError: if there is no such tensor, or shape or type change.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils import parametrize
        >>> class Symmetric(fb.nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).mT
        >>> layer = fb.nn.Linear(3, 3)
        >>> _ = parametrize.register_parametrization(layer, "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.mT).all())
        True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_composition(getattr(module, tensor_name), parametrization)
        present = module.parametrizations[tensor_name]
        present.append(parametrization)
        present.unsafe |= unsafe
        return module
    if not any(tensor_name in module.__dict__[kind] for kind in (PARAMETERS, BUFFERS)):
        raise _wrong(
            f"{type(module).__name__} has no tensor '{tensor_name}'",
            "the name of a parameter, a buffer or a parametrized tensor",
            f"'{tensor_name}'",
        )
    original = getattr(module, tensor_name)
    listed = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _give_own_class(module)
        module.parametrizations = ModuleDict()
    _add_property(module, tensor_name)
    module.parametrizations[tensor_name] = listed
    return module


def _check_composition(present: Any, parametrization: Any) -> None:
    """A further parametrization maps tensors of one shape and type to such tensors, and back."""
    result = parametrization(present)
    _check_result(result, present.shape, present.dtype)
    if hasattr(parametrization, "right_inverse"):
        try:
            back = parametrization.right_inverse(result)
        except NotImplementedError:
            return
        _check_result(back, present.shape, present.dtype)


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrized tensors, or one of this name.

    Args:
        module: any module.
        tensor_name: a name, or ``None`` for any.
    """
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a parametrized tensor a parameter or buffer again.

    Args:
        module: changed, and returned.
        tensor_name: of a parametrized tensor.
        leave_parametrized: whether it keeps its value; otherwise that of the original.

    Raises:
        ValueError: if it is not parametrized, or comes from several tensors and is not left as
            it is.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(fb.nn.Linear(2, 2))
        >>> parametrize.remove_parametrizations(layer, "weight")
        Linear(in_features=2, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise _wrong("there is none", "a parametrized tensor", f"'{tensor_name}'")
    listed = module.parametrizations[tensor_name]
    if listed.is_tensor:
        original = listed.original
        if leave_parametrized:
            with no_grad():
                original.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise _wrong("several originals cannot take its place", "leave_parametrized=True", "False")
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrized.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(fb.nn.Linear(2, 2))
        >>> parametrize.type_before_parametrizations(layer) is fb.nn.Linear
        True
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give another module the parametrizations and originals of a module.

    Args:
        from_module: a parametrized module.
        to_module: changed, and returned.
        tensor_name: a parametrized tensor's name, or ``None`` for all.
    """
    if not is_parametrized(from_module):
        return to_module
    listed = from_module.parametrizations
    for name in list(listed) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in listed[name]:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        for key in list(listed[name]._parameters) + list(listed[name]._buffers):
            setattr(target, key, getattr(listed[name], key))
    return to_module
