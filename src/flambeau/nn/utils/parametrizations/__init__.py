"""PyTorch's path for the parametrizations that it has."""

from flambeau.nn.orthogonal import orthogonal as orthogonal
from flambeau.nn.spectral_norm import spectral_norm as spectral_norm
from flambeau.nn.weight_norm import weight_norm as weight_norm
