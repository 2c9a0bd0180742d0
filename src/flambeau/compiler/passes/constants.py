"""Constants: an elementwise operation on known elements is done once, by the compiler."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY

KNOWN = {"zeros_like": 0, "zero": 0, "zeros_of_shape": 0, "ones_like": 1}
FILLED = {"full", "full_like"}
SAME_ELEMENTS = {"reshape", "view", "unsafe_view"}


def fold_constants(program: Program) -> Program:
    """Replace operations on tensors whose elements are one known number."""
    known: dict[Value, Any] = {}
    kept = []
    for instruction in program.instructions:
        number = _number_of(instruction, known)
        if number is None:
            kept.append(instruction)
            continue
        known.update(dict.fromkeys(instruction.outputs, number))
        kept.append(_filled(instruction, number) if _is_better_filled(instruction) else instruction)
    return Program(program.buffers, kept, program.writes, program.results)


def _number_of(instruction: Instruction, known: dict[Value, Any]) -> Any:
    """What all elements of the outputs are; ``None`` if that is not known."""
    op = instruction.operation
    if op.name in KNOWN:
        return KNOWN[op.name]
    if any(True for _ in instruction.numbers()):
        return None
    if op.name in FILLED:
        return instruction.params[op.params.index("value")]
    values = list(instruction.values())
    if not values or any(v not in known for v in values):
        return None
    if op.view or op.name in SAME_ELEMENTS:
        same = all(o.spec.dtype == values[0].spec.dtype for o in instruction.outputs)
        return known[values[0]] if same else None
    if op.scalar is None or "generator" in op.params or len(instruction.outputs) != 1:
        return None
    specs = [x.spec for x in (*values, *instruction.outputs)]
    if any(spec.dtype.kind != "f" for spec in specs):
        return None
    if specs[-1].strides != Spec(specs[-1].shape, specs[-1].dtype).strides:
        return None
    return _computed(instruction, known)


def _computed(instruction: Instruction, known: dict[Value, Any]) -> Any:
    inputs = [
        np.full((), known[x], x.spec.dtype) if isinstance(x, Value) else x
        for x in instruction.inputs
    ]
    with np.errstate(all="ignore"):
        made = np.asarray(instruction.operation.evaluate(*inputs, *instruction.params))
    if made.shape or made.dtype != instruction.outputs[0].spec.dtype:
        return None
    return made.item()


def _is_better_filled(instruction: Instruction) -> bool:
    """Whether a tensor of one number can stand for it, which needs nothing else computed."""
    op, (output,) = instruction.operation, instruction.outputs[:1]
    if not any(True for _ in instruction.values()) or op.view or op.name in SAME_ELEMENTS:
        return False
    spec = output.spec
    return spec.dtype.kind in "fiub" and spec.strides == Spec(spec.shape, spec.dtype).strides


def _filled(old: Instruction, number: Any) -> Instruction:
    spec, full = old.outputs[0].spec, REGISTRY["full"]
    params = {"size": spec.shape, "value": number, "dtype": spec.dtype, "channels_last": False}
    return Instruction(full, (), tuple(params[n] for n in full.params), old.outputs, old.line)
