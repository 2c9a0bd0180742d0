"""A small writer of LLVM IR text: one object per function, values named as they are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

SUFFIX = {"float": "f32", "double": "f64", "half": "f16"}
SIZE = {"float": 4, "double": 8, "half": 2, "bfloat": 2, "i16": 2}
READ_ONLY = ("a", "b", "source")


@dataclass
class Module:
    """Functions and declarations that become one module's text."""

    functions: dict[str, str] = field(default_factory=dict)
    declarations: dict[str, str] = field(default_factory=dict)
    attributes: str = "nounwind"

    def declare(self, name: str, text: str) -> None:
        """Declares an external function or an intrinsic once."""
        self.declarations.setdefault(name, text)

    def text(self) -> str:
        """The module's whole text."""
        parts = [f"declare {text}" for text in self.declarations.values()]
        return "\n".join(parts) + "\n\n" + "\n\n".join(self.functions.values()) + "\n"


@dataclass
class Loop:
    """What a loop's body sees: its index, and the values carried from turn to turn."""

    index: str
    values: list[str]
    results: list[str] = field(default_factory=list)


class Function:
    """One function being written; `finish` adds it to its module."""

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: Sequence[tuple[str, str]],
        internal: bool = True,
    ) -> None:
        self.module = module
        self.name = name
        self.parameters = tuple(parameters)
        self.internal = internal
        self.lines: list[str] = []
        self.current = "entry"
        self.count = 0

    def finish(self) -> None:
        """Ends the function and stores its text."""
        self.lines.append("  ret void")
        arguments = ", ".join(
            f"{kind} {'noalias ' if name in READ_ONLY else ''}%{name}" for kind, name in self.parameters
        )
        linkage = "internal " if self.internal else ""
        head = f"define {linkage}void @{self.name}({arguments}) {self.module.attributes} {{\nentry:\n"
        self.module.functions[self.name] = head + "\n".join(self.lines) + "\n}"

    def name_for(self, stem: str) -> str:
        """A fresh name."""
        self.count += 1
        return f"{stem}{self.count}"

    def value(self, text: str) -> str:
        """Writes an instruction that has a result; returns the result's name."""
        name = "%" + self.name_for("v")
        self.lines.append(f"  {name} = {text}")
        return name

    def line(self, text: str) -> None:
        """Writes an instruction without a result."""
        self.lines.append("  " + text)

    def block(self, label: str) -> None:
        """Starts a basic block."""
        self.lines.append(f"{label}:")
        self.current = label

    @contextmanager
    def loop(
        self,
        start: str | int,
        stop: str | int,
        step: int = 1,
        carried: Sequence[tuple[str, str]] = (),
        runs: bool = False,
    ) -> Iterator[Loop]:
        """Counts from start towards stop; `runs` promises at least one turn.

        Afterwards the yielded loop's `values` are the final values of what was carried.
        """
        if isinstance(start, int) and isinstance(stop, int):
            runs = start < stop
        before, body, after = self.current, self.name_for("body"), self.name_for("after")
        if runs:
            self.line(f"br label %{body}")
        else:
            enters = self.value(f"icmp slt i64 {start}, {stop}")
            self.line(f"br i1 {enters}, label %{body}, label %{after}")
        self.block(body)
        index = "%" + self.name_for("i")
        names = ["%" + self.name_for("p") for _ in carried]
        hole = len(self.lines)
        loop = Loop(index, list(names))
        yield loop
        following = self.value(f"add nuw nsw i64 {index}, {step}")
        again = self.value(f"icmp slt i64 {following}, {stop}")
        latch = self.current
        self.line(f"br i1 {again}, label %{body}, label %{after}")
        phis = [f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{latch} ]"]
        for name, (kind, initial), result in zip(names, carried, loop.results, strict=True):
            phis.append(
                f"  {name} = phi {kind} [ {initial}, %{before} ], [ {result}, %{latch} ]"
            )
        self.lines[hole:hole] = phis
        self.block(after)
        if runs:
            loop.values = list(loop.results)
        else:
            loop.values = [
                self.value(f"phi {kind} [ {initial}, %{before} ], [ {result}, %{latch} ]")
                for (kind, initial), result in zip(carried, loop.results, strict=True)
            ]

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Runs the body if the condition holds (it must produce no values)."""
        then, after = self.name_for("then"), self.name_for("after")
        self.line(f"br i1 {condition}, label %{then}, label %{after}")
        self.block(then)
        yield
        self.line(f"br label %{after}")
        self.block(after)

    # -- integers and addresses ---------------------------------------------------------------

    def add(self, x: str | int, y: str | int) -> str | int:
        """x + y, folded where both are known."""
        if isinstance(x, int) and isinstance(y, int):
            return x + y
        if x == 0:
            return y
        if y == 0:
            return x
        return self.value(f"add nsw i64 {x}, {y}")

    def multiply(self, x: str | int, y: str | int) -> str | int:
        """x * y, folded where both are known."""
        if isinstance(x, int) and isinstance(y, int):
            return x * y
        if x == 0 or y == 0:
            return 0
        if x == 1:
            return y
        if y == 1:
            return x
        return self.value(f"mul nsw i64 {x}, {y}")

    def divide(self, x: str | int, y: int) -> tuple[str | int, str | int]:
        """Quotient and remainder of a non-negative x by a constant."""
        if isinstance(x, int):
            return divmod(x, y)
        if y == 1:
            return x, 0
        return self.value(f"udiv i64 {x}, {y}"), self.value(f"urem i64 {x}, {y}")

    def minimum(self, x: str | int, y: str | int) -> str | int:
        """The smaller of two signed integers."""
        if isinstance(x, int) and isinstance(y, int):
            return min(x, y)
        less = self.value(f"icmp slt i64 {x}, {y}")
        return self.value(f"select i1 {less}, i64 {x}, i64 {y}")

    def offset(self, pointer: str, scalar: str, index: str | int) -> str:
        """The address of element `index` of an array of scalars."""
        if index == 0:
            return pointer
        return self.value(f"getelementptr {scalar}, ptr {pointer}, i64 {index}")

    def call(self, name: str, arguments: Sequence[tuple[str, str | int]]) -> None:
        """Calls a function that returns nothing."""
        text = ", ".join(f"{kind} {value}" for kind, value in arguments)
        self.line(f"call void @{name}({text})")

    # -- vectors --------------------------------------------------------------------------------

    def load(self, kind: str, pointer: str, align: int) -> str:
        """Loads a scalar or a vector."""
        return self.value(f"load {kind}, ptr {pointer}, align {align}")

    def store(self, kind: str, value: str, pointer: str, align: int) -> None:
        """Stores a scalar or a vector."""
        self.line(f"store {kind} {value}, ptr {pointer}, align {align}")

    def splat(self, scalar: str, width: int, value: str) -> str:
        """A vector whose lanes all hold one value."""
        if width == 1:
            return self.value(f"insertelement <1 x {scalar}> poison, {scalar} {value}, i64 0")
        kind = f"<{width} x {scalar}>"
        first = self.value(f"insertelement {kind} poison, {scalar} {value}, i64 0")
        zeros = f"<{width} x i32> zeroinitializer"
        return self.value(f"shufflevector {kind} {first}, {kind} poison, {zeros}")

    def shuffle(self, kind: str, x: str, y: str, picks: Sequence[int | None]) -> str:
        """Picks lanes of x and y by number; None is a lane nobody reads."""
        mask = ", ".join("i32 poison" if p is None else f"i32 {p}" for p in picks)
        return self.value(f"shufflevector {kind} {x}, {kind} {y}, <{len(picks)} x i32> <{mask}>")

    def binary(self, operation: str, kind: str, x: str, y: str) -> str:
        """An arithmetic instruction such as fadd."""
        return self.value(f"{operation} {kind} {x}, {y}")

    def multiply_add(self, scalar: str, width: int, x: str, y: str, z: str) -> str:
        """x * y + z, fused where the target fuses."""
        kind = f"<{width} x {scalar}>"
        name = f"llvm.fmuladd.v{width}{SUFFIX[scalar]}"
        self.module.declare(name, f"{kind} @{name}({kind}, {kind}, {kind})")
        return self.value(f"call {kind} @{name}({kind} {x}, {kind} {y}, {kind} {z})")

    def masked_load(self, scalar: str, width: int, pointer: str, lanes: Sequence[bool]) -> str:
        """Loads the chosen lanes; the others are zero and their memory is not touched."""
        kind, mask, name = self._masked(scalar, width, lanes, "load")
        self.module.declare(name, f"{kind} @{name}(ptr, i32, <{width} x i1>, {kind})")
        return self.value(
            f"call {kind} @{name}(ptr {pointer}, i32 {SIZE[scalar]}, {mask}, {kind} zeroinitializer)"
        )

    def masked_store(
        self, scalar: str, width: int, value: str, pointer: str, lanes: Sequence[bool]
    ) -> None:
        """Stores the chosen lanes; the others' memory is not touched."""
        kind, mask, name = self._masked(scalar, width, lanes, "store")
        self.module.declare(name, f"void @{name}({kind}, ptr, i32, <{width} x i1>)")
        self.line(
            f"call void @{name}({kind} {value}, ptr {pointer}, i32 {SIZE[scalar]}, {mask})"
        )

    def _masked(
        self, scalar: str, width: int, lanes: Sequence[bool], verb: str
    ) -> tuple[str, str, str]:
        chosen = ", ".join("i1 true" if lane else "i1 false" for lane in lanes)
        suffix = {"float": "f32", "double": "f64", "half": "f16", "i16": "i16"}[scalar]
        return (
            f"<{width} x {scalar}>",
            f"<{width} x i1> <{chosen}>",
            f"llvm.masked.{verb}.v{width}{suffix}.p0",
        )
