"""Samples of gamma and Dirichlet distributions, which follow their parameters.

PyTorch has these under private names; :mod:`flambeau.distributions` is what offers them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.implicit_slopes import beta_slope, gamma_slope
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64, copy=False)


def _infer_gamma(concentration: Any, generator: Any) -> Spec:
    room.standard_gamma(None, np.empty(0, concentration.dtype))
    return Spec(concentration.shape, concentration.dtype)


def _infer_dirichlet(concentration: Any, generator: Any) -> Spec:
    if concentration.ndim == 0:
        raise RuntimeError(
            message(
                "sample_dirichlet: there is no dimension to sum to 1 along",
                expected="at least one dimension",
                got="shape ()",
            )
        )
    room.dirichlet(None, np.empty((0, 1), concentration.dtype))
    return Spec(concentration.shape, concentration.dtype)


def _once(g: Tensor) -> Tensor:
    raise RuntimeError(
        message(
            "standard_gamma: samples can be differentiated once only",
            expected="a first derivative with respect to a concentration",
            got="a second one",
            help="differentiate log_prob instead",
        )
    )


STANDARD_GAMMA_GRAD = Operation(
    "standard_gamma_grad",
    inputs="concentration sample",
    evaluate=lambda a, x: gamma_slope(_wide(a), _wide(x)).astype(x.dtype),
    infer=lambda a, x: Spec(x.shape, x.dtype),
    gradient={"concentration": _once, "sample": _once},
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor(shape, 0.1, 200.0), make.tensor(shape, 0.1, 60.0)), smooth=False
        )
        for shape in ((5,), (), (0,), (2, 20))
    ],
)

STANDARD_GAMMA = Operation(
    "standard_gamma",
    inputs="concentration",
    params="generator",
    evaluate=lambda a, generator: room.standard_gamma(generator, a),
    infer=_infer_gamma,
    gradient={
        "concentration": lambda g, concentration, out: (
            g * apply(STANDARD_GAMMA_GRAD, (concentration, out))
        )
    },
    strict=True,
    samples=lambda make: [
        *[
            make.sample(inputs=(make.tensor(shape, 0.1, 9.0),), params=(None,), smooth=False)
            for shape in ((5,), (), (0,), (2, 3))
        ],
        make.sample(inputs=(make.transposed((3, 2)) ** 2 + 0.5,), params=(None,), smooth=False),
        make.error((make.integers((2,), 1, 5),), (None,), NotImplementedError),
    ],
)

DIRICHLET_GRAD = Operation(
    "dirichlet_grad",
    inputs="sample concentration total",
    evaluate=lambda x, a, total: beta_slope(_wide(x), _wide(a), _wide(total) - _wide(a)).astype(
        x.dtype
    ),
    infer=lambda x, a, total: Spec(x.shape, x.dtype),
    gradient={"sample": _once, "concentration": _once, "total": _once},
    samples=lambda make: [
        make.sample(
            inputs=(
                make.tensor(shape, 0.01, 0.99),
                make.tensor(shape, 0.1, 9.0),
                make.tensor(shape, 10.0, 20.0),
            ),
            smooth=False,
        )
        for shape in ((5,), (), (0,), (2, 3))
    ],
)


def _dirichlet_gradient(g: Tensor, concentration: Tensor, out: Tensor) -> Tensor:
    total = concentration.sum(-1, True).expand_as(concentration)
    slope = apply(DIRICHLET_GRAD, (out, concentration, total))
    return slope * (g - (out * g).sum(-1, True))


SAMPLE_DIRICHLET = Operation(
    "sample_dirichlet",
    inputs="concentration",
    params="generator",
    evaluate=lambda a, generator: room.dirichlet(generator, a),
    infer=_infer_dirichlet,
    gradient={"concentration": _dirichlet_gradient},
    strict=True,
    samples=lambda make: [
        *[
            make.sample(inputs=(make.tensor(shape, 0.1, 9.0),), params=(None,), smooth=False)
            for shape in ((5,), (2, 3), (0, 2))
        ],
        make.error((make.tensor((), 0.5, 1.0),), (None,), RuntimeError),
        make.error((make.integers((2,), 1, 5),), (None,), NotImplementedError),
    ],
)


def standard_gamma(concentration: Tensor, generator: Any = None) -> Tensor:
    """Samples of gamma distributions of scale 1; they follow the concentration.

    Args:
        concentration: > 0, float32 or float64.
        generator: the stream; the process's own if not given.
    """
    return apply(STANDARD_GAMMA, (concentration,), (generator,))


def sample_dirichlet(concentration: Tensor, generator: Any = None) -> Tensor:
    """Samples of Dirichlet distributions along the last dimension; they follow the concentration.

    Args:
        concentration: > 0, float32 or float64.
        generator: the stream; the process's own if not given.
    """
    return apply(SAMPLE_DIRICHLET, (concentration,), (generator,))
