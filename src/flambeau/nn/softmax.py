"""Activations along a dimension: softmax and its like, and the gated linear unit."""

from __future__ import annotations

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.activation_record import activation
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor

GLU = activation(
    "GLU",
    functional.glu,
    "dim: int = -1",
    shown="dim={dim}",
    doc="""One half of the input, gated by the other.

    :math:`out = a · sigmoid(b)`, where :math:`a` and :math:`b` are the halves along ``dim``

    Args:
        dim: the dimension to halve; its size is even.

    Shape: (..., 2n, ...) -> (..., n, ...).

    Reference: Dauphin et al. (2016).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.GLU()(fb.tensor([1., 2., 0., 10.]))
        tensor([0.5000, 1.9999])
    """,
)

Softmax = activation(
    "Softmax",
    functional.softmax,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""Positive numbers that sum to 1 along a dimension.

    :math:`out_i = exp(x_i) / Σ_j exp(x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmax(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([0.0159, 0.1173, 0.8668])
    """,
)

LogSoftmax = activation(
    "LogSoftmax",
    functional.log_softmax,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""The logarithm of softmax, without overflow.

    :math:`out_i = x_i - log Σ_j exp(x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LogSoftmax(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([-4.1429, -2.1429, -0.1429])
    """,
)

Softmin = activation(
    "Softmin",
    functional.softmin,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""Softmax of the negative.

    :math:`out_i = exp(-x_i) / Σ_j exp(-x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmin(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([0.8668, 0.1173, 0.0159])
    """,
)


class Softmax2d(Module):
    """Softmax over the channels at every place of an image.

    Shape: (n, c, h, w) or (c, h, w); the result has the input's.

    Raises:
        ValueError: for other numbers of dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmax2d()(fb.zeros(2, 1, 1))
        tensor([[[0.5000]],
        <BLANKLINE>
                [[0.5000]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Weights over the channels."""
        if input.ndim not in (3, 4):
            raise ValueError(
                message(
                    "Softmax2d: not an image",
                    expected="3 or 4 dimensions",
                    got=f"shape {tuple(input.shape)}",
                )
            )
        return functional.softmax(input, -3)
