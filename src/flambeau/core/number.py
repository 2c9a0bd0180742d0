"""Numbers that are known only when a compiled function runs.

While a function is recorded, learning rates and other hyperparameters are such numbers: they may
be computed with, and become inputs of the compiled code, so that changing them later neither
recompiles nor goes unnoticed. Asking for the value itself (``float(x)``, a comparison) is allowed
too; the answer is then noted, and another answer later means another recording.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": operator.abs,
}


class Number:
    """A number of a recording: a source that is read at every call, or an expression of such.

    Args:
        function: ``"source"``, ``"call"`` (see :func:`call`) or the name of an arithmetic function.
        operands: numbers and Python numbers; for a source, what identifies it.
        value: its value now.
        ask: called with ``(number, question, other, answer)`` when the value is looked at.
    """

    __slots__ = ("ask", "function", "operands", "value")

    def __init__(
        self, function: str, operands: tuple[Any, ...], value: Any, ask: Callable[..., None]
    ) -> None:
        self.function = function
        self.operands = operands
        self.value = value
        self.ask = ask

    def _combine(self, function: str, *operands: Any) -> Any:
        values = [x.value if isinstance(x, Number) else x for x in operands]
        if not all(isinstance(v, (int, float)) for v in values):
            return NotImplemented
        return Number(function, operands, _FUNCTIONS[function](*values), self.ask)

    def __add__(self, other: Any) -> Any:
        return self._combine("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._combine("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._combine("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._combine("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._combine("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._combine("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._combine("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._combine("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._combine("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._combine("pow", other, self)

    def __neg__(self) -> Any:
        return self._combine("neg", self)

    def __abs__(self) -> Any:
        return self._combine("abs", self)

    def conjugate(self) -> Number:
        """The number itself: it is real."""
        return self

    # --- questions, whose answers are noted ---------------------------------------------------

    def _answer(self, question: str, other: Any, answer: Any) -> Any:
        self.ask(self, question, other, answer)
        return answer

    def __float__(self) -> float:
        return self._answer("value", None, float(self.value))

    def __int__(self) -> int:
        return self._answer("value", None, int(self.value))

    def __index__(self) -> int:
        return self._answer("value", None, self.value.__index__())

    def __bool__(self) -> bool:
        return self._answer("bool", None, bool(self.value))

    def __eq__(self, other: Any) -> Any:
        return self._answer("eq", other, self.value == concrete(other))

    def __ne__(self, other: Any) -> Any:
        return self._answer("ne", other, self.value != concrete(other))

    def __lt__(self, other: Any) -> Any:
        return self._answer("lt", other, self.value < concrete(other))

    def __le__(self, other: Any) -> Any:
        return self._answer("le", other, self.value <= concrete(other))

    def __gt__(self, other: Any) -> Any:
        return self._answer("gt", other, self.value > concrete(other))

    def __ge__(self, other: Any) -> Any:
        return self._answer("ge", other, self.value >= concrete(other))

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        if self.function == "source":
            return f"${self.operands[0]}"
        return f"{self.function}({', '.join(map(repr, self.operands))})"


def call(function: Callable[..., Any], *operands: Any) -> Number:
    """A number that is computed by a pure Python function at each call.

    Args:
        function: takes the operands' values and returns a number.
        operands: at least one of them a :class:`Number`.
    """
    ask = next(x.ask for x in operands if isinstance(x, Number))
    return Number("call", (function, *operands), function(*map(concrete, operands)), ask)


def concrete(x: Any) -> Any:
    """The value of a :class:`Number` now; anything else as it is."""
    return x.value if isinstance(x, Number) else x


def combined(function: str, values: Sequence[Any]) -> Any:
    """The value of an arithmetic function."""
    return _FUNCTIONS[function](*values)


def evaluate(x: Any, read: Callable[[Number], Any]) -> Any:
    """The value of a number or of an expression of numbers, its sources read by ``read``."""
    if not isinstance(x, Number):
        return x
    if x.function == "source":
        return read(x)
    if x.function == "call":
        return x.operands[0](*(evaluate(o, read) for o in x.operands[1:]))
    return _FUNCTIONS[x.function](*(evaluate(o, read) for o in x.operands))
