"""Iterations on matrices that optimizers use: eigenvalues, roots, least squares.

>>> import flambeau as fb
>>> from flambeau.optim import linear_algebra
>>> linear_algebra.nnls(fb.tensor([[1., 2.], [3., 4.]]), fb.tensor([5., 6.]), 1000)
tensor([0.0000, 1.7000])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.ops.creation import eye
from flambeau.optim import tree as T
from flambeau.optim.checks import in_range, require
from flambeau.tensor.tensor import Tensor


def power_iteration(
    matrix: Tensor | Callable[[Any], Any],
    *,
    v0: Any = None,
    num_iters: int = 100,
    error_tolerance: float = 1e-6,
) -> tuple[Tensor, Any]:
    r"""The eigenvalue of the largest size, and its eigenvector.

    .. math:: v ← A v / ‖A v‖, \quad λ = ⟨v, A v⟩

    Args:
        matrix: a square matrix, or a function that multiplies a tree with one.
        v0: where to begin; for a matrix, if not given, a fixed vector that has a part in every
            direction of a random matrix.
        num_iters: the most products, at least 1.
        error_tolerance: stop when :math:`‖Av - λv‖ / |λ|` is below it; at least 0.

    Returns:
        λ and v, of norm 1.

    Raises:
        ValueError: if it is not square, or a function comes without ``v0``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import linear_algebra
        >>> value, vector = linear_algebra.power_iteration(fb.tensor([[2., 0.], [0., 1.]]))
        >>> value
        tensor(2.)

    Reference: von Mises and Pollaczek-Geiringer, "Praktische Verfahren der Gleichungsauflösung",
    1929.
    Differs from optax: without ``v0`` it begins with a fixed vector, so there is no ``key``.
    """
    in_range("power_iteration", "num_iters", num_iters, 1)
    in_range("power_iteration", "error_tolerance", error_tolerance, 0)
    if callable(matrix) and not isinstance(matrix, Tensor):
        require(
            v0 is not None, "power_iteration: a function needs v0", "v0=a tree like what the "
            "function takes", "none",
        )  # fmt: skip
        product: Callable[[Any], Any] = matrix
    else:
        _check_square("power_iteration", matrix)
        product = matrix.__matmul__
        if v0 is None:
            # Cosines of whole numbers never repeat: no eigenvector is orthogonal to them by luck.
            v0 = (matrix.new_ones(matrix.shape[-1]).cumsum(0)).cos()
    v, value = _unit(v0), T.vdot(v0, v0) * 0
    for _ in range(num_iters):
        image = product(v)
        value = T.vdot(v, image)
        rest = T.norm(T.sub(image, T.scale(value, v)))
        v = _unit(image)
        if bool(rest <= error_tolerance * value.abs()):
            break
    return value, v


def _unit(x: Any) -> Any:
    size = T.norm(x)
    # What is zero has no direction.
    return x if bool(size == 0) else trees.map(lambda part: part / size, x)


def _check_square(name: str, matrix: Tensor) -> None:
    require(
        matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1],
        f"{name}: the matrix is not square",
        "shape (n, n)",
        f"shape {tuple(matrix.shape)}",
    )


def matrix_inverse_pth_root(
    matrix: Tensor,
    p: int,
    num_iters: int = 100,
    ridge_epsilon: float = 1e-6,
    error_tolerance: float = 1e-6,
) -> tuple[Tensor, Tensor]:
    r"""The inverse p-th root of a symmetric matrix that is not negative, by products only.

    .. math::
        X ≈ (A + ε λ_{max} I)^{-1/p}: \quad
        T = \left(1 + \tfrac1p\right) I - \tfrac1p M, \quad M ← T^p M, \quad X ← X T

    Args:
        matrix: :math:`A`.
        p: at least 1.
        num_iters: the most iterations, at least 1.
        ridge_epsilon: ε, at least 0.
        error_tolerance: stop when no element of :math:`M` is farther from that of :math:`I`.

    Returns:
        The root, and how far :math:`M` is from :math:`I`.

    Raises:
        ValueError: if it is not square, or an argument is out of range.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import linear_algebra
        >>> root, error = linear_algebra.matrix_inverse_pth_root(4 * fb.eye(2), 2)
        >>> root
        tensor([[0.5000, 0.0000],
                [0.0000, 0.5000]])

    Reference: Higham, "Functions of matrices", 2008, equation 7.18.
    Differs from optax: any ``p``, there powers of two up to 8; in the matrix's own precision,
    there float32.
    """
    name = "matrix_inverse_pth_root"
    _check_square(name, matrix)
    in_range(name, "p", p, 1)
    in_range(name, "num_iters", num_iters, 1)
    in_range(name, "ridge_epsilon", ridge_epsilon, 0)
    largest, _ = power_iteration(matrix)
    identity = eye(matrix.shape[0], dtype=matrix.dtype)
    damped = matrix + identity * (ridge_epsilon * largest.clamp(min=1e-16))
    share = (1 + p) / (2 * (damped * damped).sum().sqrt())
    m, x = damped * share, identity * share ** (1 / p)
    error = (m - identity).abs().amax()
    for _ in range(num_iters):
        if bool(error <= error_tolerance):
            break
        factor = identity * (1 + 1 / p) - m * (1 / p)
        m, following = factor.matrix_power(p) @ m, x @ factor
        before, error = error, (m - identity).abs().amax()
        if not bool(error < before * 1.2):  # rounding has taken over
            return x, before
        x = following
    return x, error


def nnls(A: Tensor, b: Tensor, iters: int, L: Any = None) -> Tensor:
    r"""Least squares with a solution that is not negative.

    .. math:: \min_{x ≥ 0} ‖A x - b‖^2, \quad
        x ← \max\left(y - \tfrac1L (A^T A y - A^T b), 0\right), \quad y \text{ ahead of } x

    Args:
        A: a matrix.
        b: a vector, or a matrix whose columns are solved for together.
        iters: iterations, at least 0.
        L: at least the largest eigenvalue of :math:`A^T A`; a bound of it if not given.

    Shape:
        (m, n) and (m,) or (m, k) to (n,) or (n, k).

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import linear_algebra
        >>> linear_algebra.nnls(fb.eye(2), fb.tensor([1., -1.]), 50)
        tensor([1., 0.])

    Reference: Polyak, "Projected gradient method for non-negative least square", 2015.
    Differs from optax: there is no ``unroll``.
    """
    require(
        A.ndim == 2 and b.ndim in (1, 2) and b.shape[0] == A.shape[0],
        "nnls: the shapes do not fit",
        "A of shape (m, n) and b of shape (m,) or (m, k)",
        f"{tuple(A.shape)} and {tuple(b.shape)}",
    )
    in_range("nnls", "iters", iters, 0)
    square, image = A.mT @ A, A.mT @ b
    if L is None:
        size = square.abs()
        L = (size * size).sum().sqrt().minimum(size.sum(0).amax()) if square.numel() else 0.0
    if bool(L == 0):
        L = 1.0  # every x is a solution
    x = ahead = image * 0
    pace = 0.0
    for _ in range(iters):
        following = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        new = (ahead - (square @ ahead - image) / L).clamp(min=0)
        ahead = new + (new - x) * ((pace - 1) / following)
        x, pace = new, following
    return x


def scale_gradient(inputs: Any, scale: Any) -> Any:
    r"""The same values, whose gradients are multiplied by a number on the way back.

    .. math:: y = x, \quad \bar x = s\, \bar y

    Args:
        inputs: a tree of tensors.
        scale: :math:`s`; 0 stops gradients, -1 turns them round.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import linear_algebra
        >>> x = fb.ones(2, requires_grad=True)
        >>> linear_algebra.scale_gradient(x, 0.5).sum().backward()
        >>> x.grad
        tensor([0.5000, 0.5000])

    Reference: Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015,
    section 3.1 (with a negative number).
    """
    return trees.map(lambda x: _scaled(x, scale), inputs)


def _scaled(x: Tensor, scale: Any) -> Tensor:
    if scale == 1 or not x.requires_grad:
        return x
    if scale == 0:
        return x.detach()
    slope = x * scale
    return x.detach() + (slope - slope.detach())
