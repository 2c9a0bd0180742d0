"""Every promise that an operation's record makes, for every record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.execute import execute
from flambeau.compiler.native import NativeProgram
from flambeau.compiler.passes import optimise
from flambeau.compiler.record.program import Program
from flambeau.compiler.record.recorder import Recorder
from flambeau.core.scalar_numpy import NumPyBuilder
from flambeau.core.spec import Spec
from flambeau.ops import deferred
from flambeau.tensor.dispatch import apply, evaluate
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from tests.contract.samples import Sample, samples_of

deferred.load_all()
OPERATIONS = sorted(REGISTRY.values(), key=lambda op: op.name)
CASES = [(op, s) for op in OPERATIONS for s in samples_of(op)]
VALID = [(op, s) for op, s in CASES if s.error is None]
INVALID = [(op, s) for op, s in CASES if s.error is not None]


def label(value: Any) -> str:
    return value.name if isinstance(value, Operation) else repr(value)


def draws(op: Operation) -> bool:
    return "generator" in op.params


def as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def arrays_of(sample: Sample) -> list[Any]:
    return [x._array if isinstance(x, Tensor) else x for x in sample.inputs]


@pytest.mark.parametrize("op", OPERATIONS, ids=label)
def test_has_samples(op: Operation) -> None:
    assert any(s.error is None for s in samples_of(op)), f"{op.name} has no sample"


@pytest.mark.parametrize(("op", "sample"), VALID, ids=label)
def test_infer_agrees_with_evaluate(op: Operation, sample: Sample) -> None:
    if op.name in DATA_DEPENDENT:
        return  # test_recorded_equals_eager says what happens instead
    arrays = arrays_of(sample)
    results = as_tuple(evaluate(op, arrays, sample.params))
    specs = as_tuple(op.infer(*[_as_spec(a) for a in arrays], *sample.params))
    assert len(specs) == len(results)
    for spec, result in zip(specs, results, strict=True):
        result = np.asarray(result)
        assert tuple(spec.shape) == result.shape
        assert spec.dtype == result.dtype
        if op.view and result.size > 1:
            used = [i for i, n in enumerate(result.shape) if n > 1]
            assert [spec.strides[i] for i in used] == [result.strides[i] for i in used]


def _as_spec(x: Any) -> Any:
    return Spec(x.shape, x.dtype, x.strides) if isinstance(x, np.ndarray) else x


@pytest.mark.parametrize(("op", "sample"), VALID, ids=label)
def test_inputs_are_left_alone(op: Operation, sample: Sample) -> None:
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in arrays_of(sample)]
    apply(op, sample.inputs, sample.params)
    for old, new in zip(before, arrays_of(sample), strict=True):
        if isinstance(old, np.ndarray):
            np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(("op", "sample"), INVALID, ids=label)
def test_errors_teach(op: Operation, sample: Sample) -> None:
    assert sample.error is not None
    with pytest.raises(sample.error) as error:
        apply(op, sample.inputs, sample.params)
    lines = str(error.value).splitlines()
    assert ": " in lines[0], lines
    assert len(lines) > 1, lines
    assert all(x.startswith(("  expected: ", "  got:      ", "  help:     ")) for x in lines[1:])


def differentiable(op: Operation, sample: Sample) -> tuple[Any, ...]:
    """The inputs; those that the record has a rule for require a gradient."""
    rules = op.gradient if isinstance(op.gradient, dict) else dict.fromkeys(op.inputs, True)
    names = op.inputs * len(sample.inputs) if op.variadic else op.inputs
    return tuple(
        x.clone().requires_grad_()
        if isinstance(x, Tensor) and x.is_floating_point() and rules.get(name) is not None
        else x
        for name, x in zip(names, sample.inputs, strict=False)
    )


SMOOTH = [
    (op, s)
    for op, s in VALID
    if op.gradient is not None
    and s.smooth
    and not draws(op)
    and any(isinstance(x, Tensor) and x.is_floating_point() and x.numel() for x in s.inputs)
]


def call_of(op: Operation, sample: Sample) -> Any:
    return lambda *inputs: apply(op, inputs, sample.params)


def outputs_need_grad(op: Operation, sample: Sample, inputs: tuple[Any, ...]) -> bool:
    outputs = as_tuple(apply(op, inputs, sample.params))
    return any(o.requires_grad and o.numel() for o in outputs)


@pytest.mark.parametrize(("op", "sample"), SMOOTH, ids=label)
def test_gradient_agrees_with_finite_differences(op: Operation, sample: Sample) -> None:
    inputs = differentiable(op, sample)
    if outputs_need_grad(op, sample, inputs):
        assert fb.autograd.gradcheck(call_of(op, sample), inputs, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("op", "sample"), SMOOTH, ids=label)
def test_second_gradient_agrees_with_finite_differences(op: Operation, sample: Sample) -> None:
    inputs = differentiable(op, sample)
    if not outputs_need_grad(op, sample, inputs):
        return
    outputs = [o for o in as_tuple(apply(op, inputs, sample.params)) if o.requires_grad]
    wanted = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    first = fb.autograd.grad(
        outputs, wanted, [fb.ones_like(o) for o in outputs], create_graph=True, allow_unused=True
    )
    if any(g is not None and g.requires_grad for g in first):
        assert fb.autograd.gradgradcheck(
            call_of(op, sample), inputs, atol=1e-5, rtol=1e-4, fast_mode=True
        )


@pytest.mark.parametrize(("op", "sample"), VALID, ids=label)
def test_recorded_equals_eager(op: Operation, sample: Sample) -> None:
    if op.name in DATA_DEPENDENT:
        with pytest.raises(RuntimeError, match="depends on the values"):
            recorded(op, sample)
        return
    seed(sample)
    eager = as_tuple(apply(op, sample.inputs, sample.params))
    program, buffers = recorded(op, sample)
    seed(sample)
    results, _ = execute(program, buffers, lambda number: number.value)
    for tensor, result in zip(eager, results, strict=True):
        np.testing.assert_array_equal(tensor.detach()._array, result)


@pytest.mark.parametrize(("op", "sample"), VALID, ids=label)
def test_compiled_equals_eager(op: Operation, sample: Sample) -> None:
    if op.name in DATA_DEPENDENT:
        return
    seed(sample)
    eager = as_tuple(apply(op, sample.inputs, sample.params))
    program, buffers = recorded(op, sample)
    native = NativeProgram(optimise(program))
    seed(sample)
    results, _ = native(buffers, lambda number: number.value)
    for tensor, result in zip(eager, results, strict=True):
        expected = tensor.detach()._array
        assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
        if expected.dtype.kind in "fcV":
            np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14)
        else:
            np.testing.assert_array_equal(result, expected)


# Their shapes are only known when they run, which recording refuses with an explanation.
DATA_DEPENDENT = {
    "bincount", "masked_select", "nonzero", "repeated_indices", "unique", "unique_consecutive",
}  # fmt: skip


def seed(sample: Sample) -> None:
    """Bring every generator that the call may draw from to a known state."""
    fb.manual_seed(1)
    for x in sample.params:
        if isinstance(x, fb.Generator) or hasattr(x, "manual_seed"):
            x.manual_seed(2)


def recorded(op: Operation, sample: Sample) -> tuple[Program, list[Any]]:
    """The program of one call, and the arrays it reads."""
    recorder = Recorder()
    with recorder:
        symbols = as_tuple(apply(op, sample.inputs, sample.params))
        program = recorder.program([recorder.read(recorder.symbol_of(t)) for t in symbols])
    return program, [c.array for c in recorder.captured.values()]


@pytest.mark.parametrize(
    ("op", "sample"), [(o, s) for o, s in VALID if o.decompose is not None], ids=label
)
def test_decomposition_equals_evaluate(op: Operation, sample: Sample) -> None:
    assert op.decompose is not None
    direct = as_tuple(apply(op, sample.inputs, sample.params))
    composed = op.decompose(*sample.inputs, *sample.params)
    if composed is NotImplemented:  # these arguments have no other form
        return
    composed = as_tuple(composed)
    for a, b in zip(direct, composed, strict=True):
        assert a.dtype is b.dtype
        np.testing.assert_allclose(a._array, b._array, rtol=1e-11, atol=1e-13)


def is_real(sample: Sample) -> bool:
    return not any(isinstance(x, Tensor) and x.is_complex() for x in sample.inputs)


@pytest.mark.parametrize(
    ("op", "sample"), [(o, s) for o, s in VALID if o.scalar is not None and is_real(s)], ids=label
)
def test_scalar_expression_equals_evaluate(op: Operation, sample: Sample) -> None:
    assert op.scalar is not None
    builder = NumPyBuilder()
    kinds = [x._array.dtype for x in sample.inputs if isinstance(x, Tensor)]
    kind = next((k for k in kinds if k.kind != "b"), kinds[0])
    operands = [
        builder.input(x._array)
        if isinstance(x, Tensor)
        else x
        if x is None
        else builder.constant(x, kind)
        for x in sample.inputs
    ]
    expected = np.asarray(evaluate(op, arrays_of(sample), sample.params))
    found = op.scalar(builder, *operands, *sample.params).array
    np.testing.assert_allclose(np.broadcast_to(found, expected.shape), expected, rtol=1e-13, atol=0)
