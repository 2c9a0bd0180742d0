"""Every size of tail up to two tiles, for each form of kernel, without a byte out of bounds."""

import ctypes
import mmap

import numpy as np
import pytest

from flambeau.compiler.llvm import default
from flambeau.compiler.loops.gemm_plan import plan_gemm
from tests.compiler_gemm.products import Product, assert_product, described, operands

PAGE = mmap.PAGESIZE


class Fenced:
    """An array whose last byte is the last of a page, with an unreadable page behind it."""

    def __init__(self, values: np.ndarray) -> None:
        pages = -(-values.nbytes // PAGE) + 1
        self.map = mmap.mmap(-1, pages * PAGE)
        whole = np.frombuffer(self.map, np.uint8)
        start = (pages - 1) * PAGE - values.nbytes
        self.array = whole[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
        self.array[...] = values
        self.fence = whole.ctypes.data + (pages - 1) * PAGE
        self.protect(0)

    def protect(self, access: int) -> None:
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        assert protect(ctypes.c_void_p(self.fence), ctypes.c_size_t(PAGE), access) == 0


def fenced_product(m, n, k, layout, dtype="float32", **options):
    """Computes a product of operands that end where memory ends."""
    a, b, c = operands(m, n, k, layout, dtype)
    fences = [Fenced(a if layout[0] == "N" else a.T), Fenced(b if layout[1] == "N" else b.T)]
    inner = [f.array if how == "N" else f.array.T for f, how in zip(fences, layout, strict=True)]
    fences.append(Fenced(c))
    inner.append(fences[2].array)
    product = Product(described(*inner, **options))
    product(*inner)
    assert_product(inner[2], a, b)
    return product.functions.plan


@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("columns", [3, 21, 40])
def test_tails_of_rows(layout, columns):
    plan = fenced_product(60, columns, 19, layout)
    for rows in range(1, 2 * plan.rows + 1):
        fenced_product(rows, columns, 19, layout)


@pytest.mark.parametrize("layout", ["NN", "NT"])
@pytest.mark.parametrize("rows", [1, 6, 13])
def test_tails_of_columns(layout, rows):
    lanes = default().lanes(32)
    for columns in range(1, 4 * lanes + 1):
        fenced_product(rows, columns, 9, layout)


@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("shape", [(5, 3), (9, 20), (1, 1), (1, 40)])
def test_tails_of_the_reduction(layout, shape):
    lanes = default().lanes(32)
    for depth in range(1, 2 * lanes + 2):
        fenced_product(*shape, depth, layout)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("extra", [-1, 0, 1, 17])
@pytest.mark.parametrize("layout", ["NN", "TT"])
def test_blocks_of_the_reduction(dtype, extra, layout):
    gemm = described(*operands(90, 70, 4000, "NN", dtype))
    block = plan_gemm(gemm, default()).depth_block
    assert block < 4000
    fenced_product(90, 70, 3 * block + extra, layout, dtype)


@pytest.mark.parametrize("shape", [(7, 9, 11), (25, 60, 33)])
@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
def test_packed_tails(shape, layout):
    fenced_product(*shape, layout, keep_b=True)
