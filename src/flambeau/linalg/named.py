"""Functions that have other names, or namesakes, outside of ``torch.linalg``."""

from flambeau.ops.cholesky import linalg_cholesky as cholesky
from flambeau.ops.determinants import linalg_slogdet as slogdet
from flambeau.ops.inverse import SingularError as LinAlgError
from flambeau.ops.inverse import inverse as inv
from flambeau.ops.lu_decomposition import linalg_lu as lu
from flambeau.ops.lu_decomposition import linalg_lu_solve as lu_solve
from flambeau.ops.matrix_norms import linalg_norm as norm
from flambeau.ops.qr_decomposition import linalg_qr as qr
from flambeau.ops.singular_values import linalg_svd as svd

__all__ = [
    "LinAlgError", "cholesky", "inv", "lu", "lu_solve", "norm", "qr", "slogdet", "svd",
]  # fmt: skip
