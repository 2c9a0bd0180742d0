"""The standard's functions beside NumPy's, which conform to it as well."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import array_api as xp
from flambeau.array_api.elementwise import BINARY, UNARY

RANDOM = np.random.default_rng(0)
FLOATS = RANDOM.uniform(0.1, 0.9, (3, 4))
OTHERS = RANDOM.uniform(0.1, 0.9, (3, 4))
WHOLE = RANDOM.integers(1, 9, (3, 4))
TRUTHS = RANDOM.integers(0, 2, (3, 4)).astype(bool)


def plain(x: Any) -> Any:
    """Tensors as arrays, in tuples too."""
    if isinstance(x, fb.Tensor):
        return x.numpy()
    if isinstance(x, (tuple, list)):
        return [plain(each) for each in x]
    return x


def check(ours: Any, theirs: Any) -> None:
    ours, theirs = plain(ours), plain(list(theirs) if isinstance(theirs, tuple) else theirs)
    if isinstance(ours, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            check(a, b)
        return
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, equal_nan=True)


def both(call: Any, *arrays: np.ndarray) -> None:
    check(call(xp, *[fb.from_numpy(a.copy()) for a in arrays]), call(np, *arrays))


def inputs(name: str) -> list[np.ndarray]:
    if name.startswith("bitwise_") or name in ("floor_divide", "remainder"):
        return [WHOLE, WHOLE.T.reshape(3, 4) % 5 + 1]
    if name.startswith("logical_"):
        return [TRUTHS, TRUTHS[::-1].copy()]
    if name == "acosh":
        return [FLOATS + 1, OTHERS]
    return [FLOATS, OTHERS]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array(name: str) -> None:
    both(lambda lib, x: getattr(lib, name)(x), inputs(name)[0])


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays(name: str) -> None:
    both(lambda lib, x, y: getattr(lib, name)(x, y), *inputs(name))


@pytest.mark.parametrize("name", ["add", "maximum", "multiply", "less", "pow"])
def test_numbers_beside_arrays(name: str) -> None:
    both(lambda lib, x: getattr(lib, name)(x, 2), FLOATS)
    both(lambda lib, x: getattr(lib, name)(2, x), FLOATS.astype(np.float32))
    both(lambda lib, x: getattr(lib, name)(x, 2), WHOLE.astype(np.int32))


def test_arrays_without_dimensions_count_in_full() -> None:
    x, y = np.ones(2, np.float32), np.asarray(2.0)
    both(lambda lib, x, y: lib.add(x, y), x, y)
    both(lambda lib, x, y: lib.where(x > 0, x, y), x, y)


CALLS = {
    "clip": lambda lib, x: [lib.clip(x, 0.2, None), lib.clip(x, None, 0.5), lib.clip(x, 0.2, 0.5)],
    "complex": lambda lib, x: [lib.real(x + 1j * x), lib.imag(x + 1j * x), lib.conj(x + 2j * x)],
    "reductions": lambda lib, x: [
        f(x, axis=axis, keepdims=k)
        for f in (lib.sum, lib.prod, lib.max, lib.min, lib.mean)
        for axis in (None, 0, (0, 1), -1)
        for k in (False, True)
    ],
    "spread": lambda lib, x: [
        f(x, axis=axis, correction=c)
        for f in (lib.std, lib.var)
        for axis in (None, 1)
        for c in (0, 1)
    ],
    "truth": lambda lib, x: [
        f(x > 0.5, axis=axis) for f in (lib.all, lib.any, lib.count_nonzero) for axis in (None, 0)
    ],
    "places": lambda lib, x: [
        f(x, axis=axis, keepdims=k)
        for f in (lib.argmax, lib.argmin)
        for axis in (None, 0)
        for k in (False, True)
    ],
    "cumulative": lambda lib, x: [
        f(x, axis=axis, include_initial=i)
        for f in (lib.cumulative_sum, lib.cumulative_prod)
        for axis in (0, -1)
        for i in (False, True)
    ],
    "diff": lambda lib, x: [lib.diff(x), lib.diff(x, axis=0, n=2), lib.diff(x, prepend=x)],
    "order": lambda lib, x: [
        lib.sort(x), lib.sort(x, axis=0), lib.argsort(x), lib.argsort(x, axis=0),
    ],
    "nonzero": lambda lib, x: lib.nonzero(x > 0.5),
    "search": lambda lib, x: [
        lib.searchsorted(lib.sort(x[0]), x[1], side=side) for side in ("left", "right")
    ],
    "shapes": lambda lib, x: [
        lib.broadcast_to(x, (2, 3, 4)),
        lib.concat([x, x], axis=1),
        lib.concat([x, x], axis=None),
        lib.stack([x, x], axis=-1),
        lib.expand_dims(x, axis=1),
        lib.squeeze(lib.expand_dims(x, axis=1), 1),
        lib.flip(x),
        lib.flip(x, axis=1),
        lib.moveaxis(x, 0, 1),
        lib.permute_dims(x, (1, 0)),
        lib.repeat(x, 2),
        lib.repeat(x, 2, axis=1),
        lib.reshape(x, (4, 3)),
        lib.reshape(x, (4, 3), copy=True),
        lib.roll(x, 1),
        lib.roll(x, 1, axis=0),
        lib.roll(x, (1, 2), axis=(0, 1)),
        lib.tile(x, (2, 1)),
    ],
    "parts": lambda lib, x: [
        *lib.unstack(x, axis=1), *lib.broadcast_arrays(x, x[0]), *lib.meshgrid(x[0], x[:, 0]),
        *lib.meshgrid(x[0], x[:, 0], indexing="ij"),
    ],
    "products": lambda lib, x: [
        lib.matmul(x, lib.matrix_transpose(x)), lib.tensordot(x, x, axes=2),
        lib.tensordot(x, x, axes=((0,), (0,))), lib.vecdot(x, x), lib.vecdot(x, x, axis=0),
    ],
    "triangles": lambda lib, x: [lib.tril(x, k=1), lib.triu(x, k=-1)],
    "likes": lambda lib, x: [
        lib.zeros_like(x), lib.ones_like(x, dtype=lib.int32), lib.full_like(x, 3),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_functions_of_arrays(name: str) -> None:
    both(CALLS[name], FLOATS)


def test_integers_are_summed_in_64_bits() -> None:
    both(
        lambda lib, x: [lib.sum(x), lib.prod(x), lib.cumulative_sum(x, axis=0)], WHOLE.astype("i2")
    )
    both(lambda lib, x: [lib.sum(x), lib.sum(x, axis=0)], WHOLE.astype("u1"))
    both(lambda lib, x: lib.sum(x, dtype=lib.float32), WHOLE)


def test_no_axes_means_no_reduction() -> None:
    both(lambda lib, x: [lib.sum(x, axis=()), lib.max(x, axis=()), lib.mean(x, axis=())], FLOATS)


def test_elements_by_index() -> None:
    places = np.asarray([2, 0])
    both(lambda lib, x, i: lib.take(x, i, axis=0), FLOATS, places)
    both(lambda lib, x, i: lib.take(x, i), FLOATS[0], places)
    both(lambda lib, x, i: lib.take_along_axis(x, i, axis=0), FLOATS, np.argsort(FLOATS, axis=0))
    with pytest.raises(ValueError, match="take: the axis is missing"):
        xp.take(fb.ones(2, 2), fb.tensor([0]))


def test_creation() -> None:
    def made(lib: Any) -> list[Any]:
        return [
            lib.arange(5), lib.arange(1, 5, 2), lib.arange(5, 1),
            lib.arange(0.0, 1.0, 0.25, dtype=lib.float64),
            lib.zeros(3, dtype=lib.int8), lib.ones((2, 3), dtype=lib.float32), lib.full((2,), 7),
            lib.full(2, True), lib.eye(3, dtype=lib.float64), lib.eye(2, 4, k=1, dtype=lib.int64),
            lib.eye(2, 3, k=9, dtype=lib.float32),
            lib.linspace(0, 1, 5, dtype=lib.float64),
            lib.linspace(0, 1, 5, endpoint=False, dtype=lib.float64),
            lib.asarray([[1, 2]]), lib.asarray([True]), lib.asarray(2.0, dtype=lib.float32),
        ]  # fmt: skip

    check(made(xp), made(np))
    assert xp.empty((2, 0)).shape == xp.empty_like(fb.ones(2, 0)).shape == (2, 0)
    source = np.ones(3)
    shared = xp.from_dlpack(source)
    source[0] = 5
    assert shared[0] == 5


def test_sets_of_values() -> None:
    x = np.asarray([[3.0, 1.0, 3.0], [2.0, 1.0, 0.5]])
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        ours, theirs = getattr(xp, name)(fb.from_numpy(x)), getattr(np, name)(x)
        assert ours._fields == theirs._fields
        check(list(ours), list(theirs))
    both(lambda lib, x: lib.unique_values(x), x)


def test_descending_order() -> None:
    x = fb.tensor([1.0, 3.0, 2.0, 3.0])
    assert xp.sort(x, descending=True).tolist() == [3, 3, 2, 1]
    assert xp.argsort(x, descending=True).tolist() == [1, 3, 2, 0]


KINDS = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "numeric"]
TYPES = ["bool", "int8", "uint8", "int32", "int64", "float32", "float64", "complex64"]


def test_types() -> None:
    for name in TYPES:
        ours, theirs = getattr(xp, name), np.dtype(name)
        for kind in [*KINDS, "complex floating", ("bool", "integral")]:
            assert xp.isdtype(ours, kind) == np.isdtype(theirs, kind)
        assert xp.isdtype(ours, ours)
    assert xp.result_type(xp.int8, fb.ones(2, dtype=fb.int32)) == xp.int32
    assert xp.result_type(xp.float32, 1.0, 2) == xp.float32
    assert xp.result_type(xp.float32, 1j) == xp.complex64
    assert xp.can_cast(xp.int8, xp.int64)
    assert not xp.can_cast(xp.int64, xp.int8)
    assert xp.finfo(fb.ones(1)).eps == np.finfo(np.float32).eps
    assert xp.iinfo(xp.int8).max == 127
    x = fb.ones(2)
    assert xp.astype(x, xp.float32, copy=False) is x
    assert xp.astype(x, xp.float32) is not x
    assert xp.astype(x, xp.int64).dtype == xp.int64
    with pytest.raises(ValueError, match="isdtype: no such kind"):
        xp.isdtype(xp.int8, "whole")
    with pytest.raises(ValueError, match="result_type: nothing has a type"):
        xp.result_type(1, 2.0)


def test_information() -> None:
    info = xp.__array_namespace_info__()
    assert info.devices() == [info.default_device()] == [fb.device("cpu")]
    assert info.default_dtypes()["real floating"] == fb.float32
    assert set(info.dtypes()) == set(np.__array_namespace_info__().dtypes())
    assert set(info.dtypes(kind="integral")) == {
        f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)
    }
    assert info.capabilities()["boolean indexing"]


def test_arrays_lead_to_the_namespace() -> None:
    x = fb.ones(2)
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="no such version of the standard"):
        x.__array_namespace__(api_version="1999.12")
    assert x.to_device("cpu") is x
    with pytest.raises(RuntimeError, match="only the CPU"):
        x.to_device("cuda")


SQUARE = FLOATS[:, :3] @ FLOATS[:, :3].T + np.eye(3)
LINEAR = {
    "cholesky": lambda lib, x: [lib.cholesky(x), lib.cholesky(x, upper=True)],
    "numbers": lambda lib, x: [
        lib.det(x), lib.trace(x), lib.trace(x, offset=1), lib.matrix_norm(x), lib.vector_norm(x),
        lib.vector_norm(x, axis=0, ord=1), lib.matrix_norm(x, ord=1, keepdims=True),
    ],
    "vectors": lambda lib, x: [lib.cross(x, x + 1), lib.outer(x[0], x[1]), lib.diagonal(x)],
    "inverse": lambda lib, x: [lib.inv(x), lib.pinv(x), lib.solve(x, x), lib.solve(x, x[0])],
    "powers": lambda lib, x: [lib.matrix_power(x, 3), lib.matrix_power(x, -1)],
    "values": lambda lib, x: [lib.eigvalsh(x), lib.svdvals(x), *lib.slogdet(x)],
}  # fmt: skip


@pytest.mark.parametrize("name", LINEAR)
def test_linear_algebra(name: str) -> None:
    both(lambda lib, x: LINEAR[name](lib.linalg, x), SQUARE)


def test_decompositions_give_back_the_matrix() -> None:
    x = fb.from_numpy(FLOATS)
    q, r = xp.linalg.qr(x)
    check(q @ r, FLOATS)
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    check((u * s) @ vh, FLOATS)
    square = fb.from_numpy(SQUARE)
    values, vectors = xp.linalg.eigh(square)
    check((vectors * values) @ vectors.T, SQUARE)
    assert xp.linalg.matrix_rank(square).item() == 3
    assert xp.linalg.matmul is xp.matmul


def test_fourier_transforms() -> None:
    def made(lib: Any, x: Any) -> list[Any]:
        f = lib.fft
        whole = f.fft(x)
        return [
            whole, f.ifft(whole), f.rfft(x), f.irfft(f.rfft(x)), f.fftn(x), f.ifftn(f.fftn(x)),
            f.rfftn(x), f.irfftn(f.rfftn(x)), f.ihfft(x), f.hfft(f.ihfft(x)),
            f.fft(x, n=6, axis=0, norm="ortho"), f.fftshift(x), f.ifftshift(x, axes=1),
        ]  # fmt: skip

    both(made, FLOATS)
    check(xp.fft.fftfreq(5, d=0.5, dtype=xp.float64), np.fft.fftfreq(5, d=0.5))
    check(xp.fft.rfftfreq(5, dtype=xp.float64), np.fft.rfftfreq(5))


NAMES = """
    abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2
    atanh bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
    broadcast_arrays broadcast_to can_cast ceil clip concat conj copysign cos cosh count_nonzero
    cumulative_prod cumulative_sum diff divide empty empty_like equal exp expand_dims expm1 eye
    finfo flip floor floor_divide from_dlpack full full_like greater greater_equal hypot iinfo imag
    isdtype isfinite isinf isnan less less_equal linspace log log10 log1p log2 logaddexp logical_and
    logical_not logical_or logical_xor matmul matrix_transpose max maximum mean meshgrid min minimum
    moveaxis multiply negative nextafter nonzero not_equal ones ones_like permute_dims positive pow
    prod real reciprocal remainder repeat reshape result_type roll round searchsorted sign signbit
    sin sinh sort sqrt square squeeze stack std subtract sum take take_along_axis tan tanh tensordot
    tile tril triu trunc unique_all unique_counts unique_inverse unique_values unstack var vecdot
    where zeros zeros_like
"""


def test_every_name_of_the_standard_is_there() -> None:
    standard = set(NAMES.split())
    assert standard - set(dir(np)) == set()  # the list has no name that NumPy does not know
    assert standard - set(dir(xp)) == set()
    assert all(inspect.getdoc(getattr(xp, name)) for name in standard)
