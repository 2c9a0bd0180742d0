"""Spectral normalisation as a parametrization."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn.functional import normalize
from flambeau.nn.module import Module
from flambeau.nn.parametrization import register_parametrization
from flambeau.tensor.tensor import Tensor


def as_matrix(weight: Any, dim: int) -> Any:
    """The weight with dimension ``dim`` as rows and all others as columns."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.ndim) if d != dim])
    return weight.flatten(1)


def usual_dimension(module: Any, dim: int | None) -> int:
    """The dimension of the outputs: the second one in transposed convolutions."""
    if dim is not None:
        return dim
    from flambeau import nn

    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    return 1 if isinstance(module, transposed) else 0


def check_iterations(count: int) -> None:
    if count <= 0:
        raise ValueError(
            message(
                "spectral_norm: n_power_iterations is not positive",
                expected="at least 1",
                got=str(count),
            )
        )


class _SpectralNorm(Module):
    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                message(
                    "spectral_norm: dim is out of range",
                    expected=f"a number from {-ndim} to {ndim - 1}",
                    got=str(dim),
                )
            )
        check_iterations(n_power_iterations)
        self.dim = dim % ndim
        self.eps = eps
        if ndim == 1:
            return
        self.n_power_iterations = n_power_iterations
        matrix = as_matrix(weight.detach(), self.dim)
        vectors = [matrix.new_empty(size).normal_(0, 1) for size in matrix.shape]
        for name, vector in zip(("_u", "_v"), vectors):
            self.register_buffer(name, normalize(vector, dim=0, eps=eps))
        self._power_method(matrix, 15)

    def _power_method(self, matrix: Any, count: int) -> None:
        """Come nearer to the first singular vectors; the buffers change in place."""
        with no_grad():
            for _ in range(count):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # Copies: another call may change the buffers before this one's backward pass.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value.

    :math:`W / σ(W)`, :math:`σ(W) = u^T W v`, where u and v come nearer to the first singular
    vectors at each call in training.

    Args:
        module: changed, and returned.
        name: of the weight.
        n_power_iterations: how many steps of the power method each call takes.
        eps: keeps norms from being zero.
        dim: the dimension of the outputs; 1 for transposed convolutions and 0 for others if not
            given.

    Raises:
        ValueError: if there is no such weight, or ``n_power_iterations`` is not positive.
        IndexError: if ``dim`` is out of range.

    Reference: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.parametrizations.spectral_norm(fb.nn.Linear(20, 40))
        >>> bool(fb.linalg.matrix_norm(layer.weight, 2) < 1.5)
        True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(
            message(
                f"spectral_norm: {type(module).__name__} has no tensor '{name}'",
                expected="the name of a parameter or buffer",
                got=f"'{name}'",
            )
        )
    dim = usual_dimension(module, dim)
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
