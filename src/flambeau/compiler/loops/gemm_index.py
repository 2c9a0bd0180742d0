"""Arithmetic on positions, folded wherever both sides are known while the code is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value

Index = int | Value


def plus(x: Index, y: Index) -> Index:
    """x + y."""
    if isinstance(x, int) and x == 0:
        return y
    if isinstance(y, int) and y == 0:
        return x
    return x + y  # type: ignore[return-value]


def times(x: Index, factor: int) -> Index:
    """x * factor."""
    if isinstance(x, int) or factor == 1:
        return x * factor if isinstance(x, int) else x
    return x * factor if factor else 0  # type: ignore[return-value]


def minus(f: Function, x: int, y: Index) -> Index:
    """x - y."""
    return x - y if isinstance(y, int) else f.constant(x) - y  # type: ignore[return-value]


def split(f: Function, x: Index, size: int) -> tuple[Index, Index]:
    """Quotient and remainder of a position by a known size."""
    if isinstance(x, int):
        return divmod(x, size)
    if size == 1:
        return x, 0
    quotient = f.value(f.emit(f"udiv i64 {x.name}, {size}"), "int64")
    return quotient, f.value(f.emit(f"urem i64 {x.name}, {size}"), "int64")


def smaller(f: Function, x: int, y: Index) -> Index:
    """The smaller of the two."""
    return min(x, y) if isinstance(y, int) else f.scalar.binary("minimum", f.constant(x), y)


def equal(x: Index, y: int) -> bool | Value:
    """Whether x is y."""
    return x == y  # type: ignore[return-value]


def when(f: Function, condition: bool | Value, body: Callable[[], None]) -> None:
    """Writes a body that runs if a condition holds, which may be known already."""
    if condition is True:
        body()
    elif condition is not False:
        with f.when(condition):
            body()


def element(f: Function, base: str, dtype: str, terms: Iterable[tuple[Index, int]]) -> str:
    """The address of the element at the sum of position * stride."""
    index: Index = 0
    for position, stride in terms:
        index = plus(index, times(position, stride))
    return f.offset(base, index, dtype)


def named(x: Index) -> str:
    """How an instruction refers to a position."""
    return str(x) if isinstance(x, int) else x.name


def call(f: Function, name: str, arguments: Iterable[tuple[str, str | Index]]) -> None:
    """Calls a function that returns nothing."""
    listed = ", ".join(
        f"{kind} {value if isinstance(value, str) else named(value)}" for kind, value in arguments
    )
    f.call(f"@{name}({listed})")
