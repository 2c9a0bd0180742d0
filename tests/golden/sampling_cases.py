"""Random tensors, drawn by calls that PyTorch and flambeau both understand.

``CASES`` maps a name to a function of a module (``torch`` or ``flambeau``) and its functional
namespace. Each is called after ``manual_seed(SEED)``; what it returns, and the generator's state
afterwards, must be the same for both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

SEED = 20240229

Case = Callable[[Any, Any], Any]
CASES: dict[str, Case] = {}

FLOATING = ("float32", "float64", "float16", "bfloat16")
SHAPES = {"few": (5,), "block": (16,), "tail": (37,), "matrix": (4, 9), "scalar": ()}


def case(name: str, function: Case) -> None:
    """Add a case under a name of its own."""
    assert name not in CASES
    CASES[name] = function


def digest(array: np.ndarray) -> str:
    """A short name for the exact bits of an array, its shape and type."""
    label = f"{array.dtype.name}{array.shape}".encode()
    content = label + np.ascontiguousarray(array).tobytes()
    return hashlib.sha256(content).hexdigest()[:24]


def layouts(m: Any) -> dict[str, Any]:
    """Tensors whose order in memory is not that of their dimensions, or that have gaps."""
    return {
        "transposed": m.zeros(6, 8).transpose(0, 1),
        "columns": m.zeros(6, 8)[:, ::2],
        "rows": m.zeros(6, 8)[1:4],
        "every_second": m.zeros(40)[::2],
        "channels_last": m.zeros(2, 4, 4, 3).permute(0, 3, 1, 2),
    }


FILLS: dict[str, tuple[Any, ...]] = {
    "uniform_": (-1.5, 2.25),
    "normal_": (0.5, 2.0),
    "bernoulli_": (0.3,),
    "exponential_": (1.5,),
    "geometric_": (0.2,),
    "cauchy_": (0.5, 1.5),
    "log_normal_": (0.25, 0.5),
    "random_": (-3, 11),
}

for _dtype in FLOATING:
    for _label, _shape in SHAPES.items():
        case(
            f"rand-{_dtype}-{_label}",
            lambda m, F, d=_dtype, s=_shape: m.rand(s, dtype=getattr(m, d)),
        )
        case(
            f"randn-{_dtype}-{_label}",
            lambda m, F, d=_dtype, s=_shape: m.randn(s, dtype=getattr(m, d)),
        )
    for _name, _given in FILLS.items():
        case(
            f"{_name}-{_dtype}",
            lambda m, F, n=_name, a=_given, d=_dtype: getattr(m.empty(29, dtype=getattr(m, d)), n)(
                *a
            ),
        )
    case(
        f"dropout-{_dtype}", lambda m, F, d=_dtype: F.dropout(m.ones(40, dtype=getattr(m, d)), 0.3)
    )
    case(
        f"alpha_dropout-{_dtype}",
        lambda m, F, d=_dtype: F.alpha_dropout(m.ones(40, dtype=getattr(m, d)), 0.3, True),
    )
for _layout in ("transposed", "columns", "rows", "every_second", "channels_last"):
    for _name, _given in FILLS.items():
        case(
            f"{_name}-{_layout}",
            lambda m, F, n=_name, a=_given, k=_layout: getattr(layouts(m)[k], n)(*a),
        )
    for _name in ("rand_like", "randn_like"):
        case(f"{_name}-{_layout}", lambda m, F, n=_name, k=_layout: getattr(m, n)(layouts(m)[k]))
    case(f"dropout-{_layout}", lambda m, F, k=_layout: F.dropout(layouts(m)[k] + 1, 0.4))
    case(f"bernoulli-{_layout}", lambda m, F, k=_layout: m.bernoulli(layouts(m)[k] + 0.3))
    case(f"normal-{_layout}", lambda m, F, k=_layout: m.normal(layouts(m)[k], layouts(m)[k] + 2))

case("randint", lambda m, F: m.randint(-5, 1000, (50,)))
case("randint-wide", lambda m, F: m.randint(0, 2**40, (20,)))
case("randint-high-only", lambda m, F: m.randint(6, (3, 4)))
case("randint_like", lambda m, F: m.randint_like(m.zeros(3, 4), 2, 9))
case("random_-unbounded", lambda m, F: m.empty(12, dtype=m.int64).random_())
case("random_-below", lambda m, F: m.empty(12).random_(100))
case("randperm", lambda m, F: m.randperm(100))
case("randperm-two", lambda m, F: (m.randperm(7), m.randperm(7))[1])
case("normal-numbers", lambda m, F: m.normal(1.0, 2.0, (3, 7)))
case("normal-mean", lambda m, F: m.normal(m.arange(20, dtype=m.float32), 0.5))
case("normal-std", lambda m, F: m.normal(0.5, m.arange(20, dtype=m.float32)))
case("normal-broadcast", lambda m, F: m.normal(m.zeros(3, 1), m.ones(4)))
case("bernoulli-probability", lambda m, F: m.bernoulli(m.zeros(9), 0.4))
case("bernoulli_-tensor", lambda m, F: m.empty(3, 5).bernoulli_(m.linspace(0, 1, 5)))
case("poisson", lambda m, F: m.poisson(m.linspace(0, 40, 30)))
case("binomial", lambda m, F: m.binomial(m.full((9,), 20.0), m.linspace(0, 1, 9)))
case("multinomial-one", lambda m, F: m.multinomial(m.linspace(0, 1, 9), 1))
case("multinomial-without", lambda m, F: m.multinomial(m.linspace(0, 1, 9), 5))
case("multinomial-with", lambda m, F: m.multinomial(m.linspace(0, 1, 9), 30, True))
case("multinomial-rows", lambda m, F: m.multinomial(m.ones(4, 6), 10, replacement=True))
case("generator", lambda m, F: m.rand(5, generator=m.Generator().manual_seed(7)))
case("generator-default-seed", lambda m, F: m.randn(20, generator=m.Generator()))
case("half-used-pair", lambda m, F: (m.randn(3), m.rand(2), m.randn(4))[2])
case("dropout1d", lambda m, F: F.dropout1d(m.ones(3, 5, 2), 0.5))
case("dropout1d-one", lambda m, F: F.dropout1d(m.ones(5, 2), 0.5))
case("dropout2d", lambda m, F: F.dropout2d(m.ones(3, 5, 2, 2), 0.5))
case("dropout3d", lambda m, F: F.dropout3d(m.ones(3, 5, 2, 2, 2), 0.5))
case("dropout3d-one", lambda m, F: F.dropout3d(m.ones(5, 2, 2, 2), 0.5))
case("feature_alpha_dropout", lambda m, F: F.feature_alpha_dropout(m.ones(3, 5, 2), 0.5, True))
case("dropout-all", lambda m, F: (F.dropout(m.ones(3), 1.0), m.rand(2))[1])
case("dropout-none", lambda m, F: (F.dropout(m.ones(3), 0.0), m.rand(2))[1])
case("dropout-eval", lambda m, F: (F.dropout(m.ones(3), 0.5, False), m.rand(2))[1])
