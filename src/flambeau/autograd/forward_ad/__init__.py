"""Derivatives alongside values, under PyTorch's path for them."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {"flambeau.func.forward.dual_numbers": "UnpackedDualTensor dual_level make_dual unpack_dual"},
)
