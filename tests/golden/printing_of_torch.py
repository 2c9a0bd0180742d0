"""What PyTorch prints for a NumPy array under given options."""

import numpy as np
import torch

from flambeau.tensor.printing import PrintOptions
from tests.golden.printing_cases import distinct_part

DEFAULT_OPTIONS = PrintOptions()

# Operations that return the elements they are given, by the name of their graph node.
IDENTITIES = {
    "CloneBackward0": lambda x: x.clone(),
    "DivBackward0": lambda x: x / 1,
    "MulBackward0": lambda x: x * 1,
    "ViewBackward0": lambda x: x.view(x.shape),
}


def torch_tensor(array: np.ndarray) -> torch.Tensor:
    """The same elements in a torch tensor, expanded (not copied) where the array is broadcast."""
    part = distinct_part(array)
    if part.dtype.name == "bfloat16":
        tensor = torch.from_numpy(part.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(part)
    return tensor.expand(array.shape)


def graph_identity(name: str):
    """An operation that changes nothing and whose graph node is called `name`."""
    if name in IDENTITIES:
        return IDENTITIES[name]

    def forward(context, x):
        return x.clone()

    def backward(context, gradient):
        return gradient

    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(name.removesuffix("Backward"), (torch.autograd.Function,), methods).apply


def torch_text(
    array: np.ndarray,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    default_dtype: str = "float32",
    options: PrintOptions = DEFAULT_OPTIONS,
) -> str:
    """PyTorch's text; its global settings are restored afterwards."""
    tensor = torch_tensor(array)
    if requires_grad or grad_fn_name:
        tensor = tensor.detach().requires_grad_()
    if grad_fn_name:
        tensor = graph_identity(grad_fn_name)(tensor)
        assert tensor.grad_fn.name() == grad_fn_name
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default_dtype))
    torch.set_printoptions(**options._asdict())
    try:
        return repr(tensor)
    finally:
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(before)
