"""Epilogues and prologues give the same result whichever way a product is computed."""

from dataclasses import replace

import numpy as np
import pytest

from flambeau.compiler.llvm import default
from flambeau.compiler.loops.gemm_plan import plan_gemm
from tests.compiler_gemm.hooks import BiasResidualRectify, Masked, RowScale
from tests.compiler_gemm.products import (
    Product,
    address,
    assert_product,
    described,
    operands,
    random,
)

SHAPES = [
    (20, 33, 17),
    (1, 40, 30),
    (30, 1, 40),
    (9, 3, 64),
    (100, 32, 3),
    (60, 50, 2000),
    (2, 900, 203),
    (4, 5, 0),
]
LAYOUTS = ["NN", "NT", "TN", "TT"]


def rectified(a, b, c, dtype, plan=None):
    """Runs bias, residual and rectifier; returns what they should give, and what C saw."""
    m, n = c.shape[-2:]
    bias, residual = random((n,), dtype, 5), random(c.shape, dtype, 6)
    seen = np.zeros(c.shape, c.dtype)
    gemm = described(a, b, c, epilogue=BiasResidualRectify(m, n))
    Product(gemm, plan=plan)(a, b, c, hooks=[address(x) for x in (bias, residual, seen)])
    assert_product(seen, a, b)
    return np.maximum(seen + bias + residual, 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bias_residual_rectifier(shape, layout, dtype):
    a, b, c = operands(*shape, layout, dtype)
    expected = rectified(a, b, c, dtype)
    np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_batches(layout):
    a, b, c = operands(20, 33, 17, layout, batch=3)
    expected = rectified(a, b, c, "float32")
    np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("shape", [(20, 33, 17), (33, 2, 40), (60, 50, 1100)])
def test_result_in_either_order(shape):
    a, b, c = operands(*shape, "NN")
    turned = np.full(shape[1::-1], np.nan, np.float32).T
    expected = rectified(a, b, c, "float32")
    np.testing.assert_array_equal(c, expected)
    expected = rectified(a, b, turned, "float32")
    np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize("packed", ["none", "task", "shared"])
@pytest.mark.parametrize("chains", [1, 2])
def test_every_way_of_packing(packed, chains):
    a, b, c = operands(50, 70, 90, "NN")
    plan = plan_gemm(described(a, b, c), default())
    plan = replace(plan, pack_b=packed, chains=chains, depth_block=90 if chains > 1 else 48)
    plan = replace(plan, task_rows=50 if packed == "task" else plan.rows, task_columns=plan.columns)
    plan = replace(plan, task_rows=-(-50 // plan.rows) * plan.rows)
    for pack_a in ("none", "task"):
        expected = rectified(a, b, c, "float32", replace(plan, pack_a=pack_a))
        np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", ["NN", "TT"])
def test_factor_for_each_row(shape, layout):
    a, b, c = operands(*shape, layout)
    plain = np.empty_like(c)
    Product(described(a, b, c))(a, b, plain)
    scale = random((shape[0],), seed=7)
    Product(described(a, b, c, epilogue=RowScale()))(a, b, c, hooks=[address(scale)])
    np.testing.assert_array_equal(c, plain * scale[:, None])


@pytest.mark.parametrize(
    "shape", [(20, 33, 17), (1, 40, 30), (30, 1, 40), (9, 3, 64), (60, 50, 2000)]
)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("batch", [None, 2])
def test_masks_on_both_operands(shape, layout, batch):
    m, n, k = shape
    a, b, c = operands(m, n, k, layout, batch=batch)
    mask_a, mask_b = random(a.shape, seed=8), random(b.shape, seed=9)
    hooks = {"a_prologue": Masked("mask_a", m, k), "b_prologue": Masked("mask_b", k, n)}
    product = Product(described(a, b, c, **hooks))
    known = {"mask_a": address(mask_a), "mask_b": address(mask_b)}
    done = product.functions
    product(
        a, b, c,
        hooks=[known[name] for _, name in done.parameters],
        pack_hooks=[known[name] for _, name in done.pack_parameters],
    )  # fmt: skip
    assert_product(c, np.where(mask_a > 0, a, 0), np.where(mask_b > 0, b, 0))
