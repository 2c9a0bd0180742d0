"""The losses."""

from __future__ import annotations

from flambeau.ops.ctc import ctc_loss as ctc_loss
from flambeau.ops.distances import cosine_similarity as cosine_similarity
from flambeau.ops.distances import pairwise_distance as pairwise_distance
from flambeau.ops.losses_binary import binary_cross_entropy as binary_cross_entropy
from flambeau.ops.losses_classification import cross_entropy as cross_entropy
from flambeau.ops.losses_classification import nll_loss as nll_loss
from flambeau.ops.losses_logits import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from flambeau.ops.losses_margin import multi_margin_loss as multi_margin_loss
from flambeau.ops.losses_margin import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from flambeau.ops.losses_margin import soft_margin_loss as soft_margin_loss
from flambeau.ops.losses_multilabel import multilabel_margin_loss as multilabel_margin_loss
from flambeau.ops.losses_probability import gaussian_nll_loss as gaussian_nll_loss
from flambeau.ops.losses_probability import kl_div as kl_div
from flambeau.ops.losses_probability import poisson_nll_loss as poisson_nll_loss
from flambeau.ops.losses_ranking import cosine_embedding_loss as cosine_embedding_loss
from flambeau.ops.losses_ranking import hinge_embedding_loss as hinge_embedding_loss
from flambeau.ops.losses_ranking import margin_ranking_loss as margin_ranking_loss
from flambeau.ops.losses_ranking import triplet_margin_loss as triplet_margin_loss
from flambeau.ops.losses_ranking import (
    triplet_margin_with_distance_loss as triplet_margin_with_distance_loss,
)
from flambeau.ops.losses_regression import huber_loss as huber_loss
from flambeau.ops.losses_regression import l1_loss as l1_loss
from flambeau.ops.losses_regression import mse_loss as mse_loss
from flambeau.ops.losses_regression import smooth_l1_loss as smooth_l1_loss
