"""``repr`` of a tensor."""

from __future__ import annotations

from flambeau.core import dtypes
from flambeau.tensor.printing import format_tensor
from flambeau.tensor.tensor import Tensor


def represent(tensor: Tensor) -> str:
    """The text that ``print`` shows."""
    describe = getattr(type(tensor._array), "describe", None)
    if describe is not None:  # a tensor inside a transformed function
        return describe(tensor._array)
    function = tensor.grad_fn
    return format_tensor(
        tensor._values("its text (print)"),
        requires_grad=tensor.requires_grad,
        grad_fn_name=None if function is None else function.name().rpartition(":")[2],
        default_dtype=dtypes.get_default_dtype().numpy,
    )


Tensor.__repr__ = represent  # type: ignore[method-assign]
