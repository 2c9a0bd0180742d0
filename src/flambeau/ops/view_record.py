"""Maker of view operations: the shape rule is the operation itself, carried out without data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.tensor.operation import Gradient, Operation


def view_operation(
    name: str,
    evaluate: Callable[..., Any],
    *,
    params: str = "",
    gradient: Gradient,
    samples: Callable | None = None,
    node_name: str | None = None,
    decompose: Callable | None = None,
    check: Callable[..., None] | None = None,
) -> Operation:
    """Define an operation whose output shares its input's memory.

    Args:
        name: PyTorch's name.
        evaluate: array and parameters to a view of the array (or a tuple of views). It must only
            move strides: it is also run on an array without data to learn the output's layout.
        params: names of the parameters.
        gradient: rules over ``g``, ``input_shape`` and the parameters.
        samples: for the contract tests.
        node_name: name of the graph node.
        decompose: the same in simpler operations.
        check: called with a spec or array and the parameters before anything; raises.
    """

    def infer(input: Any, *params: Any) -> Any:
        if check is not None:
            check(input, *params)
        meta = input.meta() if isinstance(input, Spec) else input
        out = evaluate(meta, *params)
        if out.__class__ is tuple:
            return tuple(spec_of(o) for o in out)
        return spec_of(out)

    return Operation(
        name,
        inputs="input",
        params=params,
        evaluate=evaluate,
        infer=infer,
        gradient=gradient,
        view=True,
        strict=check is not None,
        samples=samples,
        node_name=node_name,
        decompose=decompose,
    )


def spec_of(array: np.ndarray) -> Spec:
    """What is known of an array without its values."""
    return Spec(array.shape, array.dtype, array.strides)
