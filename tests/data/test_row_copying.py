"""Native copies of rows equal NumPy's, errors included."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.data import row_copying
from flambeau.data.gathering import gather_of
from flambeau.data.row_copying import row_copier
from flambeau.utils.data import DataLoader, TensorDataset, default_collate

CHANCE = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _small_arrays_count_as_large(monkeypatch):
    monkeypatch.setattr(row_copying, "LEAST_BYTES", 0)


def rows(dtype, shape):
    kind = fb.bfloat16.numpy if dtype == "bfloat16" else np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    return CHANCE.integers(0, 64, size, np.uint8).view(kind).reshape(shape)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16", "uint8", "bfloat16"])
@pytest.mark.parametrize("sizes", [(512,), (520,), (3, 8, 41), (1, 1000)])
def test_rows_are_those_that_numpy_takes(dtype, sizes):
    array = rows(dtype, (30, *sizes))
    copy = row_copier(array)
    assert copy is not None
    for indices in (np.arange(30), CHANCE.integers(-30, 30, 7), np.arange(0)):
        found = copy(array, indices)
        assert (found.dtype, found.shape) == (array.dtype, (indices.size, *sizes))
        assert found.tobytes() == array.take(indices, 0).tobytes()


def test_indices_out_of_range_are_refused():
    array = rows("float32", (5, 256))
    copy = row_copier(array)
    for wrong in (5, -6, 2**62, -(2**63)):
        with pytest.raises(IndexError):
            copy(array, np.array([1, wrong]))


def test_what_is_not_as_expected_goes_to_numpy():
    array = rows("float32", (5, 256))
    copy = row_copier(array)
    for other in (array[::-1], array.astype(np.float64), array[:, :7], array[:3]):
        assert (copy(other, np.array([2, 1])).tobytes()) == other[[2, 1]].tobytes()
    strided = np.arange(10)[4::-2]
    assert copy(array, strided).tobytes() == array[strided].tobytes()


def test_arrays_for_which_numpy_does_as_well(monkeypatch):
    assert row_copier(rows("float32", (5, 16))) is None
    assert row_copier(rows("uint8", (5, 1001))) is None
    assert row_copier(rows("float32", (512, 300)).T) is None
    assert row_copier(rows("complex64", (5, 256))) is None
    monkeypatch.setattr(row_copying, "LEAST_BYTES", 2**26)
    assert row_copier(rows("float32", (5, 256))) is None


def test_a_loader_gives_the_same_batches(monkeypatch):
    x, y = fb.from_numpy(rows("float32", (50, 300))), fb.arange(50)
    found = []
    for least in (0, 2**26):
        monkeypatch.setattr(row_copying, "LEAST_BYTES", least)
        fb.manual_seed(1)
        found.append(list(DataLoader(TensorDataset(x, y), 8, shuffle=True)))
    for (a, b), (c, d) in zip(*found, strict=True):
        assert a.numpy().tobytes() == c.numpy().tobytes()
        assert b.tolist() == d.tolist()


def test_changes_of_the_tensor_are_seen():
    x = fb.zeros(4, 256)
    gather = gather_of(TensorDataset(x), default_collate)
    x[1] = 3.0
    assert gather(np.array([1]))[0].sum().item() == 768.0
