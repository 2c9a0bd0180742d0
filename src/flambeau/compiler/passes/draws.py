"""Random samples that native code draws: what is drawn, without the tensors it is drawn for.

A record like ``dropout_noise`` takes a tensor for its shape alone. As ``draw`` it has no inputs, so
that nothing has to wait for that tensor, or to keep it. Only what depends on a tensor's values has
an input.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.compiler.passes.checks import GUARD
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.number import Number
from flambeau.core.spec import Spec
from flambeau.ops.dropout import alpha_noise_of
from flambeau.random import permutations, whole_numbers
from flambeau.random.normals import BLOCK
from flambeau.random.precision import INTEGERS, compute_dtype, float32, float64
from flambeau.tensor.operation import REGISTRY, Operation

Mode = tuple[Any, ...]


def lower_draws(program: Program) -> Program:
    """Replace what native code draws itself by the operation ``draw``."""
    numbers = [v.number for v in program.buffers]
    numbers += [o.number for i in program.instructions for o in i.outputs]
    fresh = itertools.count(1 + max(numbers, default=0))
    made: list[Instruction] = []
    for old in program.instructions:
        if old.operation.name == "bernoulli_probabilities":
            made += _compared(old, fresh)
        elif old.operation.name == "alpha_dropout_noise":
            made += _chosen(old, fresh)
        else:
            made.append(_lowered(old) or old)
    return Program(program.buffers, made, program.writes, program.results)


def _lowered(old: Instruction) -> Instruction | None:
    make = _MODES.get(old.operation.name)
    if make is None or any(isinstance(p, Number) for p in old.params):
        return None
    (output,) = old.outputs
    inputs = list(old.values())
    if output.spec.size == 0 or not _is_dense(output.spec):
        return None
    given, generator = old.params[:-1], old.params[-1]
    mode = make(inputs, output.spec, *given)
    if mode is None:
        return None
    layout = tuple((v.spec.shape, v.spec.strides, v.spec.dtype) for v in inputs)
    spec = output.spec.shape, output.spec.strides, output.spec.dtype
    params = mode, old.operation.name, given, layout, spec, generator
    return Instruction(
        DRAW, tuple(inputs) if mode[0] in READING else (), params, old.outputs, old.line
    )


def _compared(old: Instruction, fresh: Iterator[int]) -> list[Instruction]:
    """Uniform samples, where probabilities are larger than they are."""
    (p,), (output,) = old.values(), old.outputs
    if p.spec.dtype not in (float32, float64) or p.spec.size == 0:
        return [old]
    shape, (generator,) = p.spec.shape, old.params
    flag = np.dtype(np.bool_)
    names = ("ge", "le", "logical_and", "logical_not")
    inside = [Value(next(fresh), Spec(shape, flag), "result") for _ in names]
    operands = [(p, 0), (p, 1), (inside[0], inside[1]), (inside[2],)]
    made = [
        Instruction(REGISTRY[name], inputs, (), (value,), old.line)
        for name, inputs, value in zip(names, operands, inside, strict=True)
    ]
    made.append(Instruction(GUARD, (inside[-1],), (), (), old.line))
    sample = Value(next(fresh), Spec(shape, p.spec.dtype), "result")
    spec = sample.spec.shape, sample.spec.strides, sample.spec.dtype
    given = shape, p.spec.dtype
    params = ("uniform", 0.0, 1.0, 1.0), "rand", given, (), spec, generator
    below = Value(next(fresh), Spec(shape, flag), "result")
    return [
        *made,
        Instruction(DRAW, (), params, (sample,), old.line),
        Instruction(REGISTRY["lt"], (sample, p), (), (below,), old.line),
        Instruction(REGISTRY["to_dtype"], (below,), (p.spec.dtype,), (output,), old.line),
    ]


def _chosen(old: Instruction, fresh: Iterator[int]) -> list[Instruction]:
    """Factor and summand of units that are kept or dropped."""
    spec = old.outputs[0].spec
    p, _, generator = old.params
    if spec.dtype not in (float32, float64) or spec.size == 0 or not 0 <= p < 1:
        return [old]
    if not _is_dense(spec):
        return [old]
    layout = spec.shape, spec.strides, spec.dtype
    keep = Value(next(fresh), Spec(spec.shape, spec.dtype, spec.strides), "result")
    params = _below(spec, 1.0 - p, 1.0), "bernoulli", (1.0 - p,), (layout,), layout, generator
    kept = Value(next(fresh), Spec(spec.shape, np.dtype(np.bool_)), "result")
    made = [
        Instruction(DRAW, (), params, (keep,), old.line),
        Instruction(REGISTRY["ne"], (keep, 0), (), (kept,), old.line),
    ]
    choices = alpha_noise_of(np.array([1, 0], spec.dtype), p)
    for output, values in zip(old.outputs, choices, strict=True):
        constants = [Value(next(fresh), Spec((), spec.dtype), "result") for _ in values]
        for constant, value in zip(constants, values.tolist(), strict=True):
            full = (), value, spec.dtype, False
            made.append(Instruction(REGISTRY["full"], (), full, (constant,), old.line))
        inputs = (kept, *constants)
        made.append(Instruction(REGISTRY["where"], inputs, (), (output,), old.line))
    return made


def _is_dense(spec: Spec) -> bool:
    """Whether memory in order, without gaps, holds the elements in some order of dimensions."""
    step = spec.dtype.itemsize
    for size, stride in sorted(
        zip(spec.shape, spec.strides, strict=True), key=lambda pair: pair[::-1]
    ):
        if size == 1:
            continue
        if stride != step:
            return False
        step *= size
    return True


def _is_contiguous(spec: Spec) -> bool:
    return _is_dense(spec) and spec.strides == Spec(spec.shape, spec.dtype).strides


# --- which samples, and how they are made -------------------------------------------------------


def _uniform(inputs: list[Value], spec: Spec, low: float, high: float) -> Mode | None:
    if spec.dtype not in (float32, float64):
        return None
    kind = spec.dtype.type
    bottom, top = kind(low), kind(high)
    return "uniform", float(bottom), float(top - bottom), float(top)


def _normal(inputs: list[Value], spec: Spec, mean: float, std: float) -> Mode | None:
    """Few samples, and samples with gaps between them, come by another road: in pairs."""
    if spec.dtype not in (float32, float64):
        return None
    contiguous = all(_is_contiguous(v.spec) for v in inputs) and _is_contiguous(spec)
    mode = "normal" if spec.size >= BLOCK and contiguous else "pairs"
    return mode, float(mean), float(std)


def _inverse(mode: str, *numbers: Callable[..., float]) -> Callable[..., Mode | None]:
    """Samples that the C library's functions make, one at a time."""

    def make(inputs: list[Value], spec: Spec, *given: float) -> Mode | None:
        if spec.dtype not in (float32, float64):
            return None
        return mode, *[float(number(*given)) for number in numbers]

    return make


def _slopes(inputs: list[Value], spec: Spec, lower: float, upper: float) -> Mode | None:
    if spec.dtype not in (float32, float64) or not _is_contiguous(spec):
        return None
    bottom, top = (float(spec.dtype.type(x)) for x in (lower, upper))
    return "slopes", bottom, top - bottom


def _below(spec: Spec, p: float, one: float) -> Mode | None:
    """``one`` with probability ``p``, else zero: uniforms of 53 bits are compared with it."""
    return ("below", math.ceil(math.ldexp(p, 53)), one) if 0 <= p <= 1 else None


def _bernoulli(inputs: list[Value], spec: Spec, p: float) -> Mode | None:
    return _below(spec, p, 1.0)


def _dropout(inputs: list[Value], spec: Spec, p: float, feature: bool) -> Mode | None:
    if not 0 <= p < 1:
        return None
    kind = compute_dtype(spec.dtype).type
    kept = np.asarray(kind(1) / kind(1.0 - p)).astype(spec.dtype)
    return _below(spec, 1.0 - p, float(kept))


def _integers(
    inputs: list[Value], spec: Spec, low: int | None = None, high: int | None = None
) -> Mode | None:
    if spec.dtype not in (*INTEGERS, float32, float64):
        return None
    return "integers", *whole_numbers.plan(spec.dtype, low, high)


def _permutation(inputs: list[Value], spec: Spec, n: int, dtype: np.dtype) -> Mode | None:
    is_native = spec.dtype in INTEGERS and 0 < n < permutations.WIDE_LENGTH
    return ("permutation",) if is_native else None


READING = {"slopes"}  # modes that depend on the values of the tensor
_MODES: dict[str, Callable[..., Mode | None]] = {
    "rand": lambda inputs, spec, size, dtype: _uniform(inputs, spec, 0.0, 1.0),
    "uniform": _uniform,
    "randn": lambda inputs, spec, size, dtype: _normal(inputs, spec, 0.0, 1.0),
    "normal": _normal,
    "bernoulli": _bernoulli,
    "dropout_noise": _dropout,
    "randint": lambda inputs, spec, low, high, size, dtype: _integers(inputs, spec, low, high),
    "random": _integers,
    "random_below": lambda inputs, spec, high: _integers(inputs, spec, 0, high),
    "random_any": _integers,
    "randperm": _permutation,
    "exponential": _inverse("exponential", lambda rate: -1.0 / rate),
    "geometric": _inverse("geometric", lambda p: math.log1p(-p)),
    "cauchy": _inverse("cauchy", lambda median, sigma: median, lambda median, sigma: sigma),
    "log_normal": _inverse("log_normal", lambda mean, std: mean, lambda mean, std: std),
    "rrelu_slopes": _slopes,
}


# --- the operation ----------------------------------------------------------------------------


def _evaluate(*arguments: Any) -> np.ndarray:
    *values, _, name, given, layout, _, generator = arguments
    arrays = values or [_laid_out(*each) for each in layout]
    return np.asarray(REGISTRY[name].evaluate(*arrays, *given, generator))


def _infer(*arguments: Any) -> Spec:
    shape, strides, dtype = arguments[-2]
    return Spec(shape, dtype, strides)


def _laid_out(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of that layout, whatever is in it."""
    count = 1 + sum((n - 1) * abs(s) for n, s in zip(shape, strides, strict=True) if n)
    return np.ndarray(shape, dtype, np.zeros(count + dtype.itemsize, np.uint8), 0, strides)


def _samples(make: Any) -> list[Any]:
    spec = (4, 5), (40, 8), np.dtype(np.float64)
    integers = (6,), (8,), np.dtype(np.int64)
    noise = ("below", 1 << 52, 2.0), "dropout_noise", (0.5, False), (spec,), spec, None
    order = ("permutation",), "randperm", (6, np.dtype(np.int64)), (), integers, None
    slopes = ("slopes", 0.1, 0.2), "rrelu_slopes", (0.1, 0.3), (), ((4, 3), (24, 8), spec[2]), None
    return [
        make.sample(params=noise),
        make.sample(params=order),
        make.sample(inputs=(make.tensor((4, 3)),), params=slopes),
    ]


DRAW = Operation(
    "draw",
    inputs="*values",
    params="mode operation given layout spec generator",
    evaluate=_evaluate,
    infer=_infer,
    samples=_samples,
)


def generator_of(instruction: Instruction) -> Any:
    """The generator that an instruction draws from; ``None`` if it draws nothing."""
    names = instruction.operation.params
    if "generator" not in names:
        return None
    given = instruction.params[names.index("generator")]
    return room.default_generator if given is None else given
