"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from flambeau.core.errors import message
from flambeau.ops.joining import cat
from flambeau.tensor.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Tensors flattened and put one behind the other.

    Args:
        parameters: the tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.utils.parameters_to_vector([fb.ones(2, 2), fb.zeros(1)])
        tensor([1., 1., 1., 1., 0.])
    """
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let tensors show the parts of a vector.

    Args:
        vec: the vector; the tensors share its memory afterwards.
        parameters: the tensors.

    Raises:
        TypeError: if ``vec`` is no tensor.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.Linear(2, 1)
        >>> fb.nn.utils.vector_to_parameters(fb.tensor([1.0, 2.0, 3.0]), layer.parameters())
        >>> layer.bias
        Parameter containing:
        tensor([3.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(
            message(
                "vector_to_parameters: not a tensor",
                expected="a tensor",
                got=type(vec).__name__,
            )
        )
    start = 0
    for parameter in parameters:
        part = vec[start : start + parameter.numel()]
        parameter.data = part.view(parameter.shape).data
        start += parameter.numel()
