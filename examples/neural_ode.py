"""A differential equation whose right-hand side is a network, fitted by the adjoint method.

The gradient of what the equation ends in is itself the solution of an equation, solved from the
end to the beginning: nothing has to be kept on the way. It is compared with the gradient that
goes back through every step of the solver.

Run it with ``python -m examples.neural_ode``.

Reference: Chen et al. 2018, Neural Ordinary Differential Equations, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flambeau as fb
from flambeau import func, nn

State = dict[str, fb.Tensor]
Slope = Callable[[Any, Any], Any]


def solve(slope: Slope, start: Any, time: float, steps: int) -> Any:
    """The classical Runge-Kutta method of fourth order.

    Args:
        slope: the derivative of a state, a tree of tensors.
        start: the state at first.
        time: when to end; negative to go back.
        steps: how many.
    """
    h = time / steps

    def moved(state: Any, by: float, k: Any) -> Any:
        return fb.tree.map(lambda y, k: y + by * k, state, k)

    def step(_: fb.Tensor, state: Any) -> Any:
        k1 = slope(state)
        k2 = slope(moved(state, h / 2, k1))
        k3 = slope(moved(state, h / 2, k2))
        k4 = slope(moved(state, h, k3))
        return fb.tree.map(
            lambda y, a, b, c, d: y + h / 6 * (a + 2 * b + 2 * c + d), state, k1, k2, k3, k4
        )

    return func.fori_loop(0, steps, step, start)


class Flow:
    """An autonomous equation :math:`y' = f(y, p)`.

    Args:
        f: the right-hand side, of a state and parameters.
        time, steps: how far to solve it.
    """

    def __init__(self, f: Callable[..., fb.Tensor], time: float, steps: int) -> None:
        self.f, self.time, self.steps = f, time, steps

    def end(self, start: fb.Tensor, params: State) -> fb.Tensor:
        """Where a state is at the end."""
        return solve(lambda y: self.f(y, params), start, self.time, self.steps)

    def adjoint(
        self, end: fb.Tensor, params: State, cotangent: fb.Tensor
    ) -> tuple[fb.Tensor, State]:
        """Gradients of the start and of the parameters from that of the end.

        :math:`a' = -a^T f_y, \\quad g' = -a^T f_p`, solved backward together with the state.
        """

        def slope(state: Any) -> Any:
            y, a, _ = state
            value, pull = func.vjp(self.f, y, params)
            of_y, of_params = pull(a)
            return value, -of_y, fb.tree.map(lambda g: -g, of_params)

        zeros = fb.tree.map(fb.zeros_like, params)
        _, of_start, of_params = solve(slope, (end, cotangent, zeros), -self.time, self.steps)
        return of_start, of_params


def make_field() -> tuple[Callable[..., fb.Tensor], State]:
    """A network as a right-hand side, and its parameters."""
    network = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2)).double()
    predict, params = func.make_functional(network)
    return lambda y, params: predict(params, y**3), params


def make_data(count: int = 64) -> tuple[fb.Tensor, fb.Tensor]:
    """Starts, and where a spiral takes them."""
    matrix = fb.tensor([[-0.1, -2.0], [2.0, -0.1]], dtype=fb.float64)
    start = 4 * fb.rand(count, 2, dtype=fb.float64) - 2
    return start, solve(lambda y: (y**3) @ matrix, start, 0.25, 200)


def difference(steps: int = 50, seed: int = 0) -> float:
    """The largest relative difference between the two gradients."""
    fb.manual_seed(seed)
    f, params = make_field()
    start, target = make_data(8)
    flow = Flow(f, 0.25, steps)
    loss = lambda params: ((flow.end(start, params) - target) ** 2).mean()  # noqa: E731
    through = func.grad(loss)(params)
    end = flow.end(start, params)
    _, adjoint = flow.adjoint(end, params, 2 * (end - target) / end.numel())
    return max(
        ((adjoint[name] - g).abs().max() / g.abs().max()).item() for name, g in through.items()
    )


def fit(rounds: int = 400, seed: int = 0) -> list[float]:
    """The loss along the way, with gradients by the adjoint method."""
    fb.manual_seed(seed)
    f, params = make_field()
    start, target = make_data()
    flow = Flow(f, 0.25, 20)
    leaves = [p.requires_grad_() for p in params.values()]
    optimizer = fb.optim.Adam(leaves, lr=1e-2)

    @fb.compile
    def step() -> fb.Tensor:
        with fb.no_grad():
            end = flow.end(start, params)
            gradient = flow.adjoint(end, params, 2 * (end - target) / end.numel())[1]
        for name, p in params.items():
            p.grad = gradient[name]
        optimizer.step()
        return ((end - target) ** 2).mean()

    return [step().item() for _ in range(rounds)]


def main() -> None:
    """Compare, fit and print."""
    for steps in (10, 20, 40):
        print(f"{steps:3} steps: the gradients differ by {difference(steps):.1e}, relatively")
    losses = fit()
    print(f"mean squared error: {losses[0]:.3f} at first, {losses[-1]:.1e} after {len(losses)}")


if __name__ == "__main__":
    main()
