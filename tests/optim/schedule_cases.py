"""Schedules with arguments, and the values that NumPy gives for the formulas in the papers."""

from __future__ import annotations

import numpy as np

STEPS = np.arange(1001, dtype=np.float64)


def polynomial(t, a, b, power, steps, begin=0):
    return (a - b) * (1 - np.clip((t - begin) / steps, 0, 1)) ** power + b


def exponential(t, a, steps, rate, begin=0, staircase=False, end=None):
    exponent = np.clip(t - begin, 0, None) / steps
    found = a * np.exp(np.log(rate) * (np.floor(exponent) if staircase else exponent))
    if end is None:
        return found
    return np.maximum(found, end) if rate < 1 else np.minimum(found, end)


def cosine(t, a, steps, alpha=0.0, exponent=1.0):
    wave = np.cos(np.pi / 2 * np.clip(t / steps, 0, 1)) ** 2
    return a * (alpha + (1 - alpha) * wave**exponent)


def through(t, points, kind):
    """A curve through points: lines, or half-waves."""
    x, y = np.array(points, dtype=np.float64).T
    if kind == "linear":
        return np.interp(t, x, y)
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    z = np.clip((t - x[i]) / (x[i + 1] - x[i]), 0, 1)
    return y[i] + (y[i + 1] - y[i]) * np.sin(np.pi / 2 * z) ** 2


def after(t, parts, boundaries):
    """One function of the step after another."""
    edges = [0, *boundaries, np.inf]
    found = np.empty_like(t)
    for f, low, high in zip(parts, edges, edges[1:]):
        here = (t >= low) & (t < high)
        found[here] = f(t[here] - low)
    return found


def line(a, b, steps):
    return lambda t: polynomial(t, a, b, 1, steps)


WAVES = [
    {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 20, "decay_steps": 200},
    {
        "init_value": 0.01, "peak_value": 0.05, "warmup_steps": 50, "decay_steps": 300,
        "end_value": 0.002, "exponent": 2.0,
    },
]  # fmt: skip
# name, positional arguments, arguments by name, values at STEPS
CASES = [
    ("constant_schedule", (0.3,), {}, lambda t: np.full_like(t, 0.3)),
    ("linear_schedule", (1.0, 0.0, 5), {}, line(1.0, 0.0, 5)),
    (
        "linear_schedule", (0.1, 0.7, 333), {"transition_begin": 100},
        lambda t: polynomial(t, 0.1, 0.7, 1, 333, 100),
    ),
    ("linear_schedule", (0.5, 0.0, 0), {}, lambda t: np.full_like(t, 0.5)),
    (
        "polynomial_schedule", (1.0, 0.01, 2, 700), {"transition_begin": 50},
        lambda t: polynomial(t, 1.0, 0.01, 2, 700, 50),
    ),
    ("polynomial_schedule", (0.2, 1.5, 0.5, 400), {}, lambda t: polynomial(t, 0.2, 1.5, 0.5, 400)),
    ("exponential_decay", (1.0, 100, 0.9), {}, lambda t: exponential(t, 1.0, 100, 0.9)),
    (
        "exponential_decay", (0.3, 70, 0.5, 40, True), {},
        lambda t: exponential(t, 0.3, 70, 0.5, 40, True),
    ),
    (
        "exponential_decay", (0.3, 70, 0.5), {"end_value": 0.01},
        lambda t: exponential(t, 0.3, 70, 0.5, end=0.01),
    ),
    (
        "exponential_decay", (0.3, 70, 1.5), {"end_value": 2.0},
        lambda t: exponential(t, 0.3, 70, 1.5, end=2.0),
    ),
    ("cosine_decay_schedule", (0.8, 900), {}, lambda t: cosine(t, 0.8, 900)),
    ("cosine_decay_schedule", (0.8, 900, 0.1, 3.0), {}, lambda t: cosine(t, 0.8, 900, 0.1, 3.0)),
    (
        "piecewise_constant_schedule", (1.0, {500: 0.1, 100: 0.3, 800: 2.0}), {},
        lambda t: np.select([t < 100, t < 500, t < 800], [1.0, 0.3, 0.03], 0.06),
    ),
    ("piecewise_constant_schedule", (0.7,), {}, lambda t: np.full_like(t, 0.7)),
    (
        "piecewise_interpolate_schedule", ("linear", 1.0, {400: 0.5, 700: 0.2}), {},
        lambda t: through(t, [(0, 1.0), (400, 0.5), (700, 0.1)], "linear"),
    ),
    (
        "piecewise_interpolate_schedule", ("cosine", 2.0, {400: 0.5, 700: 0.2}), {},
        lambda t: through(t, [(0, 2.0), (400, 1.0), (700, 0.2)], "cosine"),
    ),
    ("piecewise_interpolate_schedule", ("cosine", 0.4), {}, lambda t: np.full_like(t, 0.4)),
    (
        "linear_onecycle_schedule", (900, 0.5), {},
        lambda t: through(t, [(0, 0.02), (270, 0.5), (765, 0.02), (900, 2e-6)], "linear"),
    ),
    (
        "linear_onecycle_schedule", (900, 0.5, 0.4, 0.7, 10.0, 100.0), {},
        lambda t: through(t, [(0, 0.05), (360, 0.5), (630, 0.05), (900, 5e-4)], "linear"),
    ),
    (
        "cosine_onecycle_schedule", (900, 0.5), {},
        lambda t: through(t, [(0, 0.02), (270, 0.5), (900, 2e-6)], "cosine"),
    ),
    ("warmup_constant_schedule", (0.1, 1.0, 300), {}, line(0.1, 1.0, 300)),
    (
        "warmup_cosine_decay_schedule", (0.0, 1.0, 100, 800), {"end_value": 0.1, "exponent": 1.5},
        lambda t: after(t, [line(0, 1, 100), lambda s: cosine(s, 1, 700, 0.1, 1.5)], [100]),
    ),
    (
        "warmup_cosine_decay_schedule", (0.5, 1.0, 0, 800), {}, lambda t: cosine(t, 1.0, 800),
    ),
    (
        "warmup_exponential_decay_schedule", (0.0, 1.0, 100, 50, 0.8, 30, True, 0.2), {},
        lambda t: after(
            t, [line(0, 1, 100), lambda s: exponential(s, 1, 50, 0.8, 30, True, 0.2)], [100]
        ),
    ),
    (
        "sgdr_schedule", (WAVES,), {},
        lambda t: after(
            t,
            [
                line(0, 0.1, 20), lambda s: cosine(s, 0.1, 180),
                line(0.01, 0.05, 50), lambda s: cosine(s, 0.05, 250, 0.04, 2.0),
            ],
            [20, 200, 250],
        ),
    ),
]  # fmt: skip
# What optax does not have.
OWN_CASES = [
    ("rex_schedule", (0.6, 700), {}, lambda t: 0.6 * 2 * (1 - np.clip(t / 700, 0, 1)) / (
        2 - np.clip(t / 700, 0, 1))),
    ("rex_schedule", (0.6, 700, 0.1), {}, lambda t: 0.1 + (1 - np.clip(t / 700, 0, 1)) / (
        2 - np.clip(t / 700, 0, 1))),
    (
        "warmup_stable_decay_schedule", (0.0, 0.3, 100, 500, 200), {},
        lambda t: through(t, [(0, 0.0), (100, 0.3), (600, 0.3), (800, 0.0)], "linear"),
    ),
    (
        "warmup_stable_decay_schedule", (0.1, 0.3, 0, 500, 200, 0.05, "sqrt"), {},
        lambda t: 0.3 - 0.25 * np.sqrt(np.clip((t - 500) / 200, 0, 1)),
    ),
    (
        "warmup_stable_decay_schedule", (0.1, 0.3, 50, 0, 200, 0.05, "cosine"), {},
        lambda t: after(
            t, [line(0.1, 0.3, 50), lambda s: 0.05 + cosine(s, 0.25, 200)], [50]
        ),
    ),
]  # fmt: skip


def identifier(case) -> str:
    """A case's name in pytest's output."""
    return f"{case[0]}{case[1]}"[:60]
