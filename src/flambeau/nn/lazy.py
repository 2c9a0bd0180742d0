"""Modules whose sizes follow from their first input."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn.linear import Linear
from flambeau.nn.parameter import Parameter, UninitializedParameter, is_lazy
from flambeau.ops.creation import empty


class LazyModuleMixin:
    """What modules have in common whose parameters get their shapes from the first input.

    Derive from it first and from :class:`~flambeau.nn.Module` second; write
    ``initialize_parameters``, which is given what ``forward`` is given. The first call runs it
    and then turns the module into its ``cls_to_become``.
    """

    cls_to_become: type | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(_take_shapes, with_module=True)
        self._initialize_hook = self.register_forward_pre_hook(_initialize, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes; subclasses write it."""
        raise NotImplementedError(
            message(
                f"{type(self).__name__}: initialize_parameters is missing",
                expected="a method initialize_parameters(self, *args, **kwargs)",
                got="none",
            )
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer still waits for its shape."""
        held = [*self._parameters.values(), *self._buffers.values()]
        return any(is_lazy(tensor) for tensor in held)


def _initialize(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            message(
                f"{type(module).__name__}: parameters are still without a shape",
                expected="initialize_parameters() to give all of them one",
                got="at least one without",
            )
        )
    _become(module)


def _become(module: Any) -> None:
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _take_shapes(module: Any, state_dict: Any, prefix: str, *reports: Any) -> None:
    """Before loading: parameters without a shape take that of what is loaded."""
    for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
        saved = state_dict.get(prefix + name)
        if is_lazy(tensor) and saved is not None and not is_lazy(saved):
            with no_grad():
                tensor.materialize(saved.shape)


class LazyLinear(LazyModuleMixin, Linear):
    """A linear layer that takes ``in_features`` from its first input.

    After that it is a :class:`Linear`.

    Args:
        out_features: size of the output's last dimension.
        bias: whether something is added.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyLinear(2)
        >>> layer(fb.zeros(4, 3)).shape, layer
        (torch.Size([4, 2]), Linear(in_features=3, out_features=2, bias=True))
    """

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        factory = {"device": device, "dtype": dtype}
        self.weight = UninitializedParameter(**factory)
        if bias:
            self.bias = Parameter(empty(out_features, **factory))

    def reset_parameters(self) -> None:
        """Draw initial values, once the shapes are known."""
        if self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Any) -> None:
        """Take ``in_features`` from the input."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            self.reset_parameters()
        if self.in_features == 0:
            self.in_features = self.weight.shape[-1]
