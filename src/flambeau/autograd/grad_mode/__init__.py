"""PyTorch's path for the modes of recording gradients."""

from flambeau.autograd.modes import enable_grad as enable_grad
from flambeau.autograd.modes import inference_mode as inference_mode
from flambeau.autograd.modes import no_grad as no_grad
from flambeau.autograd.modes import set_grad_enabled as set_grad_enabled
