"""Products compile for every target; they run and keep to the registers where they can be tried."""

import re
from dataclasses import replace

import pytest

from flambeau.compiler.llvm import Module, default, named
from flambeau.compiler.loops.gemm import emit_gemm
from flambeau.compiler.loops.gemm_plan import plan_gemm
from flambeau.compiler.run.engine import emit_assembly, emit_object
from tests.compiler_gemm.hooks import BiasResidualRectify
from tests.compiler_gemm.products import Product, assert_product, described, operands

TARGETS = ["sse2", "avx2", "avx512", "neon"]
SHAPES = [(512, 512, 512), (100, 32, 3), (100, 1, 32), (1, 300, 70), (33, 65, 129), (3, 2, 50)]
REGISTERS = {"sse2": "xmm", "avx2": "ymm", "avx512": "zmm", "neon": "q"}


def runnable():
    """The targets of this machine's kind whose vectors it has."""
    host = default()
    kin = [name for name in TARGETS if named(name).is_x86 == host.is_x86]
    return [name for name in kin if named(name).vector_bits <= host.vector_bits]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("layout", ["NN", "TT"])
def test_compiles(name, dtype, layout):
    for shape in SHAPES:
        a, b, c = operands(*shape, layout, dtype)
        stored = {"stored": dtype} if dtype.endswith("16") else {}
        gemm = described(a, b, c, epilogue=BiasResidualRectify(*shape[:2]), **stored)
        module = Module(named(name))
        emit_gemm(module, "product", gemm)
        assert len(emit_object(module.text(), module.target)) > 500


@pytest.mark.parametrize("name", ["avx2", "avx512", "neon"])
@pytest.mark.parametrize("layout", ["NN", "NT", "TN"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiles_stay_in_registers(name, layout, dtype):
    for shape in [(512, 512, 512), (16, 16, 16), (128, 512, 784), (8, 64, 100), (1, 512, 100)]:
        assert spills(name, described(*operands(*shape, layout, dtype))) == []


@pytest.mark.parametrize("name", ["avx2", "avx512", "neon"])
def test_a_tile_that_does_not_fit_would_be_noticed(name):
    gemm = described(*operands(512, 512, 512))
    plan = plan_gemm(gemm, named(name))
    assert spills(name, gemm, replace(plan, rows=3 * plan.rows))


def spills(name, gemm, plan=None):
    """Instructions of the kernels' inner loops that move vectors to and from the stack."""
    module = Module(named(name))
    emit_gemm(module, "product", gemm, plan)
    bodies = [b for b in loops(emit_assembly(module.text(), module.target)) if multiplies(b)]
    assert bodies
    return [line for body in bodies for line in body if spill(line, name)]


def loops(assembly):
    """The innermost loops, as lists of instructions: a label up to the branch back to it."""
    lines, start = assembly.splitlines(), {}
    for at, line in enumerate(lines):
        label = re.match(r"(\.?L\w+):", line)
        if label:
            start = {label[1]: at}
        jump = re.match(r"\s+(?:j\w+|b\.\w+|cbn?z.*|b)\s.*?(\.?L\w+)\s*$", line)
        if jump and jump[1] in start:
            yield lines[start[jump[1]] : at]


def spill(line, name):
    """Whether a whole vector moves between a register and the stack."""
    if name == "neon":
        return re.search(r"\b(str|ldr|stp|ldp)\s+q\d+.*\[sp", line)
    vector = rf"%{REGISTERS[name]}\d+"
    return re.search(rf"mov\w+\s+(\S*\(%r[sb]p\), {vector}|{vector}, \S*\(%r[sb]p\))", line)


def multiplies(body):
    return sum(bool(re.search(r"fmadd|mulp|fml|fmul", line)) for line in body) > 3


def test_register_tiles_leave_room():
    for name in TARGETS:
        target = named(name)
        for shape in SHAPES:
            plan = plan_gemm(described(*operands(*shape)), target)
            if plan.form == "broadcast":
                vectors = plan.columns // plan.width
                used = plan.rows * vectors * plan.chains + vectors + 1
                assert used <= target.vector_registers


@pytest.mark.parametrize("name", runnable())
@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_narrower_vectors(name, layout, dtype):
    for shape in [*SHAPES[1:], (70, 90, 1100)]:
        a, b, c = operands(*shape, layout, dtype)
        Product(described(a, b, c), named(name))(a, b, c)
        assert_product(c, a, b)
