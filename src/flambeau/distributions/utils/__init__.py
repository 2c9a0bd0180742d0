"""What distributions do with their parameters, under PyTorch's name for it."""

from flambeau.distributions.parameters import broadcast_all as broadcast_all
from flambeau.distributions.parameters import clamp_probs as clamp_probs
from flambeau.distributions.parameters import lazy_property as lazy_property
from flambeau.distributions.parameters import logits_to_probs as logits_to_probs
from flambeau.distributions.parameters import probs_to_logits as probs_to_logits
from flambeau.distributions.parameters import tril_matrix_to_vec as tril_matrix_to_vec
from flambeau.distributions.parameters import vec_to_tril_matrix as vec_to_tril_matrix
