"""PyTorch's older path for calling a module with other tensors than its own."""

from flambeau.func.stateless import functional_call as functional_call
