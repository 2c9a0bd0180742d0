"""The same sequences of random draws, drawn by PyTorch."""

import numpy as np
import torch

from flambeau.random.precision import bfloat16
from tests.golden.random_steps import Step, filled, ramp, weights


def to_torch(array: np.ndarray) -> torch.Tensor:
    """A tensor with the elements of an array."""
    if array.dtype == bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """An array with the elements of a tensor."""
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(bfloat16)
    return tensor.numpy()


def torch_target(step: Step) -> torch.Tensor:
    """A tensor to fill, in the step's layout."""
    dtype = getattr(torch, step.dtype)
    if step.layout == "contiguous":
        return torch.empty(step.shape, dtype=dtype)
    if step.layout == "transposed":
        return torch.empty(step.shape[::-1], dtype=dtype).t()
    rows, columns = step.shape
    return torch.empty((2 * rows, 3 * columns), dtype=dtype)[::2, 1::3]


def torch_draw(generator: torch.Generator, step: Step) -> np.ndarray:
    """PyTorch's samples."""
    parameters = step.parameters
    match step.sampler:
        case "uniform" | "normal" | "exponential" | "cauchy" | "log_normal" | "geometric":
            fill = getattr(torch_target(step), step.sampler + "_")
            result = fill(*parameters, generator=generator)
        case "integers":
            result = torch_target(step).random_(*parameters, generator=generator)
        case "permutation":
            dtype = getattr(torch, step.dtype)
            result = torch.randperm(step.shape[0], generator=generator, dtype=dtype)
        case "bernoulli":
            result = torch_target(step).bernoulli_(*parameters, generator=generator)
        case "bernoulli_array":
            result = torch_target(step).bernoulli_(to_torch(ramp(step)), generator=generator)
        case "dropout_noise":
            result = _with_default_generator(generator, step)
        case "rrelu_slopes":
            x = to_torch(filled(step, 0.5) - ramp(step))
            result = torch.empty_like(x)
            lower, upper = parameters
            torch.ops.aten.rrelu_with_noise(x, result, lower, upper, True, generator=generator)
        case "multinomial":
            count, replacement = parameters
            result = torch.multinomial(
                to_torch(weights(step)), int(count), bool(replacement), generator=generator
            )
        case "binomial":
            n, p = (to_torch(filled(step, value)) for value in parameters)
            result = torch.binomial(n, p, generator=generator)
        case _:
            names = {
                "poisson": torch.poisson,
                "standard_gamma": torch._standard_gamma,
                "dirichlet": torch._sample_dirichlet,
            }
            values = to_torch(filled(step, parameters[0]))
            result = names[step.sampler](values, generator=generator)
    return to_numpy(result)


def _with_default_generator(generator: torch.Generator, step: Step) -> torch.Tensor:
    """Dropout takes no generator: lend it the state of this one."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator.get_state())
        ones = to_torch(filled(step, 1.0))
        result = torch.nn.functional.dropout(ones, step.parameters[0])
        generator.set_state(torch.get_rng_state())
    return result
