"""Borders around an input."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.ops.padding_borders import pad_with
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """Add borders to the last dimensions, or cut them.

    Args:
        input: a tensor.
        pad: sizes before and behind, in pairs from the last dimension on; negative ones cut.
        mode: 'constant' for borders of one value; 'reflect' for a mirror image that does not
            repeat the edge, 'replicate' for the edge itself, 'circular' for the other end. These
            three take tensors with one or two dimensions before the padded ones.
        value: what 'constant' borders are filled with; 0 if not given.

    Raises:
        RuntimeError: if sizes do not come in pairs, or more is added or cut than there is.
        NotImplementedError: for another mode, or one that is not defined for the dimensions.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1, 2, 3]])
        >>> fb.nn.functional.pad(x, (1, 2), "reflect")
        tensor([[2, 1, 2, 3, 2, 1]])
        >>> fb.nn.functional.pad(x, (1, 2), value=9)
        tensor([[9, 1, 2, 3, 9, 9]])
    """
    require_tensor("pad", input)
    try:
        sizes = tuple([p.__index__() for p in pad])
    except (AttributeError, TypeError):
        raise TypeError(
            message("pad: sizes are not integers", expected="a tuple of integers", got=repr(pad))
        ) from None
    if mode == "constant":
        return apply(CONSTANT_PAD, (input,), (sizes, 0 if value is None else value))
    if len(sizes) % 2 or value:
        raise RuntimeError(
            message(
                f"pad: arguments do not fit mode {mode!r}",
                expected="an even number of sizes, and no value",
                got=f"pad={sizes}, value={value}",
            )
        )
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            message(
                "pad: no such mode",
                expected="'constant', 'reflect', 'replicate' or 'circular'",
                got=repr(mode),
            )
        )
    return pad_with(mode, input, sizes)
