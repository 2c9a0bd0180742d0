"""The backward pass of a recorded function whose results are differentiated outside.

It is recorded with the function: gradients of the results come in as buffers, gradients of the
captured and given tensors go out. What it needs of the forward pass becomes further results of
that, so that each of the two is a program of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.autograd import engine
from flambeau.compiler.record.program import Instruction, Program, Value, verify
from flambeau.compiler.record.recorder import Recorder
from flambeau.compiler.record.symbol import Storage, Symbol
from flambeau.core import dtypes
from flambeau.core.number import Number
from flambeau.core.shapes import contiguous_strides
from flambeau.core.spec import Spec
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


class Derivative:
    """The recorded backward pass.

    Args:
        recorder: which is recording; the function has returned.
        outputs: results that still have a graph.
        sources: for each tensor from outside, what stands for it at a call.

    Attributes:
        leaves: what gradients go to: for each, what stands for it at a call.
        saved: values of the forward pass that the backward pass reads.
        cotangents: values of the gradients of the outputs.
        program: the backward pass: buffers are what is saved, then the cotangents.
    """

    def __init__(
        self, recorder: Recorder, outputs: list[Tensor], sources: dict[Tensor, Any]
    ) -> None:
        self.outputs = outputs
        self.places = {id(x): i for i, x in enumerate(outputs)}
        self.shapes = tuple(x._array.shape for x in outputs)
        self.dtypes = tuple(x._array.dtype for x in outputs)
        start = len(recorder.instructions)
        incoming = [self._cotangent(recorder, x) for x in outputs]
        self.cotangents = [t._array.storage.current for t in incoming]
        leaves = [t for t in sources if t._node is None and _takes_gradient(t)]
        roots = [(edge_of(x), g) for x, g in zip(outputs, incoming, strict=True)]
        with _without_hooks(leaves):
            found = engine.run(roots, create_graph=False, retain_graph=True, capture=leaves)
        self.leaves: list[Any] = []
        results: list[Value] = []
        for leaf in leaves:
            gradient = found.get(engine.key(leaf))
            if gradient is not None:
                self.leaves.append(sources[leaf])
                results.append(recorder.read(recorder.symbol_of(gradient)))
        instructions = recorder.instructions[start:]
        del recorder.instructions[start:]
        self.saved = self._outer_values(instructions, results)
        self.program = Program(self.saved + self.cotangents, instructions, [], results)
        verify(self.program)

    def number_of(self, x: Tensor) -> int | None:
        """Which output a tensor is; ``None`` if it is none."""
        return self.places.get(id(x))

    def numbers(self) -> Iterator[Number]:
        """The numbers that the backward pass reads."""
        for instruction in self.program.instructions:
            yield from instruction.numbers()

    def _cotangent(self, recorder: Recorder, output: Tensor) -> Tensor:
        array = output._array
        strides = tuple(s * array.dtype.itemsize for s in contiguous_strides(array.shape))
        spec = Spec(array.shape, array.dtype, strides)
        value = recorder.new_value(spec, "buffer")
        return wrap(Symbol(Storage(value), (), spec))

    def _outer_values(self, instructions: list[Instruction], results: list[Value]) -> list[Value]:
        inner = set(self.cotangents)
        found: dict[Value, None] = {}
        for instruction in instructions:
            found.update(dict.fromkeys(v for v in instruction.values() if v not in inner))
            inner.update(instruction.outputs)
        found.update(dict.fromkeys(v for v in results if v not in inner))
        return list(found)


def _takes_gradient(tensor: Tensor) -> bool:
    kind = dtypes.of(tensor._array.dtype)
    return tensor._requires and kind.category >= dtypes.FLOATING


@contextmanager
def _without_hooks(leaves: list[Tensor]) -> Iterator[None]:
    """Hooks of leaves run when the gradient arrives outside, not in the recording."""
    hooks = [(t, t.__dict__.pop("_hooks")) for t in leaves if "_hooks" in t.__dict__]
    try:
        yield
    finally:
        for tensor, found in hooks:
            tensor.__dict__["_hooks"] = found
