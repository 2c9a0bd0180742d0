"""PyTorch's path for functions on parameters and gradients."""

from flambeau.nn.gradient_clipping import clip_grad_norm_ as clip_grad_norm_
from flambeau.nn.gradient_clipping import clip_grad_value_ as clip_grad_value_
from flambeau.nn.gradient_clipping import clip_grads_with_norm_ as clip_grads_with_norm_
from flambeau.nn.gradient_clipping import get_total_norm as get_total_norm
