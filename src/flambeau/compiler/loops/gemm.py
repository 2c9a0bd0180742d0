"""Matrix products as LLVM functions: the nest of tasks, blocks and panels around the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .gemm_dot import emit_dot_kernel
from .gemm_kernel import emit_broadcast_kernel
from .gemm_pack import Panel, emit_pack_panel
from .gemm_plan import GemmPlan, GemmTarget, plan_gemm
from .gemm_spec import Gemm
from .gemm_text import SIZE, Function, Module
from .gemm_tile import KernelShape


@dataclass(frozen=True)
class GemmFunctions:
    """The functions of one product, and what their caller must provide.

    `name` is called as (a, b, c, scratch, begin, end, hooks...) and computes tasks [begin, end);
    tasks write disjoint parts of C and any division of them gives the same bits. Where `pack` is
    named it is called first, as (operand, packed, begin, end, hooks...), on the operand that
    `packs` names ("a" or "b"), and `packed` then stands for that operand.

    Args:
        tasks, pack_tasks: how many there are.
        task_cycles: about what one task costs, in cycles.
        packed_bytes: the size of the packed operand; aligned to 64.
        scratch_bytes: private memory of each thread, aligned to 64.
        parameters: the hooks' further parameters of `name`, in order.
        pack_parameters: those of `pack`.
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


def emit_gemm(
    module: Module, name: str, gemm: Gemm, target: GemmTarget, plan: GemmPlan | None = None
) -> GemmFunctions:
    """Writes the functions of a product into a module; `plan` overrides the planner's choice."""
    plan = plan or plan_gemm(gemm, target)
    return _Nest(module, name, gemm.swapped() if plan.swapped else gemm, plan).emit()


Hooks = Sequence[tuple[str, str]]


class _Nest:
    """Writes one product's functions. `gemm` is already turned the way the plan computes it."""

    def __init__(self, module: Module, name: str, gemm: Gemm, plan: GemmPlan) -> None:
        self.module, self.name, self.gemm, self.plan = module, name, gemm, plan
        self.size = SIZE[gemm.scalar]
        self.row_tasks = -(-gemm.m // plan.task_rows)
        self.column_tasks = -(-gemm.n // plan.task_columns)
        self.blocked = gemm.k > plan.depth_block
        self.panels = -(-gemm.n // plan.columns)
        self.panel_elements = gemm.k * plan.columns
        self.scratch_a = 0
        if plan.pack_a == "task":
            self.scratch_a = _aligned(plan.task_rows * plan.depth_block * self.size)

    def emit(self) -> GemmFunctions:
        """Kernels, packing and the nest around them."""
        gemm, plan = self.gemm, self.plan
        empty = gemm.m == 0 or gemm.n == 0 or gemm.batch == 0
        parameters = _hooks(gemm.epilogue, gemm.a_prologue)
        if plan.pack_b == "task":
            parameters = _hooks(gemm.epilogue, gemm.a_prologue, gemm.b_prologue)
        tasks = 0 if empty else self.row_tasks * self.column_tasks * gemm.batch
        self.main(parameters, empty)
        shared = plan.pack_b == "shared"
        pack_batches = gemm.batch if gemm.b.batch else min(gemm.batch, 1)
        pack_parameters = _hooks(gemm.b_prologue) if shared else ()
        if shared:
            self.pack_function(pack_parameters)
        panel_bytes = self.panel_elements * self.size * self.panels
        scratch_b = panel_bytes if plan.pack_b == "task" else 0
        return GemmFunctions(
            name=self.name,
            pack=f"{self.name}.pack" if shared else None,
            packs="a" if plan.swapped else "b",
            tasks=tasks,
            pack_tasks=pack_batches * self.panels if shared else 0,
            task_cycles=plan.cycles / max(tasks, 1),
            packed_bytes=panel_bytes * pack_batches if shared else 0,
            scratch_bytes=self.scratch_a + scratch_b,
            parameters=parameters,
            pack_parameters=pack_parameters,
            plan=plan,
        )

    # -- the nest ---------------------------------------------------------------------------------

    def main(self, parameters: Hooks, empty: bool) -> None:
        """The function that computes a range of tasks."""
        plan, gemm = self.plan, self.gemm
        operands = ("b", "a") if plan.swapped else ("a", "b")
        fixed = [("ptr", operand) for operand in (*operands, "c", "scratch")]
        f = Function(
            self.module, self.name, [*fixed, ("i64", "begin"), ("i64", "end"), *parameters], False
        )
        if not empty:
            with f.loop("%begin", "%end") as loop:
                batch, rest = f.divide(loop.index, self.row_tasks * self.column_tasks)
                across, down = f.divide(rest, self.row_tasks)
                self.task(f, batch, down, across)
        f.finish()

    def task(self, f: Function, batch: str | int, down: str | int, across: str | int) -> None:
        """One task: its operands' places, its packing, and its blocks of the reduction."""
        gemm, plan = self.gemm, self.plan
        place = _Place(
            batch=batch,
            row=f.multiply(down, plan.task_rows),
            column=f.multiply(across, plan.task_columns),
            last_down=_equal(f, down, self.row_tasks - 1),
            last_across=_equal(f, across, self.column_tasks - 1),
        )
        a = _element(f, "%a", gemm.scalar if plan.pack_a == "none" else gemm.source, [
            (batch, gemm.a.batch), (place.row, gemm.a.row),
        ])  # fmt: skip
        c = _element(f, "%c", gemm.scalar, [
            (batch, gemm.c.batch), (place.row, gemm.c.row), (place.column, gemm.c.column),
        ])  # fmt: skip
        b = self.b_of_task(f, place)
        if not self.blocked:
            self.block(f, place, a, b, c, 0, gemm.k)
            return
        with f.loop(0, gemm.k, plan.depth_block) as loop:
            start = loop.index
            depth = f.minimum(plan.depth_block, f.value(f"sub i64 {gemm.k}, {start}"))
            step = plan.columns if plan.pack_b != "none" else gemm.b.row
            self.block(
                f,
                place,
                f.offset(a, gemm.source, f.multiply(start, gemm.a.column)),
                f.offset(b, gemm.scalar, f.multiply(start, step)),
                c,
                start,
                depth,
            )

    def b_of_task(self, f: Function, place: _Place) -> str:
        """Where the task's first panel of B begins, packing it now if the task packs its own."""
        gemm, plan = self.gemm, self.plan
        if plan.pack_b == "none":
            terms = [(place.batch, gemm.b.batch), (place.column, gemm.b.column)]
            return _element(f, "%b", gemm.scalar, terms)
        if plan.pack_b == "task":
            target = f.offset("%scratch", "i8", self.scratch_a)
            source = _element(f, "%b", gemm.source, [(place.batch, gemm.b.batch)])
            with f.loop(0, self.panels) as loop:
                self.pack_b_panel(f, source, target, loop.index, place.batch)
            return target
        whole = self.panel_elements * self.panels if gemm.b.batch else 0
        terms = [(place.batch, whole), (place.column, gemm.k)]
        return _element(f, "%b", gemm.scalar, terms)

    def block(
        self,
        f: Function,
        place: _Place,
        a: str,
        b: str,
        c: str,
        start: str | int,
        depth: str | int,
    ) -> None:
        """One block of the reduction over the task's tiles."""
        gemm, plan = self.gemm, self.plan
        if plan.pack_a == "task":
            self.pack_a_task(f, place, a, start, depth)
            a = "%scratch"
        b_panel = self.panel_elements if plan.pack_b != "none" else plan.columns * gemm.b.column
        flags: list[tuple[str, str | int]] = []
        if self.blocked:
            end = f.add(start, depth)
            flags = [
                ("i64", depth),
                ("i1", f.value(f"icmp eq i64 {start}, 0")),
                ("i1", f.value(f"icmp eq i64 {end}, {gemm.k}")),
            ]

        def panel(index: str | int, columns: int) -> None:
            at = f.offset(b, gemm.scalar, f.multiply(index, b_panel))
            to = f.offset(c, gemm.scalar, f.multiply(index, plan.columns * gemm.c.column))
            column = f.add(place.column, f.multiply(index, plan.columns))
            self.down_panel(f, place, a, at, to, column, columns, flags)

        columns = f.minimum(plan.task_columns, _minus(f, gemm.n, place.column))
        count = f.divide(columns, plan.columns)[0]
        if gemm.n >= plan.columns:
            if count == 1:
                panel(0, plan.columns)
            else:
                with f.loop(0, count) as loop:
                    panel(loop.index, plan.columns)
        if gemm.n % plan.columns:
            _when(f, place.last_across, lambda: panel(count, gemm.n % plan.columns))

    def down_panel(
        self,
        f: Function,
        place: _Place,
        a: str,
        b: str,
        c: str,
        column: str | int,
        columns: int,
        flags: list[tuple[str, str | int]],
    ) -> None:
        """The kernels down one panel of columns: whole tiles of rows, then the rest."""
        gemm, plan = self.gemm, self.plan
        rows = f.minimum(plan.task_rows, _minus(f, gemm.m, place.row))
        tiles = f.divide(rows, plan.rows)[0]
        tile_step = self.kernel_shape(plan.rows, columns).a_tile

        def call(a: str, c: str, rows: int, tiles: str | int, row: str | int) -> None:
            arguments = [("ptr", a), ("ptr", b), ("ptr", c), ("i64", tiles), *flags]
            if gemm.epilogue is not None:
                arguments += [("i64", row), ("i64", column), ("i64", place.batch)]
                arguments += [(kind, f"%{name}") for kind, name in gemm.epilogue.parameters]
            f.call(self.kernel(rows, columns), arguments)

        if gemm.m >= plan.rows:
            some = True if isinstance(tiles, int) else f.value(f"icmp ne i64 {tiles}, 0")
            _when(f, some, lambda: call(a, c, plan.rows, tiles, place.row))
        if gemm.m % plan.rows:

            def tail() -> None:
                done = f.multiply(tiles, plan.rows)
                call(
                    f.offset(a, gemm.scalar, f.multiply(tiles, tile_step)),
                    f.offset(c, gemm.scalar, f.multiply(done, gemm.c.row)),
                    gemm.m % plan.rows,
                    1,
                    f.add(place.row, done),
                )

            _when(f, place.last_down, tail)

    def kernel_shape(self, rows: int, columns: int) -> KernelShape:
        """A kernel's shape for a tile, whole or at an edge."""
        gemm, plan = self.gemm, self.plan
        packed_a, packed_b = plan.pack_a == "task", plan.pack_b != "none"
        return KernelShape(
            rows=rows,
            columns=columns,
            depth=None if self.blocked else gemm.k,
            a_row=1 if packed_a else gemm.a.row,
            a_tile=plan.depth_block * plan.rows if packed_a else rows * gemm.a.row,
            a_step=plan.rows if packed_a else gemm.a.column,
            b_step=plan.columns if packed_b else gemm.b.row,
            b_column=gemm.b.column,
            b_padded=packed_b,
            chains=plan.chains,
            unroll=plan.unroll,
        )

    def kernel(self, rows: int, columns: int) -> str:
        """The name of the kernel for a tile, written when first needed."""
        name = f"{self.name}.{rows}x{columns}"
        if name not in self.module.functions:
            emit = emit_dot_kernel if self.plan.form == "dot" else emit_broadcast_kernel
            shape = self.kernel_shape(rows, columns)
            emit(self.module, name, self.gemm, shape, self.plan.width, self.plan.swapped)
        return name

    # -- packing ----------------------------------------------------------------------------------

    def pack_function(self, parameters: Hooks) -> None:
        """The function that packs a range of B's panels."""
        gemm, plan = self.gemm, self.plan
        fixed = [("ptr", "b"), ("ptr", "packed"), ("i64", "begin"), ("i64", "end")]
        f = Function(self.module, f"{self.name}.pack", [*fixed, *parameters], False)
        if self.panel_elements and self.panels:
            with f.loop("%begin", "%end") as loop:
                batch, panel = f.divide(loop.index, self.panels)
                source = _element(f, "%b", gemm.source, [(batch, gemm.b.batch)])
                whole = self.panel_elements * self.panels
                target = _element(f, "%packed", gemm.scalar, [(batch, whole)])
                self.pack_b_panel(f, source, target, panel, batch)
        f.finish()

    def pack_b_panel(
        self, f: Function, source: str, target: str, index: str | int, batch: str | int
    ) -> None:
        """Packs one panel of one batch's B."""
        gemm, plan = self.gemm, self.plan
        lane = f.multiply(index, plan.columns)
        arguments = [
            ("ptr", f.offset(source, gemm.source, f.multiply(lane, gemm.b.column))),
            ("ptr", f.offset(target, gemm.scalar, f.multiply(index, self.panel_elements))),
            ("i64", gemm.k),
        ]
        if gemm.b_prologue is not None:
            arguments += [("i64", 0), ("i64", lane), ("i64", batch)]
            arguments += [(kind, f"%{name}") for kind, name in gemm.b_prologue.parameters]
        whole, rest = gemm.n // plan.columns, gemm.n % plan.columns
        if whole:
            within = True if not rest else f.value(f"icmp slt i64 {index}, {whole}")
            _when(f, within, lambda: f.call(self.packer("b", plan.columns), arguments))
        if rest:
            at_end = f.value(f"icmp eq i64 {index}, {whole}")
            _when(f, at_end, lambda: f.call(self.packer("b", rest), arguments))

    def pack_a_task(
        self, f: Function, place: _Place, a: str, start: str | int, depth: str | int
    ) -> None:
        """Packs one block of the task's rows of A into the scratch."""
        gemm, plan = self.gemm, self.plan
        rows = f.minimum(plan.task_rows, _minus(f, gemm.m, place.row))
        tiles = f.divide(rows, plan.rows)[0]

        def pack(index: str | int, lanes: int) -> None:
            row = f.multiply(index, plan.rows)
            arguments = [
                ("ptr", f.offset(a, gemm.source, f.multiply(row, gemm.a.row))),
                ("ptr", f.offset("%scratch", gemm.scalar,
                                 f.multiply(index, plan.depth_block * plan.rows))),
                ("i64", depth),
            ]  # fmt: skip
            if gemm.a_prologue is not None:
                lane = f.add(place.row, row)
                arguments += [("i64", start), ("i64", lane), ("i64", place.batch)]
                arguments += [(kind, f"%{name}") for kind, name in gemm.a_prologue.parameters]
            f.call(self.packer("a", lanes), arguments)

        if gemm.m >= plan.rows:
            with f.loop(0, tiles) as loop:
                pack(loop.index, plan.rows)
        if gemm.m % plan.rows:
            _when(f, place.last_down, lambda: pack(tiles, gemm.m % plan.rows))

    def packer(self, operand: str, lanes: int) -> str:
        """The name of the function that packs a panel of some lanes, written when first needed."""
        gemm, plan = self.gemm, self.plan
        name = f"{self.name}.pack_{operand}{lanes}"
        if name in self.module.functions:
            return name
        of_a = operand == "a"
        matrix = gemm.a.transposed() if of_a else gemm.b
        stride = plan.rows if of_a else plan.columns
        full = plan.width
        width = full if not of_a else min(full, 1 << max(2, (plan.rows - 1).bit_length()))
        panel = Panel(
            source=gemm.source,
            scalar=gemm.scalar,
            width=width,
            step=matrix.row,
            lane=matrix.column,
            depth=gemm.k,
            lanes=lanes,
            stride=stride,
            prologue=gemm.a_prologue if of_a else gemm.b_prologue,
            lanes_are_rows=of_a != plan.swapped,
        )
        emit_pack_panel(self.module, name, panel)
        return name


@dataclass(frozen=True)
class _Place:
    """Where a task lies: its batch, its first row and column, and whether it is at an edge."""

    batch: str | int
    row: str | int
    column: str | int
    last_down: str | bool
    last_across: str | bool


def _aligned(size: int) -> int:
    return -(-size // 64) * 64


def _hooks(*hooks: object) -> tuple[tuple[str, str], ...]:
    """The hooks' parameters together, each name once."""
    named = {}
    for hook in hooks:
        for kind, name in getattr(hook, "parameters", ()):
            named[name] = kind
    return tuple((kind, name) for name, kind in named.items())


def _element(
    f: Function, base: str, scalar: str, terms: Sequence[tuple[str | int, int]]
) -> str:
    index: str | int = 0
    for position, stride in terms:
        index = f.add(index, f.multiply(position, stride))
    return f.offset(base, scalar, index)


def _equal(f: Function, x: str | int, y: int) -> str | bool:
    return x == y if isinstance(x, int) else f.value(f"icmp eq i64 {x}, {y}")


def _minus(f: Function, x: int, y: str | int) -> str | int:
    return x - y if isinstance(y, int) else f.value(f"sub i64 {x}, {y}")


def _when(f: Function, condition: str | bool, body: Callable[[], None]) -> None:
    """Writes a body that runs if a condition holds, which may be known already."""
    if condition is True:
        body()
    elif condition is not False:
        with f.when(str(condition)):
            body()
