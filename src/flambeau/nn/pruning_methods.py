"""Pruning methods: masks on parameters, chosen at random, by size, or by hand.

A pruned parameter ``name`` becomes ``name_orig`` times the buffer ``name_mask``, computed before
each call of its module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

from flambeau.core.errors import message
from flambeau.ops.likes import ones_like, zeros_like
from flambeau.ops.order_statistics import kthvalue
from flambeau.ops.sampling import rand, rand_like
from flambeau.ops.sorting import topk


class BasePruningMethod(ABC):
    """A way to choose a mask; derive from it and write ``compute_mask``.

    Attributes:
        PRUNING_TYPE: ``"unstructured"`` (the method sees only elements that are left),
            ``"structured"`` (only channels that are left, along ``dim``) or ``"global"`` (all).
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The new mask.

        Args:
            t: how important each element is.
            default_mask: the mask so far.
        """

    def apply_mask(self, module: Any) -> Any:
        """The pruned tensor."""
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter, also one that is pruned already.

        Args:
            module: the module.
            name: of the parameter.
            importance_scores: how important each element is; the parameter itself if not given.
            args, kwargs: for the method's constructor.

        Raises:
            AssertionError: if the scores have another shape.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        before = take_hook(module, name)
        original = getattr(module, name)
        scores = original if importance_scores is None else importance_scores
        _check_scores(scores, original)
        if before is None:
            mask = method.compute_mask(scores, default_mask=ones_like(original))
            delattr(module, name)
            module.register_parameter(name + "_orig", original)
            hook: BasePruningMethod = method
        else:
            hook = before if isinstance(before, PruningContainer) else PruningContainer(before)
            hook.add_pruning_method(method)
            present = getattr(module, name + "_mask").detach().clone()
            mask = hook.compute_mask(scores, default_mask=present)
        module.register_buffer(name + "_mask", mask.detach())
        setattr(module, name, hook.apply_mask(module))
        module.register_forward_pre_hook(hook)
        return hook

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A pruned tensor, without any module.

        Args:
            t: the tensor.
            default_mask: the mask so far; ones if not given.
            importance_scores: how important each element is; ``t`` if not given.

        Raises:
            AssertionError: if the scores have another shape.
        """
        scores = t if importance_scores is None else importance_scores
        _check_scores(scores, t)
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Any) -> None:
        """Make the pruned tensor the parameter."""
        weight = self.apply_mask(module)
        name = self._tensor_name
        original = module._parameters[name + "_orig"]
        for suffix in ("", "_orig", "_mask"):
            delattr(module, name + suffix)
        original.data = weight.data
        setattr(module, name, original)


def take_hook(module: Any, name: str) -> BasePruningMethod | None:
    """The method that a parameter is pruned by, taken off its module."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            del module._forward_pre_hooks[key]
            return hook
    return None


def _check_scores(scores: Any, t: Any) -> None:
    if scores.shape != t.shape:
        raise AssertionError(
            message(
                "prune: shape of importance_scores does not fit",
                expected=str(tuple(t.shape)),
                got=str(tuple(scores.shape)),
            )
        )


class PruningContainer(BasePruningMethod):
    """Methods that were applied to one parameter one after the other.

    Args:
        args: the methods.
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add one more.

        Raises:
            TypeError: if it is no pruning method.
            ValueError: if it is for a parameter of another name.
        """
        if method is not None and not isinstance(method, BasePruningMethod):
            raise TypeError(
                message(
                    "prune: not a pruning method",
                    expected="a BasePruningMethod",
                    got=type(method).__name__,
                )
            )
        if method is not None and method._tensor_name != self._tensor_name:
            raise ValueError(
                message(
                    "prune: a method for another parameter",
                    expected=f"'{self._tensor_name}'",
                    got=f"'{method._tensor_name}'",
                )
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The last method's mask, on what the ones before it have left."""
        method = self._pruning_methods[-1]
        place = _left_over(method, t, default_mask)
        mask = default_mask.to(dtype=t.dtype).clone()
        found = method.compute_mask(t.detach()[place], default_mask=default_mask[place])
        mask[place] = found.to(dtype=mask.dtype)
        return mask


def _left_over(method: Any, t: Any, mask: Any) -> Any:
    """An index of the elements that a method is to see."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    place: list[Any] = [slice(None)] * t.ndim
    if method.PRUNING_TYPE == "structured":
        if not hasattr(method, "dim"):
            raise AttributeError(
                message(
                    "prune: a structured method without dim",
                    expected="an attribute dim",
                    got=type(method).__name__,
                )
            )
        dim = method.dim + t.ndim if method.dim < 0 else method.dim
        if dim < 0:
            raise IndexError(_out_of_range(method.dim, t))
        place[dim] = mask.sum([d for d in range(t.ndim) if d != dim]) != 0
    elif method.PRUNING_TYPE != "global":
        raise ValueError(
            message(
                "prune: unknown PRUNING_TYPE",
                expected="'unstructured', 'structured' or 'global'",
                got=repr(method.PRUNING_TYPE),
            )
        )
    return tuple(place)


# --- methods ------------------------------------------------------------------------------------


class Identity(BasePruningMethod):
    """Prunes nothing, but makes mask and original."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask


class _ByAmount(BasePruningMethod):
    """What methods have in common that prune so many elements, or such a part of them."""

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def count(self, size: int) -> int:
        """How many of ``size`` are to be pruned."""
        if not isinstance(self.amount, Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                message(
                    "prune: there are not so many",
                    expected=f"an amount of at most {size}",
                    got=str(self.amount),
                )
            )
        return int(self.amount)

    def without_smallest(self, scores: Any, default_mask: Any, largest: bool = False) -> Any:
        mask = default_mask.clone()
        count = self.count(scores.numel())
        if count:
            mask.view(-1)[topk(scores.reshape(-1), count, largest=largest)[1]] = 0
        return mask


class RandomUnstructured(_ByAmount):
    """Prunes elements at random.

    Args:
        amount: how many, or which part of them.
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        scores = rand_like(t) if self.count(t.numel()) else t
        return self.without_smallest(scores, default_mask, largest=True)


class L1Unstructured(_ByAmount):
    """Prunes the elements of the smallest size.

    Args:
        amount: how many, or which part of them.
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return self.without_smallest(t.abs(), default_mask)


class _ByChannel(_ByAmount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if t.ndim <= 1:
            raise ValueError(
                message(
                    "prune: no channels",
                    expected="a tensor of two dimensions or more",
                    got=f"shape {tuple(t.shape)}",
                )
            )
        if self.dim >= t.ndim:
            raise IndexError(_out_of_range(self.dim, t))
        size = t.shape[self.dim]
        count = self.count(size)
        if not count:
            return default_mask
        place: list[Any] = [slice(None)] * t.ndim
        place[self.dim] = self.kept(t, size, count)
        mask = zeros_like(t)
        mask[tuple(place)] = 1
        return mask * default_mask.to(dtype=mask.dtype)

    @abstractmethod
    def kept(self, t: Any, size: int, count: int) -> Any:
        """An index of the channels that are left when ``count`` of ``size`` are pruned."""


class RandomStructured(_ByChannel):
    """Prunes channels at random.

    Args:
        amount: how many, or which part of them.
        dim: the dimension of the channels.
    """

    def kept(self, t: Any, size: int, count: int) -> Any:
        score = rand(size)
        return score > kthvalue(score, count)[0]


class LnStructured(_ByChannel):
    """Prunes the channels of the smallest norm.

    Args:
        amount: how many, or which part of them.
        n: the p of the p-norm.
        dim: the dimension of the channels.
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def kept(self, t: Any, size: int, count: int) -> Any:
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        return topk(t.norm(self.n, others), size - count)[1]


class CustomFromMask(BasePruningMethod):
    """Prunes what a mask says.

    Args:
        mask: zero where an element is pruned.
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                message(
                    "prune: shape of the mask does not fit",
                    expected=str(tuple(default_mask.shape)),
                    got=str(tuple(self.mask.shape)),
                )
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, Real):
        raise TypeError(
            message("prune: type of the amount", expected="a number", got=type(amount).__name__)
        )
    if amount < 0 or (not isinstance(amount, Integral) and float(amount) > 1):
        raise ValueError(
            message(
                "prune: amount is out of range",
                expected="an integer that is not negative, or a part from 0.0 to 1.0",
                got=str(amount),
            )
        )


def _out_of_range(dim: int, t: Any) -> str:
    return message(
        "prune: dim is out of range", expected=f"less than {t.ndim} dimensions", got=str(dim)
    )
