"""Products of every shape, layout and option, against NumPy in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flambeau.compiler.llvm import default
from flambeau.compiler.loops.gemm_plan import plan_gemm
from tests.compiler_gemm.products import Product, assert_product, described, operands, random

LAYOUTS = ("NN", "NT", "TN", "TT")


@st.composite
def views(draw, rows, columns, batch, dtype, seed, may_share):
    """A batch of matrices with gaps, in either order, perhaps one matrix for all of them."""
    gaps = [draw(st.integers(0, 3)) for _ in range(2)]
    steps = [draw(st.integers(1, 2)) for _ in range(2)]
    turned = draw(st.booleans())
    inner = (columns, rows) if turned else (rows, columns)
    whole = random((batch, *(s * t + g for s, t, g in zip(inner, steps, gaps))), dtype, seed)
    view = whole[:, : inner[0] * steps[0] : steps[0], : inner[1] * steps[1] : steps[1]]
    view = np.swapaxes(view, 1, 2) if turned else view
    if may_share and draw(st.booleans()):
        view = np.broadcast_to(view[:1], view.shape)
    return view


@st.composite
def problems(draw):
    sizes = st.one_of(st.integers(0, 5), st.integers(0, 40), st.sampled_from([64, 65, 97, 130]))
    m, n, k, batch = draw(sizes), draw(sizes), draw(sizes), draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    a = draw(views(m, k, batch, dtype, 1, True))
    b = draw(views(k, n, batch, dtype, 2, True))
    c = draw(views(m, n, batch, dtype, 3, False))
    options = {
        "accumulate": draw(st.booleans()),
        "alpha": draw(st.sampled_from([1.0, -0.5])),
        "keep_b": draw(st.booleans()),
    }
    return a, b, c, options


@settings(max_examples=150)
@given(problems())
def test_any_strides_batches_and_options(problem):
    a, b, c, options = problem
    owner, start = c.base, c.copy()
    surroundings = owner.copy()
    before = start.astype(np.float64) if options["accumulate"] else 0.0
    Product(described(a, b, c, **options))(a, b, c)
    assert_product(c, a, b, options["alpha"], before)
    c[...] = start
    assert np.array_equal(owner, surroundings)


@pytest.mark.parametrize(("m", "n"), [(2, 1), (5, 1), (2, 2), (3, 2), (1, 3)])
def test_sums_along_the_reduction_are_stored_in_any_order(m, n):
    """Several rows' sums may share a vector: that is no row of the tile."""
    a, b, _ = operands(m, n, 33, "NT", batch=1)
    c = np.zeros((1, 2 * n, m), np.float32)[:, ::2].swapaxes(1, 2)
    Product(described(a, b, c))(a, b, c)
    assert_product(c, a, b)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "shape",
    [
        (16, 16, 16), (100, 32, 3), (100, 1, 32), (1, 1, 100), (1, 50, 64), (1, 300, 40),
        (64, 1, 1), (33, 65, 129), (128, 96, 784), (8, 512, 300), (200, 10, 300), (3, 200, 1000),
        (300, 200, 1100), (70, 40, 2000),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_contiguous_layouts(shape, layout, dtype):
    a, b, c = operands(*shape, layout, dtype)
    Product(described(a, b, c))(a, b, c)
    assert_product(c, a, b)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (0, 0, 0), (3, 20, 0), (1, 1, 0)])
@pytest.mark.parametrize("accumulate", [False, True])
def test_empty_sizes(shape, layout, accumulate):
    a, b, c = operands(*shape, layout)
    c[...] = 7
    Product(described(a, b, c, accumulate=accumulate))(a, b, c)
    assert np.all(c == (7 if accumulate else 0))


def test_no_batches():
    a, b, c = operands(3, 4, 5, batch=0)
    product = Product(described(a, b, c))
    assert product.functions.tasks == 0
    product(a, b, c)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(20, 40, 30), (30, 1, 40), (2, 3, 50), (40, 33, 3)])
def test_nan_and_infinity_go_where_they_belong(shape, layout):
    a, b, c = operands(*shape, layout)
    a[1, 2], a[0, 1], b[2, 0] = np.nan, np.inf, -np.inf
    Product(described(a, b, c))(a, b, c)
    with np.errstate(invalid="ignore"):
        expected = a.astype(np.float64) @ b.astype(np.float64)
    assert np.array_equal(np.isnan(c), np.isnan(expected))
    infinite = np.isinf(expected)
    assert np.array_equal(np.isinf(c), infinite)
    assert np.array_equal(c[infinite], expected[infinite])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_packed_once_and_used_often(layout):
    a, b, c = operands(20, 50, 70, layout)
    product = Product(described(a, b, c, keep_b=True))
    product.pack(b)
    for seed in range(3):
        a = random((20, 70), seed=seed) if layout[0] == "N" else random((70, 20), seed=seed).T
        product.multiply(a, np.empty(0), c)
        assert_product(c, a, b)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shared", ["a", "b"])
def test_one_operand_for_all_batches(layout, shared):
    a, b, c = operands(40, 33, 20, layout, batch=5)
    if shared == "a":
        a = np.broadcast_to(a[:1], a.shape)
    else:
        b = np.broadcast_to(b[:1], b.shape)
    Product(described(a, b, c))(a, b, c)
    assert_product(c, a, b)


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(5, 3, 7), (1, 40, 33), (70, 65, 130)])
def test_stored_in_half_precision(shape, layout, stored):
    a, b, c = operands(*shape, layout, stored)
    Product(described(a, b, c, stored=stored))(a, b, c)
    assert_product(c, a, b)


def test_packed_for_two_products_of_different_heights():
    a, b, c = operands(64, 100, 30, "NT")
    tall = Product(described(a, b, c, keep_b=True))
    tall.pack(b)
    last = described(a[:3], b, c[:3], keep_b=True)
    plan = plan_gemm(last, default(), columns=tall.functions.plan.columns)
    short = Product(last, plan=plan)
    short.packed = tall.packed
    short.multiply(a[:3], np.empty(0), c[:3])
    assert_product(c[:3], a[:3], b)


def test_packed_layout():
    a, b, c = operands(64, 101, 30, "NT")
    product = Product(described(a, b, c, keep_b=True))
    product.pack(b)
    columns = product.functions.plan.columns
    packed = product.packed.view(np.float32)
    for k, n in [(0, 0), (29, 100), (3, columns - 1), (7, columns), (11, 50)]:
        assert packed[((n // columns) * 30 + k) * columns + n % columns] == b[k, n]
    assert packed.size % columns == 0
    assert np.all(packed.reshape(-1, 30, columns)[-1, :, 101 % columns :] == 0)


def test_no_plan_has_panels_of_that_width():
    with pytest.raises(ValueError, match="no plan for these shapes has panels of 7 columns"):
        plan_gemm(described(*operands(64, 100, 30)), default(), columns=7)


@pytest.mark.parametrize("shape", [(1, 700, 400), (2, 900, 203), (4, 1500, 100), (700, 1, 400)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_large_operand_read_once(shape, layout):
    a, b, c = operands(*shape, layout)
    Product(described(a, b, c))(a, b, c)
    assert_product(c, a, b)
