"""The losses."""

from __future__ import annotations

from flambeau.ops.losses_classification import cross_entropy as cross_entropy
from flambeau.ops.losses_classification import nll_loss as nll_loss
from flambeau.ops.losses_probability import binary_cross_entropy as binary_cross_entropy
from flambeau.ops.losses_probability import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from flambeau.ops.losses_regression import huber_loss as huber_loss
from flambeau.ops.losses_regression import l1_loss as l1_loss
from flambeau.ops.losses_regression import mse_loss as mse_loss
from flambeau.ops.losses_regression import smooth_l1_loss as smooth_l1_loss
