"""Rules that look at all parameters at once, in float64 NumPy from the papers' formulas.

An oracle is a class: ``Rule(params, **options)`` with a dict of parameters, and
``step(g, p, t, f)`` that returns the updates for gradients ``g`` and the loss ``f``.
"""

from __future__ import annotations

import numpy as np

from tests.optim.oracles import Adam, Muon


def dot(x, y):
    return sum((x[k] * y[k]).sum() for k in x)


def norm(x):
    return np.sqrt(dot(x, x))


def zeros(p):
    return {k: np.zeros_like(v) for k, v in p.items()}


class Prodigy:
    def __init__(
        self, p, betas=(0.9, 0.999), eps=1e-8, estim_lr0=1e-6, weight_decay=0.0, learning_rate=1.0,
        safeguard_warmup=False, estim_lr_coef=1.0,
    ):  # fmt: skip
        self.first, (self.b1, self.b2), self.eps = p, betas, eps
        self.b3, self.d0, self.d, self.r = np.sqrt(betas[1]), estim_lr0, estim_lr0, 0.0
        self.m, self.v, self.s = zeros(p), zeros(p), zeros(p)
        self.rate, self.decay, self.safe = learning_rate, weight_decay, safeguard_warmup
        self.coefficient = estim_lr_coef

    def step(self, g, p, t, f):
        d, share = self.d, self.d / self.d0
        rate = d * self.rate * np.sqrt(1 - self.b2**t) / (1 - self.b1**t)
        self.r = self.b3 * self.r + share * rate * dot(g, {k: self.first[k] - p[k] for k in p})
        for k in p:
            self.m[k] = self.b1 * self.m[k] + (1 - self.b1) * d * g[k]
            self.v[k] = self.b2 * self.v[k] + (1 - self.b2) * d**2 * g[k] ** 2
            self.s[k] = self.b3 * self.s[k] + share * (d if self.safe else rate) * g[k]
        self.d = max(d, self.coefficient * self.r / sum(np.abs(x).sum() for x in self.s.values()))
        return {
            k: -rate * (self.m[k] / (np.sqrt(self.v[k]) + self.d * self.eps) + self.decay * p[k])
            for k in p
        }


class DAdaptAdamW:
    def __init__(self, p, betas=(0.9, 0.999), eps=1e-8, estim_lr0=1e-6, weight_decay=0.0):
        (self.b1, self.b2), self.eps, self.d, self.r = betas, eps, estim_lr0, 0.0
        self.m, self.v, self.s, self.decay = zeros(p), zeros(p), zeros(p), weight_decay

    def step(self, g, p, t, f):
        b3 = np.sqrt(self.b2)
        rate = self.d * np.sqrt(1 - self.b2**t) / (1 - self.b1**t)
        scaled = {k: self.s[k] / (np.sqrt(self.v[k]) + self.eps) for k in p}
        self.r = b3 * self.r + (1 - b3) * rate * dot(g, scaled)
        for k in p:
            self.m[k] = self.b1 * self.m[k] + (1 - self.b1) * rate * g[k]
            self.v[k] = self.b2 * self.v[k] + (1 - self.b2) * g[k] ** 2
            self.s[k] = b3 * self.s[k] + (1 - b3) * rate * g[k]
        size = sum(np.abs(x).sum() for x in self.s.values())
        self.d = max(self.d, self.r / ((1 - b3) * size))
        return {
            k: -self.m[k] / (np.sqrt(self.v[k]) + self.eps) - rate * self.decay * p[k] for k in p
        }


class DoG:
    def __init__(self, p, init_step=("heuristic", 1e-6), eps=1e-8):
        kind, r = init_step
        self.first, self.squares, self.eps = p, 0.0, eps
        self.far = {"heuristic": r * (1 + norm(p)), "distance": r, "learning_rate": 0.0}[kind]
        self.rate = r if kind == "learning_rate" else None

    def step(self, g, p, t, f):
        self.far = max(self.far, norm({k: p[k] - self.first[k] for k in p}))
        self.squares += dot(g, g)
        rate = self.far / np.sqrt(self.squares + self.eps)
        rate = self.rate if t == 1 and self.rate is not None else rate
        return {k: rate * x for k, x in g.items()}


class DoWG:
    def __init__(self, p, init_estim_sq_dist=None, eps=1e-4):
        self.first, self.v, self.eps = p, 0.0, eps
        self.r = eps if init_estim_sq_dist is None else init_estim_sq_dist

    def step(self, g, p, t, f):
        self.r = max(self.r, norm({k: p[k] - self.first[k] for k in p}) ** 2)
        self.v += self.r * dot(g, g)
        return {k: self.r / (np.sqrt(self.v) + self.eps) * x for k, x in g.items()}


class Polyak:
    def __init__(self, p, f_min=0.0, max_learning_rate=1.0, eps=0.0, variant="sps"):
        self.options = f_min, max_learning_rate, eps, variant

    def step(self, g, p, t, f):
        least, most, eps, variant = self.options
        gap = max(f - least, 0) if variant == "sps+" else f - least
        return {k: min(gap / (dot(g, g) + eps), most) * x for k, x in g.items()}


class MoMo:
    def __init__(
        self, p, learning_rate=1.0, beta=0.9, lower_bound=0.0, weight_decay=0.0,
        adapt_lower_bound=False,
    ):  # fmt: skip
        self.rate, self.beta, self.least, self.decay = (
            learning_rate, beta, lower_bound, weight_decay
        )  # fmt: skip
        self.bound, self.adapt = lower_bound, adapt_lower_bound
        self.m, self.f, self.c = zeros(p), 0.0, 0.0

    def step(self, g, p, t, f):
        b = self.beta if t > 1 else 0.0
        self.f = b * self.f + (1 - b) * f
        self.m = {k: b * self.m[k] + (1 - b) * g[k] for k in p}
        self.c = b * self.c + (1 - b) * dot(g, p)
        grown, inner, size = 1 + self.rate * self.decay, dot(self.m, p), dot(self.m, self.m)
        bound = self.bound
        if self.adapt and grown * (self.f - self.c) + inner < grown * bound:
            bound = max((grown * (self.f - self.c) + inner) / (2 * grown), self.least)
        tau = min(self.rate, max(grown * (self.f - bound - self.c) + inner, 0) / size)
        if self.adapt:
            self.bound = max(self.f + inner - self.c - tau * size / 2, self.least)
        return {k: -(self.rate * self.decay / grown) * p[k] - tau * self.m[k] for k in p}


class MoMoAdam(MoMo):
    def __init__(self, p, learning_rate=1e-2, b1=0.9, b2=0.999, eps=1e-8, **rest):
        super().__init__(p, learning_rate, b1, **rest)
        self.b2, self.eps, self.v = b2, eps, zeros(p)

    def step(self, g, p, t, f):
        b, c1 = self.beta, 1 - self.beta**t
        self.f = b * self.f + (1 - b) * f
        self.m = {k: b * self.m[k] + (1 - b) * g[k] for k in p}
        self.v = {k: self.b2 * self.v[k] + (1 - self.b2) * g[k] ** 2 for k in p}
        self.c = b * self.c + (1 - b) * dot(g, p)
        u = {k: self.m[k] / (np.sqrt(self.v[k] / (1 - self.b2**t)) + self.eps) for k in p}
        grown, inner, size = 1 + self.rate * self.decay, dot(self.m, p), dot(self.m, u)
        bound = self.bound
        if self.adapt and grown * (self.f - self.c) + inner < grown * c1 * bound:
            bound = max((grown * (self.f - self.c) + inner) / (2 * c1 * grown), self.least)
        tau = min(self.rate / c1, max(grown * (self.f - c1 * bound - self.c) + inner, 0) / size)
        if self.adapt:
            self.bound = max((self.f + inner - self.c - tau * size / 2) / c1, self.least)
        return {k: -(self.rate * self.decay / grown) * p[k] - tau * u[k] for k in p}


class Plateau:
    def __init__(self, p, factor=0.1, patience=10, rtol=1e-4, atol=0.0, cooldown=0,
                 accumulation_size=1, min_scale=0.0):  # fmt: skip
        self.factor, self.patience, self.rtol, self.atol = factor, patience, rtol, atol
        self.cooldown, self.group, self.least = cooldown, accumulation_size, min_scale
        self.values, self.best, self.waited, self.rest, self.scale = [], np.inf, 0, 0, 1.0

    def step(self, g, p, t, f):
        self.values.append(f)
        if len(self.values) == self.group:
            self.judge(np.mean(self.values))
            self.values = []
        return {k: self.scale * x for k, x in g.items()}

    def judge(self, value):
        better = value < (1 - self.rtol) * self.best - self.atol
        self.best = value if better else self.best
        self.waited = 0 if better or self.rest else self.waited + 1
        self.rest = max(self.rest - 1, 0)
        if self.waited == self.patience:
            self.scale = max(self.scale * self.factor, self.least)
            self.waited, self.rest = 0, self.cooldown


class Lookahead:
    """Around gradient descent with a rate of 1."""

    def __init__(self, p, period, rate):
        self.slow, self.period, self.rate = p, period, rate

    def step(self, g, p, t, f):
        fast = {k: p[k] - g[k] for k in p}
        if t % self.period == 0:
            fast = {k: self.slow[k] + self.rate * (fast[k] - self.slow[k]) for k in p}
            self.slow = fast
        return {k: fast[k] - p[k] for k in p}


class ScheduleFree:
    """Around gradient descent."""

    def __init__(self, p, rate, b1=0.9, power=2.0):
        self.x, self.z, self.rate, self.b1, self.power = p, p, rate, b1, power
        self.total = self.largest = 0.0

    def step(self, g, p, t, f):
        self.largest = max(self.largest, self.rate(t - 1))
        weight = self.largest**self.power
        self.total += weight
        c = weight / self.total if self.total else 0.0
        self.z = {k: self.z[k] - self.rate(t - 1) * g[k] for k in p}
        self.x = {k: (1 - c) * self.x[k] + c * self.z[k] for k in p}
        return {k: self.b1 * self.x[k] + (1 - self.b1) * self.z[k] - p[k] for k in p}


class AdamAndMuon:
    """Muon for matrices, Adam with Nesterov's momentum for the others."""

    def __init__(self, p, rate, **options):
        self.rate, self.rules = rate, {}
        for k, x in p.items():
            self.rules[k] = Muon(x, **options) if x.ndim == 2 else Adam(x, nesterov=True)

    def step(self, g, p, t, f):
        shape = {k: np.sqrt(max(1, x.shape[0] / x.shape[1])) if x.ndim == 2 else 1.0
                 for k, x in p.items()}  # fmt: skip
        return {k: -self.rate * shape[k] * rule.step(g[k], p[k], t)
                for k, rule in self.rules.items()}  # fmt: skip


class Mechanic:
    """Around gradient descent."""

    def __init__(self, p, rate, weight_decay=0.01, eps=1e-8, s_init=1e-6, num_betas=6):
        self.first, self.rate, self.decay, self.eps, self.s0 = p, rate, weight_decay, eps, s_init
        self.betas = 1 - 0.1 ** np.arange(1.0, num_betas + 1)
        self.r, self.m, self.v = (np.zeros(num_betas) for _ in range(3))
        self.s = np.full(num_betas, s_init)

    def step(self, g, p, t, f):
        total, b = self.s.sum(), self.betas
        pull = self.decay * total * norm(g) / (norm(p) + self.eps)
        gone = {k: (self.first[k] - p[k]) / (total + self.eps) for k in p}
        h = dot({k: g[k] + pull * p[k] for k in p}, gone)
        clipped = np.clip(h, -self.m, self.m)
        self.r = b * self.r + clipped * self.s
        self.m = np.maximum(b * self.m, abs(h) + self.eps)
        self.v = b**2 * self.v + h**2
        wealth = self.s0 / len(b) * self.m + np.maximum(self.r, 0)
        self.s = wealth / (np.sqrt(self.v) + self.eps)
        return {k: self.first[k] - self.s.sum() * (gone[k] + self.rate * g[k]) - p[k] for k in p}
