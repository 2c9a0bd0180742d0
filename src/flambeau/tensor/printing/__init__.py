"""Text of tensors, equal to PyTorch's character for character.

Pure functions of NumPy arrays: nothing here knows what a Tensor is.
"""

from flambeau.tensor.printing.options import (
    PrintOptions,
    get_printoptions,
    printoptions,
    set_printoptions,
)
from flambeau.tensor.printing.representation import format_parameter, format_tensor

__all__ = [
    "PrintOptions",
    "format_parameter",
    "format_tensor",
    "get_printoptions",
    "printoptions",
    "set_printoptions",
]
