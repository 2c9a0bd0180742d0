"""Running a function eagerly beside its program, to compare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.trace import Argument, resolve
from flambeau.compiler.specialisation import Specialisation
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor


class VerificationError(RuntimeError):
    """A compiled function and the function itself disagree."""


def run_verified(
    function: Callable[..., Any],
    specialisation: Specialisation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    leaves: list[Any],
) -> Any:
    """Run the program, put everything back, run the function, and compare what they did.

    Raises:
        RuntimeError: naming the first value in which they differ.
    """
    buffers = specialisation.buffers(leaves)
    before = [b.copy() for b in buffers]
    generators = _generators(specialisation)
    states = [g.get_state() for g in generators]
    gradients = [(t, resolve(t, leaves)._stored_grad()) for t, _ in specialisation.trace.gradients]
    compiled = _everything(specialisation, specialisation.run(leaves), buffers, leaves)
    for buffer, content in zip(buffers, before, strict=True):
        np.copyto(buffer, content)
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
    for target, gradient in gradients:
        resolve(target, leaves)._grad = gradient
    result = function(*args, **kwargs)
    eager = _everything(specialisation, result, buffers, leaves)
    for (name, mine), (_, theirs) in zip(compiled, eager, strict=True):
        _compare(name, mine, theirs)
    return result


def _everything(
    specialisation: Specialisation, result: Any, buffers: list[np.ndarray], leaves: list[Any]
) -> list[tuple[str, np.ndarray]]:
    """Copies of all that a run leaves behind."""
    found = [("result", x._array) for x in trees.leaves(result) if isinstance(x, Tensor)]
    for target, _ in specialisation.trace.gradients:
        gradient = resolve(target, leaves)._stored_grad()
        if gradient is not None:
            where = "an argument" if isinstance(target, Argument) else "a captured tensor"
            found.append((f"the gradient of {where}", gradient._array))
    found += [("a captured tensor", buffers[i]) for i in specialisation.write_indices]
    return [(name, np.array(array)) for name, array in found]


def _compare(name: str, mine: np.ndarray, theirs: np.ndarray) -> None:
    tolerance = 1e-9 if mine.dtype.itemsize >= 8 else 2e-3 if mine.dtype.itemsize < 4 else 1e-4
    wide = [x.astype(np.float64) if x.dtype.kind in "fV" else x for x in (mine, theirs)]
    if mine.shape == theirs.shape and np.allclose(
        *wide, rtol=tolerance, atol=tolerance, equal_nan=True
    ):
        return
    largest = float(np.max(np.abs(wide[0] - wide[1]))) if mine.shape == theirs.shape else None
    raise VerificationError(
        message(
            f"compile: {name} of shape {theirs.shape} differs from the eager function's",
            expected=f"the same to {tolerance:g}",
            got=f"shape {mine.shape}" if largest is None else f"a difference of {largest:g}",
            help="FLAMBEAU_COMPILE=0 switches compilation off; please report this",
        )
    )


def _generators(specialisation: Specialisation) -> list[Any]:
    """The random generators that the program draws from."""
    from flambeau.tensor.generator import default_generator

    found = [default_generator]
    for instruction in specialisation.program.instructions:
        for param in instruction.params:
            if hasattr(param, "get_state") and all(param is not g for g in found):
                found.append(param)
    return found
