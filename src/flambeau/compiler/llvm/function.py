"""A function that is being written: blocks, loops and plain instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.memory import Memory
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.llvm.vector import VectorBuilder

if TYPE_CHECKING:
    from flambeau.compiler.llvm.module import Module


class Loop:
    """A counting loop, as its body sees it.

    Attributes:
        index: the counter, an int64.
        values: what was carried into this turn.
        results: after the loop, what the last turn carried out.
    """

    def __init__(self, index: Value, values: list[Value]) -> None:
        self.index = index
        self.values = values
        self.results: list[Value] = []
        self.following: list[Value] = list(values)

    def carry(self, *values: Value) -> None:
        """Says what the next turn receives."""
        if len(values) != len(self.values):
            raise ValueError(f"loop: {len(self.values)} values are carried, not {len(values)}")
        self.following = list(values)


class Function(Memory):
    """Writes one function's text, instruction by instruction.

    Pointers are names (``"%x"``); everything else is a :class:`Value`, whose operators write
    instructions. ``scalar`` is the builder that element expressions take.
    """

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: Sequence[tuple[str, str]],
        returns: str,
        internal: bool,
    ) -> None:
        super().__init__(module)
        self.name = name
        self.parameters = parameters
        self.returns = returns
        self.internal = internal
        self.attributes = "nounwind"
        self.block_name = "entry"
        self.finished = False
        self.scalar = VectorBuilder(self)

    def __enter__(self) -> Function:
        return self

    def __exit__(self, kind: type | None, error: object, trace: object) -> None:
        if kind is None:
            self.finish()

    def finish(self) -> None:
        """Ends the function (returning, if it returns nothing) and adds it to the module."""
        if self.returns == "void" and not self.finished:
            self.terminate("ret void")
        arguments = ", ".join(f"{kind} %{name}" for kind, name in self.parameters)
        linkage = "internal " if self.internal else ""
        head = f"define {linkage}{self.returns} @{self.name}({arguments}) {self.attributes} {{"
        self.module.add(self.name, "\n".join([head, "entry:", *self.lines, "}", ""]))

    # --- instructions -----------------------------------------------------------------------

    def value(self, name: str, dtype: str, lanes: int = 1) -> Value:
        """A named thing (a parameter, the result of :meth:`emit`) as a Value."""
        return Value(self.scalar, name, dtype, lanes)

    def constant(self, number: float, dtype: str = "int64") -> Value:
        """A literal."""
        return self.scalar.constant(number, dtype)

    def call(self, text: str) -> None:
        """Calls a function that returns nothing: ``f.call("@kernel(ptr %x, i64 3)")``."""
        self.line(f"call void {text}")

    def parallel_for(self, body: str, context: str, chunks: int | Value) -> None:
        """Calls ``body(context, i)`` for each i below ``chunks`` on the thread pool.

        Args:
            body: the name of a function ``void (ptr, i64)``.
            context: a pointer that it is handed.
            chunks: how often; fixed by the shapes, so that results do not depend on threads.
        """
        self.module.declare("flambeau_parallel_for", "void @flambeau_parallel_for(ptr, ptr, i64)")
        count = chunks if isinstance(chunks, int) else chunks.name
        self.call(f"@flambeau_parallel_for(ptr @{body}, ptr {context}, i64 {count})")

    # --- control ----------------------------------------------------------------------------

    def terminate(self, text: str) -> None:
        """Ends the current block."""
        self.line(text)
        self.finished = True

    def block(self, label: str) -> None:
        """Begins a block."""
        self.lines.append(f"{label}:")
        self.block_name = label
        self.finished = False

    def branch(self, label: str) -> None:
        """Continues at a block."""
        self.terminate(f"br label %{label}")

    def branch_if(self, condition: Value, yes: str, no: str) -> None:
        """Continues at one of two blocks."""
        self.terminate(f"br i1 {condition.name}, label %{yes}, label %{no}")

    def phi(self, kind: str, cases: Sequence[tuple[str, str]]) -> str:
        """The value that belongs to the block we came from."""
        listed = ", ".join(f"[ {name}, %{label} ]" for name, label in cases)
        return self.emit(f"phi {kind} {listed}")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Runs the body if the condition holds."""
        yes, after = self.fresh("then"), self.fresh("after")
        self.branch_if(condition, yes, after)
        self.block(yes)
        yield
        if not self.finished:
            self.branch(after)
        self.block(after)

    @contextmanager
    def loop(
        self,
        start: int | Value,
        stop: int | Value,
        step: int = 1,
        carried: Sequence[Value] = (),
        unsigned: bool = False,
    ) -> Iterator[Loop]:
        """Counts from ``start`` while below ``stop``.

        Args:
            start: the first index.
            stop: where to end.
            step: what is added each turn, at least 1.
            carried: values that turns hand on with :meth:`Loop.carry`.
            unsigned: whether the comparison ignores the sign.
        """
        runs = isinstance(start, int) and isinstance(stop, int) and start < stop
        first = self.constant(start) if isinstance(start, int) else start
        bound = self.constant(stop) if isinstance(stop, int) else stop
        less = "ult" if unsigned else "slt"
        before, body, after = self.block_name, self.fresh("body"), self.fresh("after")
        if runs:
            self.branch(body)
        else:
            enters = self.emit(f"icmp {less} i64 {first.name}, {bound.name}")
            self.terminate(f"br i1 {enters}, label %{body}, label %{after}")
        self.block(body)
        index = self.value("%" + self.fresh("i"), "int64")
        carried = [x if not x.literal else self.scalar.named(x) for x in carried]
        names = ["%" + self.fresh("c") for _ in carried]
        hole = len(self.lines)
        values = [self.value(n, x.dtype, x.lanes) for n, x in zip(names, carried, strict=True)]
        loop = Loop(index, values)
        yield loop
        following = self.emit(f"add nuw nsw i64 {index.name}, {step}")
        again = self.emit(f"icmp {less} i64 {following}, {bound.name}")
        latch = self.block_name
        self.terminate(f"br i1 {again}, label %{body}, label %{after}")
        phis = [f"  {index.name} = phi i64 [ {first.name}, %{before} ], [ {following}, %{latch} ]"]
        for name, initial, last in zip(names, carried, loop.following, strict=True):
            last_name = self.scalar.operand(last, initial.lanes)
            phis.append(
                f"  {name} = phi {initial.type} [ {initial.name}, %{before} ],"
                f" [ {last_name}, %{latch} ]"
            )
        self.lines[hole:hole] = phis
        self.block(after)
        for initial, last in zip(carried, loop.following, strict=True):
            cases = [(self.scalar.operand(last, initial.lanes), latch)]
            if not runs:
                cases.append((initial.name, before))
            name = self.phi(initial.type, cases)
            loop.results.append(self.value(name, initial.dtype, initial.lanes))
