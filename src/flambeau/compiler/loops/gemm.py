"""Matrix products as LLVM functions: the nest of tasks, blocks and panels around the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_dot import emit_dot_kernel
from flambeau.compiler.loops.gemm_index import (
    Index,
    call,
    element,
    equal,
    minus,
    plus,
    smaller,
    split,
    times,
    when,
)
from flambeau.compiler.loops.gemm_kernel import emit_broadcast_kernel
from flambeau.compiler.loops.gemm_pack import Panel, emit_pack_panel
from flambeau.compiler.loops.gemm_plan import GemmPlan, plan_gemm
from flambeau.compiler.loops.gemm_spec import Gemm
from flambeau.compiler.loops.gemm_tile import KernelShape

ONLY_CALLS = "nounwind noinline optnone"
"""For functions that only call others: compiling their loops well would cost more than it gives."""

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class GemmFunctions:
    """The functions of one product, and what their caller must provide.

    `name` is called as (a, b, c, scratch, begin, end, hooks...) and computes tasks [begin, end);
    tasks write disjoint parts of C and any division of them gives the same bits. Where `pack` is
    named it is called first, as (operand, packed, begin, end, hooks...), on the operand that
    `packs` names ("a" or "b"), and `packed` then stands for that operand. All its tasks must be
    done before the first task of `name`; they too may be divided at will. In the packed operand,
    B's element (k, n) is number ((n // columns) * K + k) * columns + n % columns, where `columns`
    is the plan's; the last panel's missing columns are zeros.

    Attributes:
        tasks, pack_tasks: how many there are.
        task_cycles: about what one task costs, in cycles.
        packed_bytes: the size of the packed operand; its address must be a multiple of 64.
        scratch_bytes: private memory of each thread, likewise aligned; may be 0.
        parameters: the hooks' further parameters of `name`, in order, as (LLVM type, name).
        pack_parameters: those of `pack`.
        plan: how the product is computed.
    """

    name: str
    pack: str | None
    packs: str
    tasks: int
    pack_tasks: int
    task_cycles: float
    packed_bytes: int
    scratch_bytes: int
    parameters: tuple[tuple[str, str], ...]
    pack_parameters: tuple[tuple[str, str], ...]
    plan: GemmPlan


def emit_gemm(module: Module, name: str, gemm: Gemm, plan: GemmPlan | None = None) -> GemmFunctions:
    """Writes the functions of a product into a module, for the module's target.

    Args:
        module: where they go.
        name: the main function's name; the others' names begin with it.
        gemm: the product.
        plan: how to compute it, instead of the planner's choice.

    Example:
        >>> from flambeau.compiler.llvm import Module, named
        >>> from flambeau.compiler.loops.gemm_spec import contiguous
        >>> module = Module(named("avx2"))
        >>> done = emit_gemm(module, "linear", contiguous(128, 512, 784, "NT"))
        >>> done.name, done.parameters, done.tasks > 1
        ('linear', (), True)
    """
    plan = plan or plan_gemm(gemm, module.target)
    return _Nest(module, name, gemm.swapped() if plan.swapped else gemm, plan).emit()


class _Nest:
    """Writes one product's functions. `gemm` is already turned the way the plan computes it."""

    def __init__(self, module: Module, name: str, gemm: Gemm, plan: GemmPlan) -> None:
        self.module, self.name, self.gemm, self.plan = module, name, gemm, plan
        self.down = -(-gemm.m // plan.task_rows)
        self.across = -(-gemm.n // plan.task_columns)
        self.tasks = self.down * self.across * gemm.batch
        self.blocked = gemm.k > plan.depth_block
        self.panels = -(-gemm.n // plan.columns)
        depth = plan.depth_block if plan.pack_b == "task" else gemm.k
        self.panel_elements = depth * plan.columns
        self.packing = _Packing(module, name, gemm, plan)

    def emit(self) -> GemmFunctions:
        """Kernels, packing and the nest around them."""
        gemm, plan, size = self.gemm, self.plan, BYTES[self.gemm.dtype]
        shared = plan.pack_b == "shared"
        hooks = [gemm.epilogue, gemm.a_prologue] + ([] if shared else [gemm.b_prologue])
        parameters = _hook_parameters(*hooks)
        pack_parameters = _hook_parameters(gemm.b_prologue) if shared else ()
        batches = gemm.batch if gemm.b.batch else min(gemm.batch, 1)
        self.main(parameters)
        if shared:
            self.pack_function(pack_parameters)
        task_panels = plan.task_columns // plan.columns
        scratch = self.scratch_a()
        if plan.pack_b == "task":
            scratch += self.panel_elements * task_panels * size
        return GemmFunctions(
            name=self.name,
            pack=f"{self.name}.pack" if shared else None,
            packs="a" if plan.swapped else "b",
            tasks=self.tasks,
            pack_tasks=batches * self.panels if shared else 0,
            task_cycles=plan.cycles / max(self.tasks, 1),
            packed_bytes=self.panel_elements * self.panels * batches * size if shared else 0,
            scratch_bytes=scratch,
            parameters=parameters,
            pack_parameters=pack_parameters,
            plan=plan,
        )

    def scratch_a(self) -> int:
        """Bytes of a task's packed rows of A."""
        if self.plan.pack_a == "none":
            return 0
        size = self.plan.task_rows * self.plan.depth_block * BYTES[self.gemm.dtype]
        return -(-size // 64) * 64

    # -- the nest ---------------------------------------------------------------------------------

    def main(self, parameters: Parameters) -> None:
        """The function that computes a range of tasks."""
        operands = ("b", "a") if self.plan.swapped else ("a", "b")
        fixed = [("ptr", operand) for operand in (*operands, "c", "scratch")]
        fixed += [("i64", "begin"), ("i64", "end")]
        with self.module.function(self.name, [*fixed, *parameters]) as f:
            if self.tasks > 1:
                f.attributes = ONLY_CALLS
            if self.tasks:
                begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
                with f.loop(begin, end) as loop:
                    index = loop.index if self.tasks > 1 else 0
                    batch, rest = split(f, index, self.down * self.across)
                    across, down = split(f, rest, self.down)
                    self.task(f, self.place(batch, down, across))

    def place(self, batch: Index, down: Index, across: Index) -> _Place:
        """Where a task lies."""
        return _Place(
            batch,
            times(down, self.plan.task_rows),
            times(across, self.plan.task_columns),
            equal(down, self.down - 1),
            equal(across, self.across - 1),
        )

    def task(self, f: Function, place: _Place) -> None:
        """One task: where its operands begin, and its blocks of the reduction."""
        gemm, plan = self.gemm, self.plan
        a_dtype = gemm.dtype if plan.pack_a == "none" else gemm.source
        b_dtype = gemm.source if plan.pack_b == "task" else gemm.dtype
        a = element(f, "%a", a_dtype, [(place.batch, gemm.a.batch), (place.row, gemm.a.row)])
        c = element(
            f,
            "%c",
            gemm.dtype,
            [(place.batch, gemm.c.batch), (place.row, gemm.c.row), (place.column, gemm.c.column)],
        )
        if plan.pack_b == "shared":
            whole = self.panel_elements * self.panels if gemm.b.batch else 0
            b = element(f, "%b", b_dtype, [(place.batch, whole), (place.column, gemm.k)])
            step = plan.columns
        else:
            terms = [(place.batch, gemm.b.batch), (place.column, gemm.b.column)]
            b, step = element(f, "%b", b_dtype, terms), gemm.b.row
        if not self.blocked:
            self.block(f, place, a, b, c, 0, gemm.k)
            return
        with f.loop(0, gemm.k, plan.depth_block) as loop:
            depth = smaller(f, plan.depth_block, minus(f, gemm.k, loop.index))
            a_here = f.offset(a, times(loop.index, gemm.a.column), a_dtype)
            b_here = f.offset(b, times(loop.index, step), b_dtype)
            self.block(f, place, a_here, b_here, c, loop.index, depth)

    def block(
        self, f: Function, place: _Place, a: str, b: str, c: str, start: Index, depth: Index
    ) -> None:
        """One block of the reduction: its packing, then its tiles panel by panel."""
        gemm, plan = self.gemm, self.plan
        columns = smaller(f, plan.task_columns, minus(f, gemm.n, place.column))
        panels = split(f, columns, plan.columns)[0]
        if plan.pack_a == "task":
            self.pack_a(f, place, a, start, depth)
            a = "%scratch"
        if plan.pack_b == "task":
            b = self.pack_task_b(f, place, b, panels, start, depth)
        packed = plan.pack_b != "none"
        b_panel = self.panel_elements if packed else plan.columns * gemm.b.column
        flags = self.block_flags(f, start, depth)

        def panel(index: Index, columns: int) -> None:
            b_here = f.offset(b, times(index, b_panel), gemm.dtype)
            c_here = f.offset(c, times(index, plan.columns * gemm.c.column), gemm.dtype)
            column = plus(place.column, times(index, plan.columns))
            self.down_panel(f, place, a, b_here, c_here, column, columns, flags)

        self.each_panel(f, place, panels, panel)

    def each_panel(
        self, f: Function, place: _Place, panels: Index, panel: Callable[[Index, int], None]
    ) -> None:
        """Writes `panel(index, columns)` for a task's whole panels and for the rest at the edge."""
        whole, rest = divmod(self.gemm.n, self.plan.columns)
        if isinstance(panels, int) and panels == 1:
            panel(0, self.plan.columns)
        elif whole:
            with f.loop(0, panels) as loop:
                panel(loop.index, self.plan.columns)
        if rest:
            when(f, place.last_across, lambda: panel(panels, rest))

    def block_flags(self, f: Function, start: Index, depth: Index) -> list[tuple[str, Index]]:
        """What a kernel of a blocked reduction is told."""
        if not self.blocked:
            return []
        end = plus(start, depth)
        return [("i64", depth), ("i1", equal(start, 0)), ("i1", equal(end, self.gemm.k))]

    def down_panel(
        self,
        f: Function,
        place: _Place,
        a: str,
        b: str,
        c: str,
        column: Index,
        columns: int,
        flags: list[tuple[str, Index]],
    ) -> None:
        """The kernels down one panel of columns: whole tiles of rows, then the rest."""
        gemm, plan = self.gemm, self.plan
        rows = smaller(f, plan.task_rows, minus(f, gemm.m, place.row))
        tiles = split(f, rows, plan.rows)[0]

        def kernel(a: str, c: str, rows: int, tiles: Index, row: Index) -> None:
            arguments = [("ptr", a), ("ptr", b), ("ptr", c), ("i64", tiles), *flags]
            if gemm.epilogue is not None:
                arguments += [("i64", row), ("i64", column), ("i64", place.batch)]
                arguments += _forwarded(gemm.epilogue.parameters)
            call(f, self.kernel(rows, columns), arguments)

        if gemm.m >= plan.rows:
            kernel(a, c, plan.rows, tiles, place.row)

        def rest() -> None:
            done = times(tiles, plan.rows)
            a_tile = self.kernel_shape(plan.rows, columns).a_tile
            a_here = f.offset(a, times(tiles, a_tile), gemm.dtype)
            c_here = f.offset(c, times(done, gemm.c.row), gemm.dtype)
            kernel(a_here, c_here, gemm.m % plan.rows, 1, plus(place.row, done))

        if gemm.m % plan.rows:
            when(f, place.last_down, rest)

    def kernel_shape(self, rows: int, columns: int) -> KernelShape:
        """A kernel's shape for a tile, whole or at an edge."""
        gemm, plan = self.gemm, self.plan
        packed_a, packed_b = plan.pack_a == "task", plan.pack_b != "none"
        return KernelShape(
            rows=rows,
            columns=columns,
            width=plan.width,
            depth=None if self.blocked else gemm.k,
            a_row=1 if packed_a else gemm.a.row,
            a_tile=plan.depth_block * plan.rows if packed_a else rows * gemm.a.row,
            a_step=plan.rows if packed_a else gemm.a.column,
            b_step=plan.columns if packed_b else gemm.b.row,
            b_column=gemm.b.column,
            b_padded=packed_b,
            swapped=plan.swapped,
            chains=plan.chains,
            unroll=plan.unroll,
        )

    def kernel(self, rows: int, columns: int) -> str:
        """The name of the kernel for a tile, written when first needed."""
        emit = emit_dot_kernel if self.plan.form == "dot" else emit_broadcast_kernel
        shape = self.kernel_shape(rows, columns)
        return self.module.helper(
            f"{self.name}.{rows}x{columns}",
            lambda name: emit(self.module, name, self.gemm, shape),
        )

    # -- packing ----------------------------------------------------------------------------------

    def pack_function(self, parameters: Parameters) -> None:
        """The function that packs a range of B's panels for all tasks."""
        gemm, plan = self.gemm, self.plan
        fixed = [("ptr", "b"), ("ptr", "packed"), ("i64", "begin"), ("i64", "end")]
        with self.module.function(f"{self.name}.pack", [*fixed, *parameters]) as f:
            f.attributes = ONLY_CALLS
            whole, rest = divmod(gemm.n, plan.columns)
            if not self.panel_elements or not self.panels:
                return
            with f.loop(f.value("%begin", "int64"), f.value("%end", "int64")) as loop:
                batch, panel = split(f, loop.index, self.panels)
                lane = times(panel, plan.columns)
                terms = [(batch, gemm.b.batch), (lane, gemm.b.column)]
                source = element(f, "%b", gemm.source, terms)
                target = f.offset("%packed", times(loop.index, self.panel_elements), gemm.dtype)

                def pack(lanes: int) -> None:
                    self.packing.panel_of_b(f, lanes, source, target, gemm.k, 0, lane, batch)

                if whole:
                    inside = panel < whole if rest and not isinstance(panel, int) else True
                    when(f, inside, lambda: pack(plan.columns))  # type: ignore[arg-type]
                if rest:
                    when(f, equal(panel, whole), lambda: pack(rest))

    def pack_task_b(
        self, f: Function, place: _Place, b: str, panels: Index, start: Index, depth: Index
    ) -> str:
        """Packs one block of the task's panels of B into its scratch; returns where."""
        gemm, plan = self.gemm, self.plan
        base = f.offset("%scratch", self.scratch_a(), "int8")

        def pack(index: Index, lanes: int) -> None:
            lane = times(index, plan.columns)
            source = f.offset(b, times(lane, gemm.b.column), gemm.source)
            target = f.offset(base, times(index, self.panel_elements), gemm.dtype)
            column = plus(place.column, lane)
            self.packing.panel_of_b(f, lanes, source, target, depth, start, column, place.batch)

        self.each_panel(f, place, panels, pack)
        return base

    def pack_a(self, f: Function, place: _Place, a: str, start: Index, depth: Index) -> None:
        """Packs one block of the task's rows of A into its scratch."""
        gemm, plan = self.gemm, self.plan
        rows = smaller(f, plan.task_rows, minus(f, gemm.m, place.row))
        tiles = split(f, rows, plan.rows)[0]

        def pack(index: Index, lanes: int) -> None:
            row = times(index, plan.rows)
            source = f.offset(a, times(row, gemm.a.row), gemm.source)
            target = f.offset("%scratch", times(index, plan.depth_block * plan.rows), gemm.dtype)
            self.packing.panel_of_a(
                f, lanes, source, target, depth, start, plus(place.row, row), place.batch
            )

        if gemm.m >= plan.rows:
            with f.loop(0, tiles) as loop:
                pack(loop.index, plan.rows)
        if gemm.m % plan.rows:
            when(f, place.last_down, lambda: pack(tiles, gemm.m % plan.rows))


class _Packing:
    """Calls the functions that pack panels, writing each when first needed."""

    def __init__(self, module: Module, name: str, gemm: Gemm, plan: GemmPlan) -> None:
        self.module, self.name, self.gemm, self.plan = module, name, gemm, plan

    def panel_of_a(self, f: Function, lanes: int, *places: str | Index) -> None:
        """Packs rows of A; `places` are source, target, depth, first step, first lane, batch."""
        gemm, plan = self.gemm, self.plan
        width = min(plan.width, 1 << max(2, (plan.rows - 1).bit_length()))
        panel = Panel(
            source=gemm.source, dtype=gemm.dtype, width=width, step=gemm.a.column,
            lane=gemm.a.row, depth=gemm.k, lanes=lanes, stride=plan.rows,
            prologue=gemm.a_prologue, lanes_are_rows=not plan.swapped,
            brief=lanes < plan.rows and gemm.m >= 8 * plan.rows,
        )  # fmt: skip
        self.call(f, f"{self.name}.pack_a{lanes}", panel, places)

    def panel_of_b(self, f: Function, lanes: int, *places: str | Index) -> None:
        """Packs columns of B; `places` are source, target, depth, first step, first lane, batch."""
        gemm, plan = self.gemm, self.plan
        panel = Panel(
            source=gemm.source, dtype=gemm.dtype, width=plan.width, step=gemm.b.row,
            lane=gemm.b.column, depth=gemm.k, lanes=lanes, stride=plan.columns,
            prologue=gemm.b_prologue, lanes_are_rows=plan.swapped,
        )  # fmt: skip
        self.call(f, f"{self.name}.pack_b{lanes}", panel, places)

    def call(self, f: Function, name: str, panel: Panel, places: Sequence[str | Index]) -> None:
        """Calls a packing function."""
        kinds = ("ptr", "ptr", "i64", "i64", "i64", "i64")
        arguments = list(zip(kinds, places, strict=True))[: 6 if panel.prologue else 3]
        if panel.prologue is not None:
            arguments += _forwarded(panel.prologue.parameters)
        function = self.module.helper(name, lambda it: emit_pack_panel(self.module, it, panel))
        call(f, function, arguments)


@dataclass(frozen=True)
class _Place:
    """Where a task lies: its batch, its first row and column, and whether it is at an edge."""

    batch: Index
    row: Index
    column: Index
    last_down: bool | Value
    last_across: bool | Value


def _hook_parameters(*hooks: object) -> tuple[tuple[str, str], ...]:
    """The hooks' parameters together, each name once."""
    kinds = {name: kind for hook in hooks for kind, name in getattr(hook, "parameters", ())}
    return tuple((kind, name) for name, kind in kinds.items())


def _forwarded(parameters: Parameters) -> list[tuple[str, str]]:
    return [(kind, f"%{name}") for kind, name in parameters]
