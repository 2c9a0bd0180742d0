"""PyTorch's path for parameters as one vector."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {"flambeau.nn.parameter_vectors": ("parameters_to_vector vector_to_parameters")},
)
