"""Linear algebra under PyTorch's path for it: what ``torch.linalg`` has."""

from flambeau.ops.contraction import matrix_power as matrix_power
from flambeau.ops.inverse import inverse as inv
from flambeau.ops.matmul import matmul as matmul
from flambeau.ops.norms import vector_norm as vector_norm
from flambeau.ops.singular_values import svdvals as svdvals

__all__ = ["inv", "matmul", "matrix_power", "svdvals", "vector_norm"]
