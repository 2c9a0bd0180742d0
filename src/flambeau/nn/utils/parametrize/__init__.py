"""PyTorch's path for parameters that are functions of other parameters."""

from flambeau.nn.parametrization import ParametrizationList as ParametrizationList
from flambeau.nn.parametrization import cached as cached
from flambeau.nn.parametrization import is_parametrized as is_parametrized
from flambeau.nn.parametrization import register_parametrization as register_parametrization
from flambeau.nn.parametrization import remove_parametrizations as remove_parametrizations
from flambeau.nn.parametrization import (
    transfer_parametrizations_and_params as transfer_parametrizations_and_params,
)
from flambeau.nn.parametrization import (
    type_before_parametrizations as type_before_parametrizations,
)
