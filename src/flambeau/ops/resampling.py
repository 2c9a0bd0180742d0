"""Planes with other sizes: linear maps that act on each dimension by itself.

Adaptive average pooling and all modes of interpolation are of this kind. A dimension is resampled
by a product with a matrix where elements are made of many, and by weighted sums of shifted copies
where they are made of few.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.matrix_products import MATMUL, ROWS_MATMUL
from flambeau.ops.resampling_weights import Rule, matrix, taps
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation

Rules = tuple[Rule, ...]
# Up to this many elements of the old size, a product with the dense matrix is cheaper than taps.
_DENSE = 64


def _precision(kind: np.dtype) -> str:
    return "float64" if kind == np.float64 else "float32"


def _wide(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind == "f" and x.dtype.itemsize > 2 else x.astype(np.float32)


def _changes(rule: Rule) -> bool:
    """Whether a dimension does not stay as it is."""
    mode, size, new, _, scale = rule
    return size != new or scale is not None or mode.startswith("smooth")


def _only_moves(rules: Rules) -> bool:
    return all(rule[0].startswith("nearest") for rule in rules)


# --- on arrays -------------------------------------------------------------------------------


def resampled(x: np.ndarray, rules: Rules) -> np.ndarray:
    """The last dimensions of an array in new sizes."""
    kind, ndim = x.dtype, len(rules)
    shape = (*x.shape[: x.ndim - ndim], *[rule[2] for rule in rules])
    if 0 in shape:
        return np.zeros(shape, kind)
    if not _only_moves(rules):
        x = _wide(x)
    for axis in reversed(range(ndim)):
        if _changes(rules[axis]):
            x = _along(x, x.ndim - ndim + axis, rules[axis])
            if kind == np.uint8 and x.dtype != kind:  # bytes between the dimensions too
                x = np.clip(np.rint(x), 0, 255)
    return np.ascontiguousarray(x).astype(kind, copy=x.base is not None)


def _along(x: np.ndarray, dim: int, rule: Rule) -> np.ndarray:
    precision = _precision(x.dtype)
    places, weights = taps(rule, precision)
    if places.shape[1] == 1:
        return x.take(places[:, 0], dim)
    if rule[1] <= _DENSE or places.shape[1] > 4:
        return _multiplied(x, dim, matrix(rule, precision))
    factor = (slice(None), *[None] * (x.ndim - dim - 1))
    total = x.take(places[:, 0], dim)
    total *= weights[:, 0][factor]
    for tap in range(1, places.shape[1]):
        part = x.take(places[:, tap], dim)
        part *= weights[:, tap][factor]
        total += part
    return total


def _multiplied(x: np.ndarray, dim: int, by: np.ndarray) -> np.ndarray:
    """The product of a matrix with each vector along a dimension."""
    ahead, behind = x.shape[:dim], x.shape[dim + 1 :]
    rows = np.ascontiguousarray(x).reshape(prod(ahead), x.shape[dim], prod(behind))
    if prod(behind) == 1:
        found = rows[:, :, 0].dot(by.T)
    else:
        found = np.matmul(by, rows)
    return found.reshape(*ahead, len(by), *behind)


def gathered_back(g: np.ndarray, rules: Rules) -> np.ndarray:
    """The transpose of :func:`resampled`."""
    kind, ndim = g.dtype, len(rules)
    shape = (*g.shape[: g.ndim - ndim], *[rule[1] for rule in rules])
    if 0 in g.shape:
        return np.zeros(shape, kind)
    x = _wide(g)
    for axis, rule in enumerate(rules):
        if _changes(rule):
            x = _along_back(x, x.ndim - ndim + axis, rule)
    return np.ascontiguousarray(x).astype(kind, copy=False)


def _along_back(g: np.ndarray, dim: int, rule: Rule) -> np.ndarray:
    precision = _precision(g.dtype)
    mode, size, new = rule[:3]
    if mode.startswith("nearest") and new % size == 0 and rule[4] in (None, new / size):
        split = (*g.shape[:dim], size, new // size, *g.shape[dim + 1 :])
        return np.add.reduce(g.reshape(split), dim + 1)
    return _multiplied(g, dim, matrix(rule, precision).T)


# --- records ---------------------------------------------------------------------------------

MATRIX = Operation(
    "resampling_matrix",
    inputs="",
    params="rule dtype",
    evaluate=lambda rule, dtype: matrix(rule, _precision(dtype)).astype(dtype),
    infer=lambda rule, dtype: Spec((rule[2], rule[1]), dtype),
    samples=lambda make: [
        make.sample((), (("linear", 3, 5, False, None), np.dtype(np.float64))),
        make.sample((), (("mean", 5, 2, False, None), np.dtype(np.float32))),
    ],
)


def _in_parts(x: Any, rules: Rules, back: bool = False) -> Any:
    """Products with matrices, which native code knows before it runs."""
    kind = x._array.dtype
    if kind.kind != "f" or kind.itemsize == 2 or not back and _only_moves(rules):
        return NotImplemented if not _only_moves(rules) else _moved(x, rules)
    for axis, rule in reversed(list(enumerate(rules))):
        dim = x.ndim - len(rules) + axis
        by: Any = apply(MATRIX, (), (rule, kind))
        shape = x._array.shape
        if dim == x.ndim - 1:
            x = apply(ROWS_MATMUL, (x, by), (not back,))
            continue
        # Stacks of matrices, each with the dimension as its rows.
        stack = x.reshape(prod(shape[:dim]), shape[dim], prod(shape[dim + 1 :]))
        found = apply(MATMUL, (stack, by.unsqueeze(0)), (True, not back)).transpose(1, 2)
        x = found.reshape(*shape[:dim], found.shape[1], *shape[dim + 1 :])
    return x


def _moved(x: Any, rules: Rules) -> Any:
    for axis, rule in enumerate(rules):
        places = apply(PLACES, (), (rule,))
        x = x.index_select(x.ndim - len(rules) + axis, places)
    return x


PLACES = Operation(
    "resampling_places",
    inputs="",
    params="rule",
    evaluate=lambda rule: taps(rule, "float32")[0][:, 0].copy(),
    infer=lambda rule: Spec((rule[2],), np.dtype(np.int64)),
    samples=lambda make: [make.sample((), (("nearest", 3, 5, False, None),))],
)


def _check_samples(make: Any, modes: tuple[str, ...], ndim: int) -> list[Any]:
    sizes, new = (3, 4, 3)[3 - ndim :], (2, 3, 5)[3 - ndim :]
    found = []
    for mode in modes:
        for align in (False, True) if mode in ("linear", "cubic") else (False,):
            rules = tuple([(mode, n, m, align, None) for n, m in zip(sizes, new)])
            found.append(make.sample((make.tensor((2, 1, *sizes)),), (rules,)))
    return [*found, make.sample((make.tensor((0, 2, *sizes)),), (found[0].params[0],))]


RESAMPLE_BACKWARD = Operation(
    "resample_backward",
    inputs="g",
    params="record rules",
    evaluate=lambda g, record, rules: gathered_back(g, rules),
    infer=lambda g, record, rules: Spec(
        (*g.shape[: len(g.shape) - len(rules)], *[rule[1] for rule in rules]), g.dtype
    ),
    gradient={"g": lambda g, record, rules: apply(REGISTRY[record], (g,), (rules,))},
    decompose=lambda g, record, rules: _in_parts(g, rules, back=True),
    samples=lambda make: [
        make.sample(
            (make.tensor((2, 5, 2)),),
            (
                "upsample_bilinear2d",
                (("linear", 3, 5, False, None), ("linear", 4, 2, False, None)),
            ),
        ),
        make.sample(
            (make.tensor((2, 6)),), ("upsample_nearest1d", (("nearest", 3, 6, False, None),))
        ),
    ],
)


def _infer(name: str) -> Callable[..., Spec]:
    def infer(x: Any, rules: Rules) -> Spec:
        if x.dtype.kind not in "fV" and not (x.dtype == np.uint8 and rules[0][0] != "mean"):
            raise NotImplementedError(
                message(
                    f"{name}: not defined for this type",
                    expected="a floating-point tensor",
                    got=str(of(x.dtype)),
                    help="convert with .float()",
                )
            )
        shape = (*x.shape[: x.ndim - len(rules)], *[rule[2] for rule in rules])
        return Spec(shape, x.dtype)

    return infer


def resampling_record(name: str, node_name: str, modes: tuple[str, ...], ndim: int) -> Operation:
    """A record whose parameter is the rule of each of the last dimensions.

    Args:
        name: PyTorch's name.
        node_name: of the graph's node.
        modes: those that the rules may have, for samples.
        ndim: how many dimensions are resampled.
    """
    return Operation(
        name,
        inputs="input",
        params="rules",
        evaluate=resampled,
        infer=_infer(name),
        gradient={"input": lambda g, rules: apply(RESAMPLE_BACKWARD, (g,), (name, rules))},
        node_name=node_name,
        strict=True,
        decompose=_in_parts,
        samples=lambda make: [
            *_check_samples(make, modes, ndim),
            make.error(
                (make.integers((1, *(3, 4, 3)[3 - ndim :])),),
                (tuple([(modes[0], n, n + 1, False, None) for n in (3, 4, 3)[3 - ndim :]]),),
                NotImplementedError,
            ),
        ],
    )
