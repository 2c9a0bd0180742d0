"""Linear algebra under PyTorch's path for it: what ``torch.linalg`` has."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".named": "LinAlgError cholesky inv lu lu_solve norm qr slogdet svd",
        "flambeau.ops.cholesky": "cholesky_ex",
        "flambeau.ops.contraction": "matrix_power multi_dot",
        "flambeau.ops.determinants": "det",
        "flambeau.ops.eigenvalues": "eig eigh eigvals eigvalsh",
        "flambeau.ops.linear_algebra": "cross diagonal vander vecdot",
        "flambeau.ops.lu_decomposition": "lu_factor lu_factor_ex",
        "flambeau.ops.matmul": "matmul",
        "flambeau.ops.matrix_exponential": "matrix_exp",
        "flambeau.ops.matrix_norms": "matrix_norm",
        "flambeau.ops.norms": "vector_norm",
        "flambeau.ops.pseudoinverse": "cond matrix_rank pinv",
        "flambeau.ops.qr_decomposition": "householder_product",
        "flambeau.ops.singular_values": "svdvals",
        "flambeau.ops.solving": "inv_ex lstsq solve solve_ex tensorinv tensorsolve",
        "flambeau.ops.symmetric_indefinite": "ldl_factor ldl_factor_ex ldl_solve",
        "flambeau.ops.triangular_systems": "solve_triangular",
    },
)
