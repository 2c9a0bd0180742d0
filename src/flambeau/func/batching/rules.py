"""Batching rules of operations that are not elementwise, by name.

A rule is ``rule(op, operands, params)``: operands are what tensors hold
(:class:`~flambeau.func.batching.held.Batched`), at least one of them different for each example,
and numbers or ``None`` as they are. It returns tensors of the level below with the examples in
front; the caller brings them into the shape that one example has. ``None`` means that the rule
does not cover the case. Records of operations may bring a rule of their own (``batching=``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.func.batching import (
    indexing,
    joining,
    losses,
    movement,
    placing,
    products,
    searching,
    spatial,
)
from flambeau.func.batching.elementwise import elementwise
from flambeau.func.batching.shifted import behind, over_everything, shifted, solving, stacks
from flambeau.tensor.operation import Operation

Rule = Callable[[Operation, list[Any], tuple[Any, ...]], Any]
RULES: dict[str, Rule] = {}

_FAMILIES: tuple[tuple[Rule, str], ...] = (
    # Elementwise operations that the compiler does not lower, and what changes a tensor's type.
    (
        elementwise,
        (
            "nextafter polygamma i0 special_i1 gcd lcm isclose complex polar to_dtype alias real "
            "frexp igamma igammac mvlgamma"
        ),
    ),
    # Operations whose dimensions are parameters: each dimension is one further back.
    (
        shifted,
        (
            "sum mean any all amax amin aminmax max min argmax argmin prod nansum var std "
            "var_mean std_mean softmax log_softmax softmax_backward_data "
            "log_softmax_backward_data logsumexp cumsum cumprod cummax cummin logcumsumexp "
            "linear_recurrence count_nonzero sort argsort topk kthvalue median nanmedian mode glu "
            "linalg_cross linalg_vector_norm pairwise_norm transpose flip roll rot90 unbind split "
            "split_with_sizes unsafe_split unsafe_split_with_sizes select slice diagonal "
            "tensor_unfold unsqueeze squeeze squeeze_1 squeeze_2 spread select_backward "
            "slice_backward diagonal_backward reshape view unsafe_view "
            "zeros_of_shape diag_embed pad_behind gather gather_backward scatter scatter_value "
            "scatter_add scatter_reduce fft_c2c fft_c2r fft_r2c"
        ),
    ),
    # Operations on the last dimensions, whatever stands in front.
    (
        behind,
        (
            "tril triu linalg_inv_ex linalg_svd linalg_cholesky_ex linalg_lu_factor_ex "
            "lu_permutation view_as_real view_as_complex view_dtype one_hot zeros_like ones_like "
            "full_like empty_like zero linalg_det linalg_eig linalg_eigh linalg_ldl_factor_ex "
            "linalg_matrix_exp linalg_qr linalg_slogdet matrix_cofactors geqrf cov_weights"
        ),
    ),
    # Several tensors whose leading dimensions broadcast.
    (
        stacks,
        (
            "cdist linalg_solve_ex linalg_solve_triangular linalg_pinv dirichlet_grad "
            "standard_gamma_grad"
        ),
    ),
    (solving, "linalg_lstsq linalg_ldl_solve"),
)
for _rule, _names in _FAMILIES:
    RULES.update(dict.fromkeys(_names.split(), _rule))

# Reductions of a whole tensor, and the operation that reduces one dimension.
for _name, _along in {
    "sum_all": "sum", "mean_all": "mean", "prod_all": "prod", "max_all": "amax",
    "min_all": "amin", "median_all": "median", "nanmedian_all": "nanmedian",
}.items():  # fmt: skip
    RULES[_name] = over_everything(_along)

RULES.update(movement.RULES)
RULES.update(products.RULES)
RULES.update(indexing.RULES)
RULES.update(placing.RULES)
RULES.update(searching.RULES)
RULES.update(joining.RULES)
RULES.update(losses.RULES)
RULES.update(spatial.RULES)


def rule_of(op: Operation) -> Rule | None:
    """The rule for an operation; ``None`` if it is to be taken apart, or run one by one."""
    found = op.batching or RULES.get(op.name)
    if found is None and (op.scalar is not None or op.name.startswith("special_")):
        return elementwise
    return found
