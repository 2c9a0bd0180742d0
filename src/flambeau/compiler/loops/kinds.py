"""What kinds of instructions there are, by how loops compute them."""

from __future__ import annotations

from flambeau.compiler.loops.access import type_name
from flambeau.compiler.record.program import Instruction
from flambeau.core.scalar import DTYPES

LARGEST_TABLE = 1 << 20  # elements

REDUCTIONS = {
    "sum": "add", "prod": "mul", "amax": "maximum", "amin": "minimum", "all": "bitwise_and",
    "any": "bitwise_or",
}  # fmt: skip
ZEROS = {"zeros_like", "zero", "zeros_of_shape"}
CONSTANTS = ZEROS | {"full", "ones_like", "full_like"}
COPIES = {"clone", "to_dtype", "copy", "fill"}
RESHAPES = {"reshape", "view", "unsafe_view"}
COMPARISONS = {"le", "lt", "ge", "gt", "eq", "ne"}
PRODUCTS = {"mm", "bmm", "matmul", "rows_matmul", "rows_product", "mv", "dot"}


def is_table(instruction: Instruction) -> bool:
    """Whether an output is known before the program runs: ``arange``, ``eye`` and their like."""
    if [*instruction.values(), *instruction.numbers()]:
        return False
    if "generator" in instruction.operation.params or len(instruction.outputs) != 1:
        return False
    return is_native(instruction) and 0 < instruction.outputs[0].spec.size <= LARGEST_TABLE


def is_native(instruction: Instruction) -> bool:
    """Whether all its values have types that native code computes with."""
    values = [*instruction.values(), *instruction.outputs]
    return all(type_name(v.spec.dtype) in DTYPES for v in values)


def is_elementwise(instruction: Instruction) -> bool:
    """Whether it computes each element of its output from one element of each input."""
    op = instruction.operation
    if not is_native(instruction):
        return False
    return op.scalar is not None or op.name in COPIES


def reads_other_type(instruction: Instruction) -> bool:
    """Whether a view shows its memory as another type: complex numbers as pairs, for example."""
    (source,) = instruction.values()
    return any(o.spec.dtype != source.spec.dtype for o in instruction.outputs)


def is_reduction(instruction: Instruction) -> bool:
    """Whether it is a reduction that nests compute."""
    op = instruction.operation
    if op.name not in REDUCTIONS or not is_native(instruction):
        return False
    (source,) = instruction.values()
    if op.name in ("amax", "amin") and type_name(source.spec.dtype) == "bool":
        return False
    return source.spec.size > 0


def is_product(instruction: Instruction) -> bool:
    """Whether it is a matrix product that is generated."""
    if instruction.operation.name not in PRODUCTS:
        return False
    output = instruction.outputs[0].spec
    kinds = {type_name(v.spec.dtype) for v in instruction.values()}
    return type_name(output.dtype) in ("float32", "float64") and kinds == {type_name(output.dtype)}
