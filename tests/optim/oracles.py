"""The rules in float64 NumPy, written from the papers' formulas.

An oracle is a class: ``Rule(p, **options)`` with the parameter, and ``step(g, p, t)`` that returns
the update for the gradient ``g`` of update ``t`` (from 1).
"""

from __future__ import annotations

import numpy as np


class Adam:
    def __init__(self, p, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, nesterov=False, mu_dtype=None):
        self.m, self.v = np.zeros_like(p), np.zeros(p.shape)
        self.b1, self.b2, self.eps, self.eps_root = b1, b2, eps, eps_root
        self.nesterov = nesterov

    def first(self, g, t):
        b1 = self.b1
        if self.nesterov:
            return b1 * self.m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        return self.m / (1 - b1**t)

    def moments(self, g):
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * np.abs(g) ** 2

    def step(self, g, p, t):
        self.moments(g)
        return self.first(g, t) / (np.sqrt(self.v / (1 - self.b2**t) + self.eps_root) + self.eps)


class AMSGrad(Adam):
    def __init__(
        self, p, bias_correction_mu=True, bias_correction_nu=True, debias_after_max=False, **rest
    ):
        super().__init__(p, **rest)
        self.largest = np.zeros_like(self.v)
        self.mu, self.nu, self.after = bias_correction_mu, bias_correction_nu, debias_after_max

    def step(self, g, p, t):
        self.moments(g)
        c2 = 1 - self.b2**t if self.nu else 1.0
        if self.after:
            self.largest = np.maximum(self.largest, self.v)
            size = self.largest / c2
        else:
            self.largest = np.maximum(self.largest, self.v / c2)
            size = self.largest
        mean = self.first(g, t) if self.mu else self.m
        return mean / (np.sqrt(size + self.eps_root) + self.eps)


class Adamax(Adam):
    def step(self, g, p, t):
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = np.maximum(self.b2 * self.v, np.abs(g) + self.eps)
        return self.first(g, t) / self.v


class Belief(Adam):
    def __init__(self, p, eps=1e-16, eps_root=1e-16, **rest):
        super().__init__(p, eps=eps, eps_root=eps_root, **rest)

    def step(self, g, p, t):
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * (g - self.m) ** 2 + self.eps_root
        return self.first(g, t) / (np.sqrt(self.v / (1 - self.b2**t)) + self.eps)


class Yogi(Adam):
    def __init__(self, p, eps=1e-3, initial_accumulator_value=1e-6, **rest):
        super().__init__(p, eps=eps, **rest)
        self.m, self.v = self.m + initial_accumulator_value, self.v + initial_accumulator_value

    def step(self, g, p, t):
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.v - (1 - self.b2) * np.sign(self.v - g**2) * g**2
        return self.first(g, t) / (np.sqrt(self.v / (1 - self.b2**t) + self.eps_root) + self.eps)


class RAdam(Adam):
    def __init__(self, p, threshold=5.0, strict=False, eps_before_correction=False, **rest):
        super().__init__(p, **rest)
        self.threshold, self.strict, self.before = threshold, strict, eps_before_correction

    def step(self, g, p, t):
        self.moments(g)
        most = 2 / (1 - self.b2) - 1
        rho = most - 2 * t * self.b2**t / (1 - self.b2**t)
        adapt = rho > self.threshold if self.strict else rho >= self.threshold
        if not adapt:
            return self.first(g, t)
        top = (rho - 4) * (rho - 2) * most
        r = np.sqrt(top / ((most - 4) * (most - 2) * rho))
        c2 = 1 - self.b2**t
        if self.before:
            return r * self.first(g, t) * np.sqrt(c2) / (np.sqrt(self.v + self.eps_root) + self.eps)
        return r * self.first(g, t) / (np.sqrt(self.v / c2 + self.eps_root) + self.eps)


class Lion:
    def __init__(self, p, b1=0.9, b2=0.99, mode="hard", smooth_beta=1.0):
        self.m, self.b1, self.b2, self.mode, self.beta = np.zeros_like(p), b1, b2, mode, smooth_beta

    def step(self, g, p, t):
        c = self.b1 * self.m + (1 - self.b1) * g
        self.m = self.b2 * self.m + (1 - self.b2) * g
        if self.mode == "smooth":
            return np.tanh(self.beta * c)
        return np.where((np.abs(c) < 1) & (self.mode == "refined"), c, np.sign(c))


class RMS:
    def __init__(
        self, p, decay=0.9, eps=1e-8, initial_scale=0.0, eps_in_sqrt=True, bias_correction=False,
        centered=False,
    ):  # fmt: skip
        self.v, self.m = np.full(p.shape, initial_scale), np.zeros_like(p)
        self.decay, self.eps, self.inside = decay, eps, eps_in_sqrt
        self.correct, self.centered = bias_correction, centered

    def step(self, g, p, t):
        b = self.decay
        self.v = b * self.v + (1 - b) * np.abs(g) ** 2
        self.m = b * self.m + (1 - b) * g
        c = 1 - b**t if self.correct else 1.0
        size = self.v / c - (np.abs(self.m / c) ** 2 if self.centered else 0)
        return g / np.sqrt(size + self.eps) if self.inside else g / (np.sqrt(size) + self.eps)


class StdDev(RMS):
    def __init__(self, p, **options):
        super().__init__(p, centered=True, **options)


class RSS:
    def __init__(self, p, initial_accumulator_value=0.1, eps=1e-7, eps_in_sqrt=True):
        self.s, self.eps, self.inside = (
            np.full(p.shape, initial_accumulator_value),
            eps,
            eps_in_sqrt,
        )

    def step(self, g, p, t):
        self.s = self.s + g**2
        if not self.inside:
            return g / (np.sqrt(self.s) + self.eps)
        return np.divide(g, np.sqrt(self.s + self.eps), out=np.zeros_like(g), where=self.s > 0)


class Adadelta:
    def __init__(self, p, rho=0.9, eps=1e-6):
        self.v, self.x, self.rho, self.eps = np.zeros_like(p), np.zeros_like(p), rho, eps

    def step(self, g, p, t):
        self.v = self.rho * self.v + (1 - self.rho) * g**2
        u = np.sqrt(self.x + self.eps) / np.sqrt(self.v + self.eps) * g
        self.x = self.rho * self.x + (1 - self.rho) * u**2
        return u


class FactoredRMS:
    def __init__(
        self, p, factored=True, decay_rate=0.8, step_offset=0, min_dim_size_to_factor=128,
        epsilon=1e-30,
    ):  # fmt: skip
        self.whole = np.zeros_like(p)
        self.power, self.offset, self.eps = decay_rate, step_offset, epsilon
        order = np.argsort(p.shape, kind="stable")
        self.dims = None
        if factored and p.ndim > 1 and p.shape[order[-2]] >= min_dim_size_to_factor:
            self.dims = int(order[-2]), int(order[-1])
            self.means = [np.zeros(p.mean(d, keepdims=True).shape) for d in reversed(self.dims)]

    def step(self, g, p, t):
        b = 1 - (t - self.offset) ** -self.power
        square = g**2 + self.eps
        if self.dims is None:
            self.whole = b * self.whole + (1 - b) * square
            return g / np.sqrt(self.whole)
        second, first = self.dims
        self.means = [
            b * mean + (1 - b) * square.mean(d, keepdims=True)
            for mean, d in zip(self.means, (first, second))
        ]
        row, col = self.means
        return g / np.sqrt(row * col / row.mean(second, keepdims=True))


class Trace:
    def __init__(self, p, decay=0.9, nesterov=False, dampening=0.0):
        self.b, self.mu, self.nesterov, self.tau = np.zeros_like(p), decay, nesterov, dampening

    def step(self, g, p, t):
        self.b = g if t == 1 else self.mu * self.b + (1 - self.tau) * g
        return g + self.mu * self.b if self.nesterov else self.b


class Ema:
    def __init__(self, p, decay=0.9, debias=True):
        self.m, self.decay, self.debias = np.zeros_like(p), decay, debias

    def step(self, g, p, t):
        self.m = self.decay * self.m + (1 - self.decay) * g
        return self.m / (1 - self.decay**t) if self.debias else self.m


class Rprop:
    def __init__(
        self, p, learning_rate, eta_minus=0.5, eta_plus=1.2, min_step_size=1e-6, max_step_size=50.0
    ):
        self.size, self.before = np.full(p.shape, learning_rate), np.zeros_like(p)
        self.eta = {-1: eta_minus, 0: 1.0, 1: eta_plus}
        self.bounds = min_step_size, max_step_size

    def step(self, g, p, t):
        turn = np.sign(g * self.before)
        self.size = np.clip(self.size * np.vectorize(self.eta.get)(turn), *self.bounds)
        self.before = np.where(turn == -1, 0, g)
        return self.size * np.sign(self.before)


class NAdam(Adam):
    def __init__(self, p, momentum_decay=4e-3, **rest):
        super().__init__(p, **rest)
        self.psi, self.product = momentum_decay, 1.0

    def mu(self, t):
        return self.b1 * (1 - 0.5 * 0.96 ** (t * self.psi))

    def step(self, g, p, t):
        self.moments(g)
        self.product *= self.mu(t)
        mean = self.mu(t + 1) * self.m / (1 - self.product * self.mu(t + 1))
        mean = mean + (1 - self.mu(t)) * g / (1 - self.product)
        return mean / (np.sqrt(self.v / (1 - self.b2**t)) + self.eps)


class SparseAdam(Adam):
    def step(self, g, p, t):
        rows = (g != 0).any(axis=tuple(range(1, g.ndim)), keepdims=True)
        m, v = self.m, self.v
        self.moments(g)
        self.m, self.v = np.where(rows, self.m, m), np.where(rows, self.v, v)
        size = np.sqrt(1 - self.b2**t) / (1 - self.b1**t)
        return np.where(rows, size * self.m / (np.sqrt(self.v) + self.eps), 0)


class ASGD:
    def __init__(self, p, learning_rate=0.01, lambd=1e-4, alpha=0.75, t0=1e6):
        self.rate, self.lambd, self.alpha = learning_rate, lambd, alpha

    def step(self, g, p, t):
        eta = (
            self.rate
            if t == 1
            else self.rate / (1 + self.lambd * self.rate * (t - 1)) ** (self.alpha)
        )
        return -eta * (g + self.lambd * p)


class AdEMAMix(Adam):
    def __init__(self, p, b3=0.9999, alpha=6.0, **rest):
        super().__init__(p, **rest)
        self.slow, self.b3, self.alpha = np.zeros_like(p), b3, alpha

    def step(self, g, p, t):
        self.moments(g)
        self.slow = self.b3 * self.slow + (1 - self.b3) * g
        size = np.sqrt(self.v / (1 - self.b2**t) + self.eps_root) + self.eps
        return (self.m / (1 - self.b1**t) + self.alpha * self.slow) / size


class SimplifiedAdEMAMix(Adam):
    def __init__(self, p, b1=0.99, b2=0.95, alpha=0.0, **rest):
        super().__init__(p, b1=b1, b2=b2, **rest)
        self.alpha = alpha

    def step(self, g, p, t):
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        self.m = self.b1 * self.m + g
        size = np.sqrt(self.v / (1 - self.b2**t) + self.eps_root) + self.eps
        return (self.m + self.alpha * g) / size


class Adan:
    def __init__(self, p, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, eps_root=0.0):
        self.b, self.eps, self.eps_root = (b1, b2, b3), eps, eps_root
        self.m, self.v, self.n, self.before = (np.zeros_like(p) for _ in range(4))

    def step(self, g, p, t):
        b1, b2, b3 = self.b
        d = g - self.before if t > 1 else 0 * g
        self.before = g
        self.m = b1 * self.m + (1 - b1) * g
        self.v = b2 * self.v + (1 - b2) * d
        self.n = b3 * self.n + (1 - b3) * (g + (1 - b2) * d) ** 2
        mean = self.m / (1 - b1**t) + (1 - b2) * self.v / (1 - b2**t)
        return mean / (np.sqrt(self.n / (1 - b3**t) + self.eps_root) + self.eps)


class ADOPT:
    def __init__(self, p, b1=0.9, b2=0.9999, eps=1e-6, nesterov=False, use_clipping=True):
        self.b1, self.b2, self.eps, self.nesterov = b1, b2, eps, nesterov
        self.clipping, self.m, self.v = use_clipping, np.zeros_like(p), None

    def step(self, g, p, t):
        if t == 1:
            self.v = g**2
            return np.zeros_like(g)
        c = g / np.maximum(np.sqrt(self.v), self.eps)
        if self.clipping:
            c = np.clip(c, -((t - 1) ** 0.25), (t - 1) ** 0.25)
        self.m = self.b1 * self.m + (1 - self.b1) * c
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        return self.b1 * self.m + (1 - self.b1) * c if self.nesterov else self.m


class ACProp(Adam):
    def __init__(self, p, eps=1e-16, eps_root=1e-16, **rest):
        super().__init__(p, eps=eps, eps_root=eps_root, **rest)

    def step(self, g, p, t):
        size = np.sqrt(self.v / (1 - self.b2 ** (t - 1))) if t > 1 else 1.0
        self.v = self.b2 * self.v + (1 - self.b2) * (g - self.m) ** 2 + self.eps_root
        self.m = self.b1 * self.m + (1 - self.b1) * g
        return g / (size + self.eps)


class NovoGrad:
    def __init__(self, p, b1=0.9, b2=0.25, eps=1e-8, eps_root=0.0, weight_decay=0.0):
        self.m, self.v, self.b1, self.b2 = np.zeros_like(p), None, b1, b2
        self.eps, self.eps_root, self.decay = eps, eps_root, weight_decay

    def step(self, g, p, t):
        square = (g**2).sum()
        self.v = square if t == 1 else self.b2 * self.v + (1 - self.b2) * square
        scaled = g / (np.sqrt(self.v + self.eps_root) + self.eps)
        self.m = self.b1 * self.m + scaled + self.decay * p
        return self.m


class Optimistic:
    def __init__(self, p, alpha=1.0, beta=1.0):
        self.before, self.alpha, self.beta = None, alpha, beta

    def step(self, g, p, t):
        before, self.before = g if t == 1 else self.before, g
        return self.alpha * g + self.beta * (g - before)


class SM3:
    def __init__(self, p, b1=0.9, b2=1.0, eps=1e-8):
        self.covers = [0.0] * max(p.ndim, 1)
        self.m, self.b1, self.b2, self.eps = np.zeros_like(p), b1, b2, eps

    def step(self, g, p, t):
        least = self.covers[0]
        for cover in self.covers:
            least = np.minimum(least, cover)
        size = self.b2 * least + (1.0 if self.b2 == 1 else 1 - self.b2) * g**2
        others = [tuple(d for d in range(g.ndim) if d != dim) for dim in range(g.ndim)]
        self.covers = [size.max(axis=dims, keepdims=True) for dims in others]
        u = np.divide(g, np.sqrt(size + self.eps), out=np.zeros_like(g), where=size > 0)
        self.m = self.b1 * self.m + (1 - self.b1) * u
        return self.m


class MADGRAD:
    def __init__(self, p, learning_rate, momentum=0.9, eps=1e-6):
        self.first, self.v, self.s = p, np.zeros_like(p), np.zeros_like(p)
        self.rate, self.momentum, self.eps = learning_rate, momentum, eps

    def step(self, g, p, t):
        weight = (self.rate + self.eps) * np.sqrt(t)
        self.v, self.s = self.v + weight * g**2, self.s + weight * g
        z = self.first - self.s / (np.cbrt(self.v) + self.eps)
        return self.momentum * p + (1 - self.momentum) * z - p


class COCOB:
    def __init__(self, p, alpha=100.0, eps=1e-8):
        self.first, self.alpha = p, alpha
        self.L, self.G, self.R, self.C = np.full(p.shape, eps), 0 * p, 0 * p, 0 * p

    def step(self, g, p, t):
        self.L = np.maximum(self.L, np.abs(g))
        self.G = self.G + np.abs(g)
        self.R = np.maximum(self.R - g * (p - self.first), 0)
        self.C = self.C - g
        share = self.C / (self.L * np.maximum(self.G + self.L, self.alpha * self.L))
        return self.first + share * (self.L + self.R) - p


class LayerwiseDoG:
    def __init__(self, p, reps_rel=1e-6, eps=1e-8, global_scale=1.0):
        self.first, self.far, self.squares = p, reps_rel * (1 + norm(p)), 0.0
        self.eps, self.scale = eps, global_scale

    def step(self, g, p, t):
        self.far = max(self.far, norm(p - self.first))
        self.squares += (g**2).sum()
        return self.scale * self.far / np.sqrt(self.squares + self.eps) * g


class Every:
    def __init__(self, p, k=1):
        self.k, self.sum = k, 0

    def step(self, g, p, t):
        self.sum = self.sum + g if t % self.k != 1 % self.k else g
        return self.sum if t % self.k == 0 else 0 * g


class Muon:
    """Through a decomposition: the iteration is a polynomial of the singular values."""

    def __init__(self, p, beta=0.95, ns_steps=5, nesterov=True, eps=1e-8):
        self.m, self.beta, self.steps = np.zeros_like(p), beta, ns_steps
        self.nesterov, self.eps = nesterov, eps

    def step(self, g, p, t):
        b = self.beta
        self.m = b * self.m + (1 - b) * g
        mean = self.m / (1 - b**t)
        if self.nesterov:
            mean = b * self.m / (1 - b ** (t + 1)) + (1 - b) * g / (1 - b**t)
        u, s, v = np.linalg.svd(mean, full_matrices=False)
        s = s / (norm(mean) + self.eps)
        for _ in range(self.steps):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        return u * s @ v


def stateless(formula):
    """An oracle from a formula of ``(g, p, t, **options)``."""

    class Formula:
        def __init__(self, p, **options):
            self.options = options

        def step(self, g, p, t):
            return formula(g, p, t, **self.options)

    return Formula


def norm(x, low=0.0):
    return max(np.sqrt((np.abs(x) ** 2).sum()), low)


def rms(x, low=0.0):
    return max(np.sqrt((np.abs(x) ** 2).mean()), low)


def trust_ratio(g, p, t, min_norm=0.0, trust_coefficient=1.0, eps=0.0):
    of_p, of_g = norm(p, min_norm), norm(g, min_norm)
    return g if of_p == 0 or of_g == 0 else g * trust_coefficient * of_p / (of_g + eps)


def units(x, axis):
    if axis is None:
        axis = tuple(range(x.ndim)) if x.ndim <= 1 else tuple(range(1, x.ndim))
    return np.sqrt((x**2).sum(axis=axis, keepdims=True))


def clip_units(g, p, t, clipping, eps=1e-3, axis=None):
    most = clipping * np.maximum(units(p, axis), eps)
    return g * np.minimum(1, most / np.maximum(units(g, axis), 1e-300))


def centralized(g, p, t):
    return g - g.mean(axis=tuple(range(1, g.ndim)), keepdims=True) if g.ndim > 1 else g


# rule, oracle, options; each switch at least once
CASES = [
    ("scale_by_adam", Adam, {}),
    ("scale_by_adam", Adam, {"b1": 0.5, "b2": 0.8, "eps": 1e-2, "eps_root": 1e-3}),
    ("scale_by_adam", Adam, {"b1": 0.0, "nesterov": True}),
    ("scale_by_adam", Adam, {"nesterov": True, "eps_root": 1e-3}),
    ("scale_by_amsgrad", AMSGrad, {}),
    ("scale_by_amsgrad", AMSGrad, {"bias_correction_mu": False, "b2": 0.7}),
    ("scale_by_amsgrad", AMSGrad, {"bias_correction_nu": False, "eps_root": 1e-3, "b2": 0.7}),
    ("scale_by_amsgrad", AMSGrad, {"debias_after_max": True, "b2": 0.7}),
    ("scale_by_adamax", Adamax, {}),
    ("scale_by_adamax", Adamax, {"b1": 0.3, "b2": 0.5, "eps": 0.1}),
    ("scale_by_belief", Belief, {}),
    ("scale_by_belief", Belief, {"nesterov": True, "eps": 1e-3, "eps_root": 1e-4}),
    ("scale_by_yogi", Yogi, {}),
    ("scale_by_yogi", Yogi, {"initial_accumulator_value": 0.1, "eps_root": 0.1, "b2": 0.5}),
    ("scale_by_radam", RAdam, {}),
    ("scale_by_radam", RAdam, {"b2": 0.9, "nesterov": True, "eps_root": 1e-3}),
    ("scale_by_radam", RAdam, {"strict": True, "eps_before_correction": True, "eps": 1e-2}),
    ("scale_by_radam", RAdam, {"threshold": 4.5, "b2": 0.99}),
    ("scale_by_lion", Lion, {}),
    ("scale_by_lion", Lion, {"mode": "smooth", "smooth_beta": 3.0, "b1": 0.4}),
    ("scale_by_lion", Lion, {"mode": "refined", "b2": 0.5}),
    ("scale_by_rms", RMS, {}),
    ("scale_by_rms", RMS, {"eps_in_sqrt": False, "decay": 0.99, "eps": 1e-3}),
    ("scale_by_rms", RMS, {"bias_correction": True, "initial_scale": 0.5}),
    ("scale_by_stddev", StdDev, {"eps": 1e-2}),
    ("scale_by_stddev", StdDev, {"eps_in_sqrt": False}),
    ("scale_by_stddev", StdDev, {"bias_correction": True, "initial_scale": 0.5}),
    ("scale_by_rss", RSS, {}),
    ("scale_by_rss", RSS, {"initial_accumulator_value": 0.0, "eps": 1e-3}),
    ("scale_by_rss", RSS, {"initial_accumulator_value": 0.0, "eps": 1e-10, "eps_in_sqrt": False}),
    ("scale_by_adadelta", Adadelta, {}),
    ("scale_by_adadelta", Adadelta, {"rho": 0.5, "eps": 1e-2}),
    ("scale_by_factored_rms", FactoredRMS, {}),
    ("scale_by_factored_rms", FactoredRMS, {"min_dim_size_to_factor": 2, "decay_rate": 0.5}),
    ("scale_by_factored_rms", FactoredRMS, {"min_dim_size_to_factor": 3, "epsilon": 1e-2}),
    ("scale_by_factored_rms", FactoredRMS, {"min_dim_size_to_factor": 2, "factored": False}),
    ("trace", Trace, {"decay": 0.9}),
    ("trace", Trace, {"decay": 0.5, "nesterov": True}),
    ("trace", Trace, {"decay": 0.5, "dampening": 0.25}),
    ("ema", Ema, {"decay": 0.9}),
    ("ema", Ema, {"decay": 0.5, "debias": False}),
    ("scale_by_rprop", Rprop, {"learning_rate": 0.1}),
    ("scale_by_rprop", Rprop, {"learning_rate": 0.1, "eta_minus": 0.3, "eta_plus": 2.0,
                               "min_step_size": 0.05, "max_step_size": 0.3}),
    ("scale_by_nadam", NAdam, {}),
    ("scale_by_nadam", NAdam, {"b1": 0.6, "b2": 0.7, "eps": 0.1, "momentum_decay": 0.5}),
    ("scale_by_ademamix", AdEMAMix, {}),
    ("scale_by_ademamix", AdEMAMix, {"b1": 0.5, "b3": 0.8, "alpha": 2.0, "eps_root": 1e-3}),
    ("scale_by_simplified_ademamix", SimplifiedAdEMAMix, {"alpha": 3.0}),
    ("scale_by_adan", Adan, {}),
    ("scale_by_adan", Adan, {"b1": 0.5, "b2": 0.3, "b3": 0.7, "eps": 0.1, "eps_root": 1e-3}),
    ("scale_by_adopt", ADOPT, {}),
    ("scale_by_adopt", ADOPT, {"nesterov": True, "use_clipping": False, "b2": 0.9, "eps": 0.1}),
    ("scale_by_acprop", ACProp, {}),
    ("scale_by_acprop", ACProp, {"b1": 0.3, "b2": 0.7, "eps": 0.1, "eps_root": 1e-3}),
    ("scale_by_novograd", NovoGrad, {}),
    ("scale_by_novograd", NovoGrad, {"b1": 0.5, "eps_root": 0.1, "weight_decay": 0.1}),
    ("scale_by_optimistic_gradient", Optimistic, {"alpha": 0.7, "beta": 0.3}),
    ("scale_by_sm3", SM3, {}),
    ("scale_by_sm3", SM3, {"b1": 0.0, "b2": 0.9, "eps": 0.1}),
    ("scale_by_madgrad", MADGRAD, {"learning_rate": 0.1}),
    ("scale_by_madgrad", MADGRAD, {"learning_rate": 0.1, "momentum": 0.0, "eps": 0.1}),
    ("scale_by_cocob", COCOB, {}),
    ("scale_by_cocob", COCOB, {"alpha": 3.0, "eps": 0.1}),
    ("scale_by_distance_over_gradients", LayerwiseDoG, {"reps_rel": 0.1, "global_scale": 0.5}),
    ("apply_every", Every, {"k": 3}),
    ("scale_by_sparse_adam", SparseAdam, {}),
    ("scale_by_sparse_adam", SparseAdam, {"b1": 0.5, "b2": 0.7, "eps": 0.1}),
    ("asgd", ASGD, {}),
    ("asgd", ASGD, {"learning_rate": 0.3, "lambd": 0.1, "alpha": 0.5}),
    ("scale", stateless(lambda g, p, t, step_size: step_size * g), {"step_size": -0.3}),
    ("scale_by_learning_rate", stateless(lambda g, p, t, learning_rate: -learning_rate * g),
     {"learning_rate": 0.3}),
    ("scale_by_learning_rate",
     stateless(lambda g, p, t, learning_rate, flip_sign: learning_rate * g),
     {"learning_rate": 0.3, "flip_sign": False}),
    ("scale_by_learning_rate", stateless(lambda g, p, t, learning_rate: g),
     {"learning_rate": None}),
    ("scale_by_sign", stateless(lambda g, p, t: np.sign(g)), {}),
    ("set_to_zero", stateless(lambda g, p, t: np.zeros_like(g)), {}),
    ("identity", stateless(lambda g, p, t: g), {}),
    ("add_decayed_weights", stateless(lambda g, p, t, weight_decay: g + weight_decay * p),
     {"weight_decay": 0.3}),
    ("scale_by_trust_ratio", stateless(trust_ratio), {}),
    ("scale_by_trust_ratio", stateless(trust_ratio),
     {"min_norm": 0.5, "trust_coefficient": 0.1, "eps": 0.3}),
    ("scale_by_param_block_rms", stateless(lambda g, p, t, min_scale=1e-3: g * rms(p, min_scale)),
     {}),
    ("scale_by_param_block_rms", stateless(lambda g, p, t, min_scale: g * rms(p, min_scale)),
     {"min_scale": 2.0}),
    ("scale_by_param_block_norm", stateless(lambda g, p, t, min_scale: g * norm(p, min_scale)),
     {"min_scale": 1.0}),
    ("clip", stateless(lambda g, p, t, max_delta: np.clip(g, -max_delta, max_delta)),
     {"max_delta": 0.4}),
    ("clip_by_block_rms", stateless(lambda g, p, t, threshold: g / max(1, rms(g) / threshold)),
     {"threshold": 0.7}),
    ("adaptive_grad_clip", stateless(clip_units), {"clipping": 0.3}),
    ("adaptive_grad_clip", stateless(clip_units), {"clipping": 0.3, "eps": 2.0, "axis": 0}),
    ("centralize", stateless(centralized), {}),
    ("zero_nans", stateless(lambda g, p, t: g), {}),
    ("keep_params_nonnegative", stateless(lambda g, p, t: np.maximum(g, -p)), {}),
]  # fmt: skip
