"""L-BFGS."""

from __future__ import annotations

import math
from typing import Any

from flambeau.autograd import enable_grad, no_grad
from flambeau.core.errors import message
from flambeau.ops.complex_views import view_as_real
from flambeau.ops.joining import cat
from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import require
from flambeau.optim.optimizer import Closure, Optimizer, check_range
from flambeau.optim.strong_wolfe import Point, StrongWolfe
from flambeau.tensor.tensor import Tensor

CURVED = 1e-10  # a pair with less curvature would spoil the approximate Hessian


class LBFGS(Optimizer):
    r"""Quasi-Newton steps from the last few changes of the gradient.

    .. math::
        s_k = θ_{k+1} - θ_k, \quad y_k = g_{k+1} - g_k, \quad
        d = -H g, \quad θ ← θ + t d

    where :math:`H` is made of the last pairs :math:`(s, y)` with :math:`y^T s > 10^{-10}`, from
    :math:`\frac{y^T s}{y^T y} I`. One call of ``step`` does several such iterations.

    Args:
        params: parameters or named parameters, in one group.
        lr: the step length :math:`t`, at least 0, with which a line search starts; in the first
            iteration it is :math:`\min(1, 1/‖g‖_1)` times that.
        max_iter: the most iterations of one ``step``, at least 1.
        max_eval: the most evaluations of the closure in one ``step``; ``None`` for 5/4 of
            ``max_iter``.
        tolerance_grad: ``step`` ends when no element of the gradient is larger.
        tolerance_change: ``step`` ends when neither a parameter nor the loss changes by more.
        history_size: how many pairs are kept, at least 1.
        line_search_fn: ``"strong_wolfe"``, or ``None`` for steps of length ``lr``.

    Raises:
        ValueError: for hyperparameters out of range, or several groups.
        TypeError: in ``step``, if there is no closure.

    Example:
        >>> import flambeau as fb
        >>> w = fb.tensor([5., -3.], requires_grad=True)
        >>> optimizer = fb.optim.LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((w - fb.tensor([1., 2.])) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(41., grad_fn=<SumBackward0>)
        >>> [round(x, 4) for x in w.tolist()]
        [1.0, 2.0]

    Reference: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization",
    1989; Nocedal and Wright, "Numerical optimization", 2006, algorithms 7.4 and 7.5.
    Differs from PyTorch: a loss that is not a number ends a step or shortens a line search, where
    it would spread to the parameters; numbers of the state are Python numbers.
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_range("LBFGS", "lr", lr, 0.0)
        check_range("LBFGS", "max_iter", max_iter, 1)
        check_range("LBFGS", "history_size", history_size, 1)
        require(
            line_search_fn in (None, "strong_wolfe"),
            "LBFGS: unknown line_search_fn",
            "None, or 'strong_wolfe'",
            repr(line_search_fn),
        )
        options = {
            "lr": lr, "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
            "history_size": history_size, "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, options)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        require(
            not self.param_groups,
            "LBFGS: several parameter groups",
            "one group: the approximate Hessian is that of all parameters together",
            "another one",
        )
        super().add_param_group(param_group)

    def step(self, closure: Closure | None = None) -> Any:  # type: ignore[override]
        """Iterate until a limit or a tolerance is reached.

        Args:
            closure: computes the loss again and calls ``backward()``.

        Returns:
            The loss before the step.

        Raises:
            TypeError: if there is no closure.
        """
        if closure is None:
            raise TypeError(
                message(
                    "LBFGS: step needs a closure",
                    expected="step(closure), which may evaluate the loss several times",
                    got="no closure",
                    help="def closure(): optimizer.zero_grad(); loss = ...; loss.backward(); "
                    "return loss",
                )
            )
        group = self.param_groups[0]
        with no_grad():
            state = self.state[group["params"][0]]
            descent = _Descent(closure, group, state)
            try:
                return descent.run()
            finally:
                state.update(descent.state)


class _Descent:
    """One call of ``step``.

    Args:
        closure: the user's.
        group: the parameters and options.
        state: what the iterations remember, under PyTorch's names. A compiled closure may watch
            it: it stays as it is, and a copy is changed.
    """

    def __init__(self, closure: Closure, group: dict[str, Any], state: dict[str, Any]) -> None:
        self.closure = closure
        self.group = group
        self.state: dict[str, Any] = {
            k: list(v) if isinstance(v, list) else v for k, v in state.items()
        }
        self.evaluations = 0
        lr = group["lr"]
        self.lr = float(lr.item() if isinstance(lr, Tensor) else lr)
        # Elements are written through views of the parameters, complex ones as pairs.
        views = [view_as_real(p) if p.is_complex() else p for p in group["params"]]
        self.parameters = [p.detach() for p in views]

    def run(self) -> Any:
        state, group = self.state, self.group
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = self._loss()
        loss, g = float(first), self._gradient()
        done = not group["tolerance_grad"] < _largest(g) < math.inf or not math.isfinite(loss)
        iterations = 0
        while not done:
            iterations += 1
            state["n_iter"] += 1
            loss, g, done = self._iterate(loss, g, last=iterations == group["max_iter"])
        state["func_evals"] += self.evaluations
        return first

    def _iterate(self, loss: float, g: Tensor, last: bool) -> tuple[float, Tensor, bool]:
        """One iteration: the new loss and gradient, and whether the step ends here."""
        state, group, change = self.state, self.group, self.group["tolerance_change"]
        begun = state["n_iter"] > 1
        t = self.lr if begun else min(1.0, 1.0 / _sum_of_sizes(g)) * self.lr
        direction = _direction(state, g, group["history_size"]) if begun else _start(state, g)
        state |= {"d": direction, "t": t, "prev_flat_grad": g, "prev_loss": loss}
        slope = _dot(g, direction)
        if not slope <= -change:
            return loss, g, True
        if group["line_search_fn"] is None:
            self._move(direction, t)
            if last:
                return loss, g, True
            new, new_g = float(self._loss()), self._gradient()
        else:
            found = self._search(Point(0.0, loss, slope, g), direction, t)
            t, new, new_g = found.t, found.value, found.gradient
            state["t"] = t
        ended = (
            last
            or self.evaluations >= group["max_eval"]
            or not _largest(new_g) > group["tolerance_grad"]
            or _largest(direction) * t <= change
            or not abs(new - loss) >= change
        )
        return new, new_g, ended

    def _search(self, start: Point, direction: Tensor, t: float) -> Point:
        """The point that a line search finds; the parameters are moved there."""
        origin = [p.clone() for p in self.parameters]

        def evaluate(t: float) -> Point:
            self._move(direction, t)
            try:
                value, g = float(self._loss()), self._gradient()
            finally:
                for p, x in zip(self.parameters, origin, strict=True):
                    p.copy_(x)
            return Point(t, value, _dot(g, direction), g)

        most = self.group["max_eval"] - self.evaluations
        change = self.group["tolerance_change"]
        found = StrongWolfe(evaluate, start, _largest(direction), change, most).find(t)
        self._move(direction, found.t)
        return found

    def _loss(self) -> Any:
        self.evaluations += 1
        with enable_grad():
            return self.closure()

    def _gradient(self) -> Tensor:
        """The gradient of all parameters, flat."""
        parts = []
        for p in self.group["params"]:
            g = zeros_like(p) if p.grad is None else p.grad.detach()
            parts.append((view_as_real(g) if g.is_complex() else g).reshape(-1))
        return cat(parts)

    def _move(self, direction: Tensor, t: float) -> None:
        offset = 0
        for p in self.parameters:
            count = p.numel()
            p.add_(direction.narrow(0, offset, count).view(p.shape), alpha=t)
            offset += count


def _start(state: dict[str, Any], g: Tensor) -> Tensor:
    """The first direction, steepest descent."""
    state |= {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
    return g.neg()


def _direction(state: dict[str, Any], g: Tensor, most: int) -> Tensor:
    """Minus the approximate inverse Hessian times the gradient."""
    y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
    pairs = (state["old_dirs"], state["old_stps"], state["ro"])
    curvature = _dot(y, s)
    if curvature > CURVED:
        for values, value in zip(pairs, (y, s, 1.0 / curvature), strict=True):
            del values[: max(0, len(values) + 1 - most)]
            values.append(value)
        state["H_diag"] = curvature / _dot(y, y)
    changes, steps, ro = pairs
    ro = [float(x) for x in ro]
    q, shares = g.neg(), []
    for y, s, r in zip(reversed(changes), reversed(steps), reversed(ro), strict=True):
        shares.append(_dot(s, q) * r)
        q.add_(y, alpha=-shares[-1])
    q.mul_(float(state["H_diag"]))
    for y, s, r in zip(changes, steps, ro, strict=True):
        q.add_(s, alpha=shares.pop() - _dot(y, q) * r)
    return q


def _dot(x: Tensor, y: Tensor) -> float:
    return x.dot(y).item()


def _largest(x: Tensor) -> float:
    """The size of the largest element; 0 if there is none."""
    return x.abs().max().item() if x.numel() else 0.0


def _sum_of_sizes(x: Tensor) -> float:
    return x.abs().sum().item()
