"""Products beside PyTorch: values, types, strides, graphs, gradients of both orders, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers

RANDOM = np.random.default_rng(3)
KINDS = (RuntimeError, ValueError, TypeError, IndexError)


def values(shape, dtype):
    if dtype.startswith("complex"):
        return np.asarray(RANDOM.normal(size=shape) + 1j * RANDOM.normal(size=shape)).astype(dtype)
    if dtype.startswith("float"):
        return np.asarray(RANDOM.normal(size=shape)).astype(dtype)
    return np.asarray(RANDOM.integers(-5, 6, size=shape)).astype(dtype)


def operands(module, arrays, transposed, leaves):
    found = []
    for place, array in enumerate(arrays):
        if place in transposed and array.ndim >= 2:
            whole = module.from_numpy(np.ascontiguousarray(array.swapaxes(-1, -2)))
            x = whole.transpose(-1, -2).detach()
        else:
            x = module.from_numpy(array.copy())
        found.append(x.requires_grad_() if leaves else x)
    return found


def attempt(function, module, tensors):
    try:
        return function(module, *tensors)
    except KINDS as error:
        return [kind for kind in KINDS if isinstance(error, kind)]


def close(ours, theirs, dtype):
    tolerance = {"float64": 1e-11, "complex128": 1e-11, "float32": 1e-5, "float16": 5e-3}
    limit = tolerance.get(dtype, 0)
    theirs = theirs.detach().resolve_conj().numpy()
    np.testing.assert_allclose(ours.detach()._array, theirs, rtol=limit, atol=10 * limit)


def chain(node, depth):
    if node is None:
        return None
    name = node.name().removeprefix("torch::autograd::")
    return (name, *(chain(n, depth - 1) for n, _ in node.next_functions)) if depth else name


def compare(function, shapes, dtype="float64", transposed=(), layout=True):
    arrays = [values(shape, dtype) for shape in shapes]
    leaves = dtype.startswith(("float", "complex"))
    xs, ys = operands(fb, arrays, transposed, leaves), operands(torch, arrays, transposed, leaves)
    ours, theirs = attempt(function, fb, xs), attempt(function, torch, ys)
    if isinstance(theirs, list) or isinstance(ours, list):
        assert ours == theirs
        return
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    close(ours, theirs, dtype)
    if layout:
        assert not theirs.numel() or ours.stride() == theirs.stride()
    if leaves:
        if layout:
            assert chain(ours.grad_fn, 3) == chain(theirs.grad_fn, 3)
        compare_gradients(ours, theirs, xs, ys, dtype)


def compare_gradients(ours, theirs, xs, ys, dtype):
    direction = values(tuple(theirs.shape), dtype)
    first = fb.autograd.grad(ours, xs, fb.from_numpy(direction), create_graph=True)
    expected = torch.autograd.grad(theirs, ys, torch.from_numpy(direction), create_graph=True)
    for a, b in zip(first, expected, strict=True):
        assert str(a.dtype) == str(b.dtype)
        close(a, b, dtype)
    if dtype != "float64" or not any(g.requires_grad for g in expected):
        return
    total = sum((g * g * g).sum() for g in first)
    goal = sum((g * g * g).sum() for g in expected)
    second = fb.autograd.grad(total, xs, allow_unused=True)
    for a, b in zip(second, torch.autograd.grad(goal, ys, allow_unused=True), strict=True):
        if b is not None and a is not None:
            close(a, b, dtype)
        else:
            assert a is None or not a._array.any()
            assert b is None or not b.any()


DTYPES = ("float64", "float32", "complex128", "float16", "int64", "uint8")
LAYOUTS = ((), (0,), (1,), (0, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposed", LAYOUTS)
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("mm", ((4, 3), (3, 2))),
        ("mm", ((0, 3), (3, 2))),
        ("mm", ((4, 0), (0, 2))),
        ("mm", ((4, 3), (4, 3))),
        ("mm", ((3,), (3, 2))),
        ("mv", ((4, 3), (3,))),
        ("mv", ((4, 0), (0,))),
        ("mv", ((4, 3), (4,))),
        ("bmm", ((2, 4, 3), (2, 3, 5))),
        ("bmm", ((2, 4, 3), (1, 3, 5))),
        ("dot", ((3,), (3,))),
        ("dot", ((3,), (4,))),
        ("vdot", ((3,), (3,))),
        ("outer", ((3,), (4,))),
        ("addmm", ((4, 2), (4, 3), (3, 2))),
        ("addmm", ((2,), (4, 3), (3, 2))),
        ("addmm", ((5,), (4, 3), (3, 2))),
        ("addmv", ((4,), (4, 3), (3,))),
        ("addr", ((4, 3), (4,), (3,))),
        ("baddbmm", ((5,), (2, 4, 3), (2, 3, 5))),
        ("addbmm", ((4, 5), (2, 4, 3), (2, 3, 5))),
    ],
)
def test_products(name, shapes, transposed, dtype):
    # The sum of addr is elementwise, and follows the layout of what is added.
    layout = name != "addr" or not transposed
    compare(lambda m, *xs: getattr(m, name)(*xs), shapes, dtype, transposed, layout)


RANKS = [(), (3,), (4, 3), (3, 3), (2, 4, 3), (2, 3, 5), (1, 3, 5), (7, 2, 3, 3), (2, 1, 3, 3)]
# PyTorch folds a small first operand into the rows of a large second one; the graph's names differ.
FOLDED = [(x, y) for x, y in itertools.product(RANKS, RANKS) if len(x) in (1, 2) and len(y) > 2]


@pytest.mark.parametrize(("x", "y"), list(itertools.product(RANKS, RANKS)))
@pytest.mark.parametrize("transposed", LAYOUTS)
def test_matmul_of_all_ranks(x, y, transposed):
    plain = (x, y) not in FOLDED and not transposed
    compare(lambda m, a, b: m.matmul(a, b), (x, y), "float64", transposed, layout=plain)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (2, 2, 4, 3), (0, 3), (4, 2)])
def test_linear(shape, dtype):
    compare(lambda m, *xs: m.nn.functional.linear(*xs), (shape, (5, 3), (5,)), dtype)
    compare(lambda m, *xs: m.nn.functional.linear(*xs), (shape, (5, 3)), dtype)


@pytest.mark.parametrize("bias", [(1,), (), (4, 5), (4,)])
def test_linear_with_a_bias_of_another_shape(bias):
    shapes = ((4, 3), (5, 3), bias)
    compare(lambda m, *xs: m.nn.functional.linear(*xs), shapes, layout=False)


@pytest.mark.parametrize("beta", [0, 1, 0.5, -2])
@pytest.mark.parametrize("alpha", [1, 3, -0.5])
def test_factors(beta, alpha):
    for name, shapes in (
        ("addmm", ((4, 2), (4, 3), (3, 2))),
        ("addmv", ((4,), (4, 3), (3,))),
        ("addr", ((4, 3), (4,), (3,))),
        ("baddbmm", ((2, 4, 5), (2, 4, 3), (2, 3, 5))),
        ("addbmm", ((4, 5), (2, 4, 3), (2, 3, 5))),
    ):
        compare(
            lambda m, *xs, n=name: getattr(m, n)(*xs, beta=beta, alpha=alpha), shapes, layout=False
        )


@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64"])
@pytest.mark.parametrize(
    ("shapes", "dims"),
    [
        (((2, 3), (3, 4)), 1),
        (((2, 3, 4), (4, 3, 5)), ([1, 2], [1, 0])),
        (((2, 3), (2, 3)), 2),
        (((2, 3), (4,)), 0),
        (((2, 3), (1, 4)), 1),
        (((2, 3), (3, 2)), 2),
        (((2, 3), (3, 4)), -1),
        (((2, 3), (3, 4)), ([0, 1], [0])),
    ],
)
def test_tensordot(shapes, dims, dtype):
    compare(lambda m, a, b: m.tensordot(a, b, dims), shapes, dtype, layout=False)


@pytest.mark.parametrize("power", [1, 2, 3, 5, 8])
def test_matrix_power(power):
    compare(lambda m, x: m.matrix_power(x, power), ((3, 3),), layout=False)
    compare(lambda m, x: m.matrix_power(x, power), ((2, 3, 3),), layout=False)
    compare(lambda m, x: m.matrix_power(x, power), ((2, 3),), layout=False)


@pytest.mark.filterwarnings("ignore:torch.chain_matmul")
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("kron", ((2, 3), (4,))),
        ("kron", ((2,), (3, 2, 1))),
        ("inner", ((2, 3), (4, 3))),
        ("inner", ((2, 3), (4,))),
        ("inner", ((), (3,))),
        ("trace", ((2, 4),)),
        ("trace", ((3,),)),
        ("chain_matmul", ((2, 3), (3, 4), (4, 5))),
    ],
)
def test_products_made_of_others(name, shapes):
    compare(lambda m, *xs: getattr(m, name)(*xs), shapes, layout=False)


@pytest.mark.parametrize(
    ("shapes", "dim"),
    [(((3,), (3,)), 0), (((2, 3), (1, 3)), 1), (((3, 4), (3, 4)), 0), (((4,), (4,)), 0)],
)
def test_cross(shapes, dim):
    compare(lambda m, a, b: m.cross(a, b, dim), shapes)


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, float("inf"), -1.0])
@pytest.mark.parametrize("shapes", [((4, 3), (5, 3)), ((2, 4, 3), (5, 3)), ((4, 3), (5, 2))])
def test_cdist(p, shapes):
    arrays = [values(shape, "float64") for shape in shapes]
    xs, ys = operands(fb, arrays, (), True), operands(torch, arrays, (), True)
    ours = attempt(lambda m, a, b: m.cdist(a, b, p), fb, xs)
    theirs = attempt(lambda m, a, b: m.cdist(a, b, p), torch, ys)
    if isinstance(theirs, list):
        assert ours == theirs
        return
    close(ours, theirs, "float64")
    direction = values(tuple(theirs.shape), "float64")
    first = fb.autograd.grad(ours, xs, fb.from_numpy(direction))
    expected = torch.autograd.grad(theirs, ys, torch.from_numpy(direction))
    for a, b in zip(first, expected, strict=True):
        close(a, b, "float64")


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", ((2, 3), (3, 4))),
        ("ij,jk", ((2, 3), (3, 4))),
        ("ii", ((3, 3),)),
        ("ii->i", ((3, 3),)),
        ("ij->ji", ((2, 3),)),
        ("ij->", ((2, 3),)),
        ("ba", ((2, 3),)),
        ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
        ("...ij,...jk->...ik", ((6, 2, 3, 4), (2, 4, 5))),
        ("...ij,jk", ((2, 3, 4), (4, 5))),
        ("i,j->ij", ((3,), (4,))),
        ("i,i->", ((3,), (3,))),
        ("ij,ij->ij", ((2, 3), (2, 3))),
        ("bhid,bhjd->bhij", ((2, 2, 3, 4), (2, 2, 5, 4))),
        ("ijk,jl,kl->il", ((2, 3, 4), (3, 5), (4, 5))),
        ("ai,ai,ai->a", ((2, 3), (2, 3), (2, 3))),
        ("iij,j->i", ((3, 3, 2), (2,))),
        ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
        ("ij,kj->ik", ((2, 1), (4, 3))),
        ("a...b->b...a", ((2, 3, 4, 5),)),
        ("...->", ((2, 3),)),
        ("i...,i...", ((3, 2), (3, 2))),
        (" i j , j k -> k i ", ((2, 3), (3, 4))),
        ("Ab,bC->AC", ((2, 3), (3, 4))),
        (",", ((), ())),
        ("ij,jk->ik", ((0, 3), (3, 4))),
        ("ij,jk->ik", ((2, 0), (0, 4))),
        ("ij,jk->ik", ((2, 3), (4, 4))),
        ("ij->ijk", ((2, 3),)),
        ("ij->ii", ((2, 3),)),
        ("ij,jk->ik", ((2, 3),)),
        ("ijk", ((2, 3),)),
        ("i.j", ((2, 3),)),
        ("i1->i", ((2, 3),)),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64"])
def test_einsum(equation, shapes, dtype):
    compare(lambda m, *xs: m.einsum(equation, *xs), shapes, dtype, layout=False)


def test_einsum_of_lists():
    compare(lambda m, a, b: m.einsum(a, [0, 1], b, [1, 2], [0, 2]), ((2, 3), (3, 4)), layout=False)
    compare(lambda m, a, b: m.einsum(a, [30, 1], b, [1, 2]), ((2, 3), (3, 4)), layout=False)
    compare(
        lambda m, a, b: m.einsum(a, [..., 0, 1], b, [1, 2], [..., 2, 0]),
        ((5, 2, 3), (3, 4)),
        layout=False,
    )
