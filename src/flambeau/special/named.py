"""Functions that ``torch.special`` calls otherwise than ``torch`` does."""

from flambeau.ops.activation import sigmoid as expit
from flambeau.ops.special import digamma as psi
from flambeau.ops.special import i0
from flambeau.ops.special import lgamma as gammaln
from flambeau.ops.special_gamma import igamma as gammainc
from flambeau.ops.special_gamma import igammac as gammaincc
from flambeau.ops.special_gamma import mvlgamma as multigammaln

__all__ = ["expit", "gammainc", "gammaincc", "gammaln", "i0", "multigammaln", "psi"]
