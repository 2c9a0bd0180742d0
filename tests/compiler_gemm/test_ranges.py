"""Tasks dealt out in any number of ranges give the same bits."""

import numpy as np
import pytest

from tests.compiler_gemm.products import Product, described, operands

SHAPES = [(300, 200, 150), (512, 64, 40), (64, 900, 300), (40, 30, 3000), (8, 1000, 64)]


@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("shape", SHAPES)
def test_bits_do_not_depend_on_ranges(shape, layout):
    a, b, c = operands(*shape, layout)
    product = Product(described(a, b, c))
    product(a, b, c)
    for ranges in (2, 3, 8, 100):
        again = np.full_like(c, np.nan)
        product(a, b, again, ranges)
        np.testing.assert_array_equal(again.view(np.int32), c.view(np.int32))


@pytest.mark.parametrize("options", [{"keep_b": True}, {"stored": "float16"}])
def test_nor_with_batches_and_packing(options):
    a, b, c = operands(70, 50, 33, dtype="float16" if "stored" in options else "float32", batch=4)
    product = Product(described(a, b, c, **options))
    product(a, b, c)
    for ranges in (2, 3, 8):
        again = np.full_like(c, np.nan)
        product(a, b, again, ranges)
        np.testing.assert_array_equal(again.view(np.int32), c.view(np.int32))


def test_large_products_have_tasks_to_share():
    for shape in [(1024, 1024, 1024), (128, 512, 784), (4096, 32, 512), (64, 2048, 512)]:
        for layout in ("NN", "NT", "TN"):
            a, b, c = operands(*shape, layout)
            done = Product(described(a, b, c)).functions
            assert done.tasks >= 4
            assert done.task_cycles * done.tasks == pytest.approx(done.plan.cycles)
