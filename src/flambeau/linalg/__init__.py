"""Linear algebra under PyTorch's path for it: what ``torch.linalg`` has."""

from flambeau.ops.contraction import matrix_power as matrix_power
from flambeau.ops.matmul import matmul as matmul
from flambeau.ops.norms import vector_norm as vector_norm

__all__ = ["matmul", "matrix_power", "vector_norm"]
