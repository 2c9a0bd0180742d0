"""Datasets, splits and collation."""

from collections import OrderedDict, UserDict, namedtuple

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    default_collate,
    default_convert,
    random_split,
)  # fmt: skip

Point = namedtuple("Point", ["x", "y"])


class Letters(IterableDataset):
    def __init__(self, text):
        self.text = text

    def __iter__(self):
        return iter(self.text)

    def __len__(self):
        return len(self.text)


def test_tensor_dataset():
    x, y = fb.arange(6).view(3, 2), fb.arange(3)
    dataset = TensorDataset(x, y)
    assert len(dataset) == 3
    assert [t.tolist() for t in dataset[-1]] == [[4, 5], 2]
    with pytest.raises(AssertionError) as raised:
        TensorDataset(x, fb.arange(4))
    assert str(raised.value) == (
        "TensorDataset: tensors have different numbers of rows\n"
        "  expected: the same size in the first dimension\n"
        "  got:      (3, 2), (4,)"
    )


def test_concat_and_chain():
    both = ConcatDataset([[1, 2], [], [3]])
    assert [both[i] for i in range(-3, 3)] == [1, 2, 3, 1, 2, 3]
    assert both.cumulative_sizes == [2, 2, 3]
    with pytest.raises(ValueError, match="ConcatDataset: index out of range"):
        both[-4]
    with pytest.raises(AssertionError, match="ConcatDataset: datasets by index are needed"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ChainDataset joins iterable-style"):
        ConcatDataset([Letters("a")])
    chained = Letters("ab") + Letters("c")
    assert (list(chained), len(chained)) == (["a", "b", "c"], 3)
    with pytest.raises(AssertionError, match="ChainDataset: iterable-style datasets are needed"):
        list(ChainDataset([[1]]))
    assert len(TensorDataset(fb.ones(2)) + TensorDataset(fb.ones(3))) == 5


def test_stack():
    pairs = StackDataset([1, 2], Subset("abc", [2, 0]))
    assert (pairs[1], pairs.__getitems__([1, 0])) == ((2, "a"), [(2, "a"), (1, "c")])
    named = StackDataset(n=[1, 2], t=Subset("abc", [2, 0]))
    assert named.__getitems__([0]) == [{"n": 1, "t": "c"}]
    for arguments, names in [((), {}), (([1],), {"a": [1]}), (([1], [1, 2]), {})]:
        with pytest.raises(ValueError, match="StackDataset: datasets"):
            StackDataset(*arguments, **names)


def test_abstract_classes_need_what_they_are_for():
    with pytest.raises(TypeError):
        IterableDataset()
    with pytest.raises(TypeError):
        Dataset()[0]


def test_random_split():
    parts = random_split(range(10), [3, 7], fb.Generator().manual_seed(42))
    assert [list(part) for part in parts] == [[2, 6, 1], [8, 4, 5, 0, 9, 3, 7]]
    parts = random_split(range(10), [0.33, 0.33, 0.34], fb.Generator().manual_seed(42))
    assert [len(part) for part in parts] == [4, 3, 3]
    with pytest.warns(UserWarning, match="part 1 has no samples"):
        random_split(range(2), [0.9, 0.1])
    for lengths in ([3, 3], [0.5, 0.2], [1.5, -0.5]):
        with pytest.raises(ValueError, match="random_split: "):
            random_split(range(10), lengths)


COLLATED = [
    ([1, 2], fb.tensor([1, 2])),
    ([1.5, 2], fb.tensor([1.5, 2], dtype=fb.float64)),
    ([True, False], fb.tensor([1, 0]).bool()),
    ([fb.ones(2), fb.zeros(2)], fb.tensor([[1.0, 1], [0, 0]])),
    ([np.ones(2, "i4"), np.zeros(2, "i4")], fb.tensor([[1, 1], [0, 0]], dtype=fb.int32)),
    ([np.float32(1), np.float32(2)], fb.tensor([1.0, 2])),
    (["a", "b"], ["a", "b"]),
    ([b"a"], [b"a"]),
    ([(1, "a"), (2, "b")], [fb.tensor([1, 2]), ("a", "b")]),
    ([[1, 2], [3, 4]], [fb.tensor([1, 3]), fb.tensor([2, 4])]),
    ([{"a": 1}, {"a": 2}], {"a": fb.tensor([1, 2])}),
    ([OrderedDict(a=1), OrderedDict(a=2)], OrderedDict(a=fb.tensor([1, 2]))),
    ([UserDict(a=1), UserDict(a=2)], UserDict(a=fb.tensor([1, 2]))),
    ([Point(1, 2.0), Point(3, 4.0)], Point(fb.tensor([1, 3]), fb.tensor([2.0, 4]).double())),
    ([{"a": ({"b": 1},)}] * 2, {"a": [{"b": fb.tensor([1, 1])}]}),
]


def assert_alike(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, fb.Tensor):
        assert found.dtype is expected.dtype
        assert found.tolist() == expected.tolist()
    elif isinstance(expected, (dict, UserDict)):
        assert list(found) == list(expected)
        for key in expected:
            assert_alike(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_alike(a, b)
    else:
        assert found == expected


@pytest.mark.parametrize(("samples", "expected"), COLLATED)
def test_collate(samples, expected):
    assert_alike(default_collate(samples), expected)


def test_what_cannot_be_collated():
    with pytest.raises(TypeError) as raised:
        default_collate([{1}])
    assert str(raised.value) == (
        "default_collate: samples of this type cannot be stacked\n"
        "  expected: tensors, NumPy arrays, numbers, text, dicts, lists and tuples\n"
        "  got:      builtins.set\n"
        "  help:     pass a collate_fn of your own"
    )
    with pytest.raises(RuntimeError, match="default_collate: samples have different lengths"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="arrays of this type cannot be stacked"):
        default_collate([np.array(["a"])])
    with pytest.raises(RuntimeError):
        default_collate([fb.ones(2), fb.ones(3)])


def test_collated_samples_keep_their_graph():
    x = fb.ones(2, requires_grad=True)
    default_collate([x, 2 * x]).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_convert():
    found = default_convert([np.ones(1), ("a", np.int64(2)), {"k": Point(1, np.zeros(1))}])
    expected = [
        fb.ones(1, dtype=fb.float64),
        ["a", fb.tensor(2)],
        {"k": Point(1, fb.zeros(1, dtype=fb.float64))},
    ]
    assert_alike(found, expected)
    text = np.array(["a"])
    assert default_convert(text) is text
