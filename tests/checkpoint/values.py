"""Objects that checkpoints hold, for hypothesis, and what it means that two are the same."""

from collections import Counter, OrderedDict

import hypothesis.strategies as st
import numpy as np

import flambeau as fb
from flambeau.core.dtypes import ALL

keys = st.one_of(
    st.text(max_size=5), st.integers(-(2**63), 2**63), st.booleans(), st.none(),
    st.tuples(st.integers(0, 3), st.text(max_size=2)), st.binary(max_size=3),
)  # fmt: skip
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=20),
    st.binary(max_size=300), st.complex_numbers(), st.sampled_from(ALL),
    st.builds(bytearray, st.binary(max_size=5)), st.sets(keys, max_size=3),
    st.builds(fb.Size, st.lists(st.integers(0, 5), max_size=3)),
)  # fmt: skip


@st.composite
def tensors(draw):
    """Tensors of every type and of all kinds of shapes and strides, some of them sharing memory."""
    dtype = draw(st.sampled_from(ALL))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    count = int(np.prod(shape, dtype=int))
    contents = draw(st.binary(min_size=8, max_size=32))
    data = np.resize(np.frombuffer(contents, np.uint8), (count + 3) * dtype.itemsize)
    if dtype is fb.bool:
        data = data & 1
    array = np.frombuffer(data.tobytes(), dtype.numpy).copy()[draw(st.integers(0, 3)) :][:count]
    x = fb.from_numpy(array).reshape(shape)
    if draw(st.booleans()):
        x = x.permute(*draw(st.permutations(range(len(shape)))))
    if shape and draw(st.booleans()):
        x = x[..., :: draw(st.integers(1, 3))]
    if draw(st.integers(0, 5)) == 0:
        x = x.expand(2, *x.shape)
    if dtype.category >= fb.float32.category and draw(st.booleans()):
        x = draw(st.sampled_from([fb.nn.Parameter, lambda x: x.detach().requires_grad_()]))(x)
    return x


def containers(children):
    return st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.dictionaries(keys, children, max_size=4),
        st.dictionaries(keys, children, max_size=4).map(OrderedDict),
        st.lists(keys, max_size=5).map(Counter),
    )


objects = st.recursive(st.one_of(leaves, tensors()), containers, max_leaves=12)


def bits(x) -> bytes:
    return np.ascontiguousarray(x._array).tobytes()


def assert_same(a, b, path="x"):
    """Equal to the last bit, with nan equal to itself and every type the same."""
    assert type(a) is type(b), path
    if isinstance(a, fb.Tensor):
        assert a.dtype is b.dtype, path
        assert a.shape == b.shape, path
        assert a.numel() == 0 or a.stride() == b.stride(), path
        assert a.requires_grad == b.requires_grad, path
        assert bits(a) == bits(b), path
    elif isinstance(a, dict):
        assert len(a) == len(b), path
        for (key, value), (other_key, other_value) in zip(a.items(), b.items(), strict=True):
            assert repr(key) == repr(other_key), path
            assert_same(value, other_value, f"{path}[{key!r}]")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), path
        for index, (value, other) in enumerate(zip(a, b, strict=True)):
            assert_same(value, other, f"{path}[{index}]")
    elif isinstance(a, set):
        assert {repr(v) for v in a} == {repr(v) for v in b}, path
    else:
        assert repr(a) == repr(b), path
