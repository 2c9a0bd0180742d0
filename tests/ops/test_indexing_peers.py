"""Indexing against PyTorch: reading, writing, derivatives and errors."""

import pytest

from tests.ops.expressions import assert_agrees

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

READING = """
x[0]
x[-1]
x[2]
x[1, 2, 3]
x[1, -1]
x[0, 0, 0, 0]
x[0:1]
x[:, 1:]
x[:, ::2]
x[:, -2:, 1:-1]
x[5:]
x[2:1]
x[:]
x[...]
x[..., 0]
x[0, ..., 1]
x[..., None]
x[None]
x[None, 0, :, None]
x[()]
x[::-1]
x[::0]
x[1.5]
x['a']
x[{1}]
s[...]
s[None]
s[()]
s[0]
s[True]
s[False]
x[True]
x[False]
x[True, 0]
x[:, True]
x[lib.tensor(True)]
s[lib.tensor(True)]
x[lib.tensor(1)]
x[lib.tensor(1), lib.tensor(2)]
x[lib.tensor(-3)]
x[lib.tensor(0.5)]
x[lib.tensor([0, 1, 0])]
x[lib.tensor([0, -1])]
x[lib.tensor([0, 2])]
x[[0, 1, 1]]
x[[0, 1], [1, 2]]
x[[0, 1], [0, 1, 2]]
x[[0], [0, 1, 2]]
x[[[0, 1], [1, 2]]]
x[[0, slice(None)]]
x[[]]
x[i]
x[:, i]
x[:, i, 0]
x[0, i]
x[0, :, i]
x[:, 0, i]
x[i, :, i]
x[i, i]
x[i[:1], i]
x[None, i]
x[i, None]
x[..., i]
x[i, ...]
x[i, 1:]
x[1:, i]
x[:, :, lib.tensor([1, 1, 3])]
x[lib.tensor([[1], [0]]), lib.tensor([0, 2])]
x[lib.tensor([0, 1]), :, lib.tensor([0, 1])]
x[range(2)]
x[np.array([1, 0])]
x[np.int64(1)]
x[np.array(1)]
x[mask]
x[mask[0]]
x[mask[:, 0, 0]]
x[:, mask[0]]
x[:, mask[0, :, 0]]
x[0, mask[0]]
x[mask[0, :2, 0]]
x[lib.tensor([True, False]), 0]
x[lib.tensor([True, False]), lib.tensor([1])]
x[lib.tensor([True, True]), lib.tensor([1, 0])]
x[lib.tensor([True, True]), lib.tensor([1, 0, 2])]
x[:, [True, False, True]]
x[[True, False]]
x[[True, False, True]]
x[lib.tensor([1, 0], dtype=lib.int32)]
x[lib.tensor([1, 0], dtype=lib.int16)]
x[lib.tensor([1, 0], dtype=lib.int8)]
x[lib.tensor([0, 1], dtype=lib.uint8)]
x[lib.zeros(0, dtype=lib.int64)]
none[lib.zeros(0, dtype=lib.int64)]
none[0]
none[none > 0]
m.t()[[0, 2]]
m.t()[:, [0, 2]]
z[i]
z[0, i]
f[[0, 0, 1]]
n[[0, 0, 1]]
n[1:]
0.5 in f
1.0 in f
'a' in f
x.masked_select(mask)
x.masked_select(mask[0])
v.masked_select(mask)
x.masked_select(i)
x.masked_select(mask[:, :2])
mask.nonzero()
mask.nonzero(as_tuple=True)
lib.nonzero(n - 1)
lib.argwhere(mask)
s.nonzero()
(s * 0).nonzero()
s.nonzero(as_tuple=True)
lib.where(mask)
none.nonzero()
x.take(lib.tensor([0, 5, -1, 5]))
x.take(i)
x.transpose(0, 2).take(i)
x.take(lib.tensor([24]))
x.take(lib.tensor([0], dtype=lib.int32))
x.take(lib.tensor(3))
lib.take_along_dim(x, i.view(2, 3, 1), 2)
lib.take_along_dim(x, i.view(2, 3, 1)[:1], 2)
lib.take_along_dim(x, i)
lib.take_along_dim(x, i, 1)
""".strip().splitlines()


@pytest.mark.parametrize("expression", READING)
def test_reading_agrees(expression: str) -> None:
    assert_agrees(expression, torch, nodes=3)


# An index, and what is assigned there. The target is a copy of x that requires a gradient or not.
WRITING = [
    ("0", "1"),
    ("0", "2.5"),
    ("0, 1", "s"),
    ("0", "m"),
    ("0", "v"),
    ("0", "s"),
    ("0", "f"),
    ("0", "n"),
    ("0", "i"),
    ("0", "x[:1]"),
    ("...", "m"),
    ("()", "3"),
    (":, 1", "v"),
    (":, 1:, ::2", "s"),
    ("0:0", "1"),
    ("None", "m"),
    ("0", "[1, 2, 3]"),
    ("0", "np.ones(4)"),
    ("0", "'a'"),
    ("0", "None"),
    ("0", "2j"),
    ("5", "1"),
    ("::-1", "1"),
    ("[0, 1]", "1"),
    ("[0, 0]", "m"),
    ("[0]", "m"),
    ("[0, 1]", "x * 2"),
    ("[0, 1]", "f"),
    ("[0, 5]", "1"),
    ("[0, 1], [1, 2]", "v"),
    ("[0, 1], [1, 2]", "x[:, 0]"),
    ("[0, 1], [1, 2, 0]", "v"),
    (":, [2, 0]", "v"),
    (":, [2, 0]", "x[:, :2]"),
    ("0, :, [1, 3]", "lib.ones(3, 2, dtype=lib.float64)"),
    (":, 0, [1, 3]", "s"),
    ("[1, 0], :, [1, 3]", "lib.ones(2, 3, dtype=lib.float64)"),
    ("mask", "0"),
    ("mask", "s"),
    ("mask", "x[mask] * 2"),
    ("mask", "v"),
    ("mask[:, 0, 0]", "1.5"),
    (":, mask[0]", "s"),
    ("mask[0]", "1"),
    ("True", "1"),
    ("False", "1"),
    ("True", "m"),
    ("lib.tensor(1)", "m"),
    ("lib.tensor(True)", "m"),
    ("[]", "1"),
    ("None, [0, 1]", "v"),
    ("[1]", "m.view(1, 1, 3, 4)"),
    ("1", "m.view(1, 1, 3, 4)"),
    ("[0]", "2j"),
    ("mask", "[1, 2]"),
]


TARGETS = [
    "x * 1",
    "x.detach().clone()",
    "(x.transpose(0, 1).contiguous() * 1).transpose(0, 1)",
]


@pytest.mark.parametrize(("index", "value"), WRITING)
@pytest.mark.parametrize("target", TARGETS)
def test_writing_agrees(index: str, value: str, target: str) -> None:
    expression = f"(lambda y: (y.__setitem__(np.s_[{index}], {value}), y)[1])({target})"
    assert_agrees(expression, torch)


PUTTING = """
(x * 1).index_put_((i[0] % 2,), m)
(x * 1).index_put_((i[0] % 2,), m[:1], accumulate=True)
x.index_put((i[0] % 2, i[1]), v)
x.index_put((i[0] % 2, i[1]), s, accumulate=True)
x.index_put((mask,), s)
x.index_put((mask,), s, accumulate=True)
x.index_put((mask[:, 0, 0],), m)
x.index_put((lib.tensor([0, 0, 0]),), m, accumulate=True)
x.index_put((lib.tensor([5]),), m)
x.index_put((lib.tensor([0.5]),), m)
x.index_put((lib.tensor([0]),), f)
x.index_put((lib.tensor([0]),), lib.ones(2, dtype=lib.float64))
x.index_put_((lib.tensor([0]),), m)
z.index_put((lib.tensor([0, 0]),), z[0, 0], accumulate=True)
n.index_put((lib.tensor([0, 0]),), n[:1], accumulate=True)
(n > 2).index_put((lib.tensor([0, 0]),), n[:1] > 0, accumulate=True)
""".strip().splitlines()


@pytest.mark.parametrize("expression", PUTTING)
def test_putting_agrees(expression: str) -> None:
    assert_agrees(expression, torch)
