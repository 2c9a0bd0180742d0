"""The level of ``jvp``: every operation is computed together with its tangent."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.func.forward.custom import dual_function
from flambeau.func.forward.rules import tangent_of
from flambeau.func.level import Held, Level
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


class Dual(Held):
    """A value and its derivative in the direction that is followed.

    Attributes:
        primal: the value, a tensor of the level below.
        tangent: the derivative, of the same shape and type; ``None`` stands for zero.
    """

    __slots__ = ("primal", "tangent")

    def __init__(self, level: Any, primal: Tensor, tangent: Tensor | None) -> None:
        array = primal._array
        super().__init__(level, array.shape, array.dtype, array.strides)
        self.primal = primal
        self.tangent = tangent

    def detached(self) -> Dual:
        """The same value, without a graph below and without a tangent."""
        return Dual(self.level, self.primal.detach(), None)

    def readable(self) -> Tensor | None:
        return self.primal

    def describe(self) -> str:
        return f"jvp(primal={self.primal!r}, tangent={self.tangent!r})"

    def parts(self) -> tuple[Tensor | None, ...]:
        return self.primal, self.tangent


class DualLevel(Level):
    """One call of a function whose directional derivative is wanted."""

    name: ClassVar[str] = "jvp"

    def constant(self, x: Tensor) -> Dual:
        return Dual(self, x, None)

    def dual(self, primal: Tensor, tangent: Tensor | None) -> Dual:
        """What a tensor of this level holds."""
        return Dual(self, primal, tangent)

    def compute(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        primals = tuple([x.primal if isinstance(x, Held) else x for x in operands])
        tangents = tuple([x.tangent if isinstance(x, Held) else None for x in operands])
        out = apply(op, primals, params)
        several = out.__class__ is tuple
        if all(t is None for t in tangents):
            return tuple(Dual(self, x, None) for x in out) if several else Dual(self, out, None)
        found = tangent_of(op, primals, tangents, params, out)
        if not several:
            return Dual(self, out, found)
        return tuple(Dual(self, x, t) for x, t in zip(out, found, strict=True))

    def custom_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An operation with a gradient of the user's own."""
        return dual_function(self, function, args)

    # --- in place -----------------------------------------------------------------------------

    def _change_outside(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        if op.gradient is None:  # running averages and their like: no derivative follows from them
            values = [self.lifted(x)._array.primal if isinstance(x, Tensor) else x for x in others]
            self._below(MODE.code, apply_inplace, op, target, tuple(values), params)
            return target
        return super()._change_outside(op, target, others, params)

    def widened(self, held: Any, value: Any) -> Held | None:
        if held.tangent is not None or value.tangent is None:
            return None
        zeros = apply(REGISTRY["zeros_like"], (held.primal.detach(),), (None,))
        return Dual(self, held.primal, zeros)

    def write(self, held: Any, value: Any) -> None:
        apply_inplace(REGISTRY["copy"], held.primal, (value.primal,))
        if value.tangent is not None:
            apply_inplace(REGISTRY["copy"], held.tangent, (value.tangent,))
        elif held.tangent is not None:
            apply_inplace(REGISTRY["zero"], held.tangent)
