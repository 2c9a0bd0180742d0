"""NumPy's words for arguments: ``axis`` and ``keepdims``."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau as fb

REDUCING = [
    "sum",
    "mean",
    "prod",
    "any",
    "all",
    "amax",
    "amin",
    "aminmax",
    "max",
    "min",
    "argmax",
    "argmin",
    "median",
    "nanmedian",
    "mode",
    "nansum",
    "nanmean",
    "var",
    "std",
    "logsumexp",
]
ALONG = [
    "cumsum",
    "cumprod",
    "cummax",
    "cummin",
    "logcumsumexp",
    "softmax",
    "log_softmax",
    "sort",
    "argsort",
    "diff",
]


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return all(same(f, w) for f, w in zip(found, wanted, strict=True))
    return found.shape == wanted.shape and found.tolist() == wanted.tolist()


@pytest.mark.parametrize("name", REDUCING)
@pytest.mark.parametrize("axis", [0, -1])
def test_reductions(name: str, axis: int) -> None:
    x = fb.tensor([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    function, method = getattr(fb, name), getattr(x, name)
    assert same(function(x, axis=axis), function(x, dim=axis))
    assert same(method(axis=axis, keepdims=True), function(x, dim=axis, keepdim=True))
    assert same(method(dim=axis, keepdims=False), function(x, dim=axis))


@pytest.mark.parametrize("name", ALONG)
def test_along_one_dimension(name: str) -> None:
    x = fb.tensor([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    assert same(getattr(x, name)(axis=0), getattr(fb, name)(x, dim=0))


def test_shapes() -> None:
    x = fb.arange(6).reshape(2, 3)
    assert fb.cat([x, x], axis=1).shape == (2, 6)
    assert fb.concatenate([x, x], axis=1).shape == (2, 6)
    assert fb.stack([x, x], axis=-1).shape == (2, 3, 2)
    assert x.unsqueeze(axis=1).shape == (2, 1, 3)
    assert x.unsqueeze(1).squeeze(axis=1).shape == (2, 3)
    assert len(x.unbind(axis=1)) == len(x.chunk(3, axis=1)) == len(x.tensor_split(3, axis=1)) == 3
    assert x.sum(axis=(0, 1), keepdims=True).shape == (1, 1)
    assert x.sum(axis=None, keepdims=True).shape == (1, 1)
    assert x.topk(2, axis=1)[0].shape == (2, 2)
    assert x.repeat_interleave(2, axis=1).shape == (2, 6)
    assert x.float().quantile(0.5, axis=1, keepdims=True).shape == (2, 1)


def test_one_argument_under_two_words() -> None:
    x = fb.ones(2, 3)
    with pytest.raises(TypeError) as error:
        x.sum(dim=0, axis=1)
    assert str(error.value) == (
        "sum: dim and axis are two words for one argument\n"
        "  expected: one of them\n"
        "  got:      dim=0 and axis=1"
    )
    with pytest.raises(TypeError) as error:
        x.sum(0, keepdim=True, keepdims=True)
    assert str(error.value) == (
        "sum: keepdim and keepdims are two words for one argument\n"
        "  expected: one of them\n"
        "  got:      keepdim=True and keepdims=True"
    )


@pytest.mark.parametrize("dim", [None, True, 1.0, "0"])
def test_dimensions_are_integers(dim: Any) -> None:
    with pytest.raises(TypeError) as error:
        fb.ones(2, 3).softmax(dim)
    assert str(error.value) == (
        f"softmax: dim must be an integer\n  expected: an integer\n  got:      {dim!r}"
    )


def test_dimensions_may_be_tensors() -> None:
    x = fb.arange(6).reshape(2, 3)
    assert x.sum(fb.tensor(1)).tolist() == [3, 12]
    assert x.cumsum(fb.tensor(0)).tolist() == [[0, 1, 2], [3, 5, 7]]
