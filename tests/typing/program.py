"""A user's program as a type checker reads it: `make check` runs pyright on this file.

Only what the stubs say is known here; nothing runs.
"""

# pyright: strict, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=error
# pyright: reportIndexIssue=error, reportOperatorIssue=error, reportOptionalMemberAccess=error
# pyright: reportOptionalOperand=error

from typing import assert_type

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F


class Network(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(4, width)
        self.second = nn.Linear(width, 1)

    def forward(self, x: fb.Tensor) -> fb.Tensor:
        return self.second(F.relu(self.first(x)))


def functions(x: fb.Tensor) -> None:
    assert_type(fb.exp(x), fb.Tensor)
    assert_type(fb.sqrt(x, out=x), fb.Tensor)
    assert_type(fb.add(x, 1.0, alpha=2), fb.Tensor)
    assert_type(fb.exp_(x), fb.Tensor)
    assert_type(fb.zeros(2, 3, dtype=fb.float64), fb.Tensor)
    assert_type(fb.sum(x, dim=0, keepdim=True), fb.Tensor)
    assert_type(fb.cat([x, x], axis=1), fb.Tensor)
    assert_type(fb.float32, fb.dtype)
    assert_type(fb.pi, float)


def methods(x: fb.Tensor) -> None:
    assert_type(x.exp(), fb.Tensor)
    assert_type(x.mul_(2.0), fb.Tensor)
    assert_type(x.sum(axis=0), fb.Tensor)
    assert_type(x.reshape(2, -1).transpose(0, 1), fb.Tensor)
    assert_type(x.T, fb.Tensor)
    assert_type(x.shape, fb.Size)
    assert_type(x.dtype, fb.dtype)
    assert_type(x.float(), fb.Tensor)
    assert_type(x.detach().requires_grad_(), fb.Tensor)
    assert_type(x.dim(), int)


def operators(x: fb.Tensor) -> None:
    assert_type(x + 1, fb.Tensor)
    assert_type(2 * x - x / 3, fb.Tensor)
    assert_type(x @ x.mT, fb.Tensor)
    assert_type(-(x**2), fb.Tensor)
    assert_type(x > 0, fb.Tensor)
    assert_type(x == x, fb.Tensor)
    x += 1
    x[0] = 2.0
    for row in x:
        assert_type(row, fb.Tensor)


def training() -> float:
    model = Network(8)
    optimizer = fb.optim.Adam(model.parameters(), lr=1e-3)
    x, y = fb.randn(16, 4), fb.randn(16, 1)
    for _ in range(3):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with fb.no_grad():
        return model(x).mean().item()


def mistakes(x: fb.Tensor) -> None:
    x.no_such_method()  # pyright: ignore[reportAttributeAccessIssue]
    fb.no_such_function(x)  # pyright: ignore[reportAttributeAccessIssue]
    fb.add_(x, 1)  # pyright: ignore[reportAttributeAccessIssue]
    x.sum(dimension=0)  # pyright: ignore[reportCallIssue]
    fb.exp(x, 2)  # pyright: ignore[reportCallIssue]
