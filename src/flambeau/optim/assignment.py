"""Which row goes with which column at the least cost. SciPy does the work.

>>> import flambeau as fb
>>> from flambeau.optim import assignment
>>> assignment.hungarian_algorithm(fb.tensor([[4., 1.], [2., 8.]]))
(tensor([0, 1]), tensor([1, 0]))
"""

from __future__ import annotations

from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.tensor.construction import tensor
from flambeau.tensor.tensor import Tensor


def hungarian_algorithm(cost_matrix: Tensor) -> tuple[Tensor, Tensor]:
    r"""Pairs of a row and a column, each used once, whose costs have the least sum.

    .. math:: \min_σ \sum_i C_{i σ(i)}

    Args:
        cost_matrix: finite costs.

    Shape:
        (n, m) to two vectors of min(n, m) whole numbers.

    Returns:
        The rows in order, and the column of each.

    Raises:
        ValueError: if it is no matrix of real numbers, or a cost is nan or infinite.
        ImportError: if SciPy is not installed.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import assignment
        >>> cost = fb.tensor([[8., 4., 7.], [5., 2., 3.]])
        >>> rows, columns = assignment.hungarian_algorithm(cost)
        >>> cost[rows, columns].sum()
        tensor(7.)

    Reference: Kuhn, "The Hungarian method for the assignment problem", 1955; Crouse, "On
    implementing 2D rectangular assignment algorithms", 2016.
    Differs from optax: rows come in order, whichever there are more of.
    """
    name = "hungarian_algorithm"
    require(
        cost_matrix.ndim == 2 and not cost_matrix.is_complex(),
        f"{name}: no matrix of costs",
        "real numbers of shape (n, m)",
        f"{cost_matrix.dtype} of shape {tuple(cost_matrix.shape)}",
    )
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ImportError(
            message(
                f"{name}: SciPy is not installed",
                expected="SciPy, which solves assignment problems",
                got="none",
                help="pip install scipy",
            )
        ) from error
    costs = cost_matrix.detach().double()
    require(
        bool(costs.isfinite().all()), f"{name}: a cost is not finite", "finite costs", "nan or inf",
        "give pairs that must not be a large cost",
    )  # fmt: skip
    rows, columns = linear_sum_assignment(costs.numpy())
    return tensor(rows), tensor(columns)


base_hungarian_algorithm = hungarian_algorithm  # optax's slower form of the same
