"""Every record under ``vmap``, in forward mode, and in both at once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from tests.contract.samples import Sample
from tests.func.records import (
    OPERATIONS,
    as_tuple,
    call_of,
    differentiable_positions,
    inner_product,
    is_continuous,
    random_like,
    valid_samples,
)

EXAMPLES = 3


def label(op: Operation) -> str:
    return op.name


def examples_of(x: Tensor) -> list[Tensor]:
    """Tensors like ``x`` whose values differ where they may."""
    if is_continuous(x):
        return [x * factor for factor in (1, 0.9, 0.8)]
    return [x, x.clone(), x.clone()]


def choices(sample: Sample) -> list[list[int]]:
    """Which inputs have examples: all of them, and each of the first ones alone."""
    tensors = [i for i, x in enumerate(sample.inputs) if isinstance(x, Tensor)]
    return [tensors] + ([[i] for i in tensors[:3]] if len(tensors) > 1 else [])


def compare(found: Any, expected: list[Any], what: str) -> None:
    for column, value in zip(zip(*map(as_tuple, expected), strict=True), as_tuple(found)):
        wanted = np.stack([x.detach()._array for x in column])
        given = value.detach()._array
        assert given.shape == wanted.shape, what
        assert given.dtype == wanted.dtype, what
        if given.dtype.kind in "fcV":
            kind = np.complex128 if given.dtype.kind == "c" else np.float64
            np.testing.assert_allclose(
                given.astype(kind), wanted.astype(kind), rtol=1e-9, atol=1e-11, err_msg=what
            )
        else:
            np.testing.assert_array_equal(given, wanted, err_msg=what)


# What runs for one example after the other: docs/func.md lists it. All else has a rule.
ONE_BY_ONE = {
    "as_strided_backward", "ctc_loss", "ctc_loss_backward", "embedding_bag", "embedding_renorm",
    "hash_tensor", "histc", "histogram", "histogram_edges", "histogramdd", "index_put",
    "masked_select_backward", "nonzero_static", "orthonormal_columns", "read_strided",
}  # fmt: skip


@pytest.mark.parametrize("op", OPERATIONS, ids=label)
@pytest.mark.filterwarnings("error:vmap")
def test_vmap_is_a_loop(op: Operation) -> None:
    from flambeau.func.batching import level

    level._WARNED.clear()
    level._WARNED.update(ONE_BY_ONE)
    for sample in valid_samples(op):
        for positions in choices(sample):
            call = call_of(op, sample, positions)
            examples = [examples_of(sample.inputs[i]) for i in positions]
            expected = [call(*row) for row in zip(*examples, strict=True)]
            found = fb.vmap(call)(*[fb.stack(e) for e in examples])
            compare(found, expected, f"{op.name} {sample!r} {positions}")


def continuous_outputs(op: Operation, call: Any) -> Any:
    """The results that can be differentiated."""
    return lambda *xs: tuple(
        x
        for i, x in enumerate(as_tuple(call(*xs)))
        if is_continuous(x) and i not in op.nondifferentiable_outputs
    )


def smooth_calls(op: Operation) -> list[tuple[Sample, list[int]]]:
    if op.gradient is None:
        return []
    return [
        (s, positions)
        for s in valid_samples(op)
        if s.smooth and (positions := differentiable_positions(op, s))
        if all(s.inputs[i].numel() for i in positions)
        and continuous_outputs(op, call_of(op, s, positions))(*[s.inputs[i] for i in positions])
    ]


SMOOTH = [op for op in OPERATIONS if smooth_calls(op)]


@pytest.mark.parametrize("op", SMOOTH, ids=label)
def test_forward_and_reverse_mode_are_transposes(op: Operation) -> None:
    """For any u and v: the product of u with Jv is that of the pulled back u with v."""
    generator = np.random.default_rng(0)
    for sample, positions in smooth_calls(op):
        call = continuous_outputs(op, call_of(op, sample, positions))
        xs = tuple(sample.inputs[i] for i in positions)
        vs = tuple(random_like(x, generator) for x in xs)
        outputs, slopes = fb.func.jvp(call, xs, vs)
        _, pull = fb.func.vjp(call, *xs)
        us = tuple(random_like(x, generator) for x in outputs)
        forward, reverse = inner_product(us, slopes), inner_product(pull(us), vs)
        assert forward == pytest.approx(reverse, rel=1e-8, abs=1e-9), f"{op.name} {sample!r}"
        for x, slope in zip(outputs, slopes, strict=True):
            assert (x.shape, x.dtype) == (slope.shape, slope.dtype)


# How many values its gradient has depends on a mask's values.
UNKNOWN_SIZE = {"masked_select_backward"}


@pytest.mark.parametrize("op", [op for op in SMOOTH if op.name not in UNKNOWN_SIZE], ids=label)
@pytest.mark.filterwarnings("ignore:vmap")
def test_gradients_of_examples(op: Operation) -> None:
    """A gradient inside ``vmap``, and one through it, are those of a loop."""
    generator = np.random.default_rng(0)
    for sample, positions in smooth_calls(op)[:3]:
        call = continuous_outputs(op, call_of(op, sample, positions))
        examples = [examples_of(sample.inputs[i]) for i in positions]
        stacks = [fb.stack(e) for e in examples]
        weights = [random_like(x, generator) for x in call(*[e[0] for e in examples])]

        def weighted(*xs: Tensor, call: Any = call, weights: Any = weights) -> Tensor:
            parts = [(x * w.conj()) for x, w in zip(call(*xs), weights, strict=True)]
            return sum((p.real if p.is_complex() else p).sum() for p in parts)  # type: ignore[return-value]

        every = tuple(range(len(positions)))
        expected = [fb.func.grad(weighted, every)(*row) for row in zip(*examples, strict=True)]
        inside = fb.vmap(fb.func.grad(weighted, every))(*stacks)
        compare(inside, expected, f"{op.name} {sample!r} grad in vmap")

        def total(*xs: Tensor, weighted: Any = weighted) -> Tensor:
            return fb.vmap(weighted)(*xs).sum()

        through = fb.func.grad(total, every)(*stacks)
        compare(through, expected, f"{op.name} {sample!r} grad of vmap")


def test_a_loop_says_so_once() -> None:
    from flambeau.func.batching import level

    level._WARNED.discard("histc")
    x = fb.randn(3, 20)
    with pytest.warns(UserWarning, match="vmap: histc runs for one example after the other"):
        fb.vmap(lambda x: fb.histc(x, 4, -1, 1))(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fb.vmap(lambda x: fb.histc(x, 4, -1, 1))(x)
