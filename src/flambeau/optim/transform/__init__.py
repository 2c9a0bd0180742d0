"""Transformations of gradients: optax's names and arguments, on trees of tensors.

>>> import flambeau as fb
>>> from flambeau.optim import transform
>>> rule = transform.chain(transform.clip_by_global_norm(1.0), transform.adam(1e-3))
>>> params = {"w": fb.ones(3)}
>>> state = rule.init(params)
>>> updates, state = rule.update({"w": fb.ones(3)}, state, params)
>>> transform.apply_updates(params, updates)
{'w': tensor([0.9990, 0.9990, 0.9990])}
"""

from flambeau.optim.engine.combinators import chain as chain
from flambeau.optim.engine.combinators import masked as masked
from flambeau.optim.engine.combinators import named_chain as named_chain
from flambeau.optim.engine.combinators import partition as partition
from flambeau.optim.engine.state import State as State
from flambeau.optim.engine.transformation import Transformation as Transformation
from flambeau.optim.transform.accumulation import MultiSteps as MultiSteps
from flambeau.optim.transform.accumulation import ema as ema
from flambeau.optim.transform.accumulation import skip_large_updates as skip_large_updates
from flambeau.optim.transform.accumulation import skip_not_finite as skip_not_finite
from flambeau.optim.transform.accumulation import trace as trace
from flambeau.optim.transform.adam_family import scale_by_adam as scale_by_adam
from flambeau.optim.transform.adam_family import scale_by_adamax as scale_by_adamax
from flambeau.optim.transform.adam_family import scale_by_amsgrad as scale_by_amsgrad
from flambeau.optim.transform.adam_family import scale_by_belief as scale_by_belief
from flambeau.optim.transform.adam_family import scale_by_lion as scale_by_lion
from flambeau.optim.transform.adam_family import scale_by_radam as scale_by_radam
from flambeau.optim.transform.adam_family import scale_by_yogi as scale_by_yogi
from flambeau.optim.transform.aliases import adabelief as adabelief
from flambeau.optim.transform.aliases import adadelta as adadelta
from flambeau.optim.transform.aliases import adafactor as adafactor
from flambeau.optim.transform.aliases import adagrad as adagrad
from flambeau.optim.transform.aliases import adam as adam
from flambeau.optim.transform.aliases import adamax as adamax
from flambeau.optim.transform.aliases import adamaxw as adamaxw
from flambeau.optim.transform.aliases import adamw as adamw
from flambeau.optim.transform.aliases import amsgrad as amsgrad
from flambeau.optim.transform.aliases import lamb as lamb
from flambeau.optim.transform.aliases import lars as lars
from flambeau.optim.transform.aliases import lion as lion
from flambeau.optim.transform.aliases import nadam as nadam
from flambeau.optim.transform.aliases import nadamw as nadamw
from flambeau.optim.transform.aliases import radam as radam
from flambeau.optim.transform.aliases import rmsprop as rmsprop
from flambeau.optim.transform.aliases import sgd as sgd
from flambeau.optim.transform.aliases import sign_sgd as sign_sgd
from flambeau.optim.transform.aliases import signum as signum
from flambeau.optim.transform.aliases import yogi as yogi
from flambeau.optim.transform.clipping import adaptive_grad_clip as adaptive_grad_clip
from flambeau.optim.transform.clipping import centralize as centralize
from flambeau.optim.transform.clipping import clip as clip
from flambeau.optim.transform.clipping import clip_by_block_rms as clip_by_block_rms
from flambeau.optim.transform.clipping import clip_by_global_norm as clip_by_global_norm
from flambeau.optim.transform.clipping import global_norm as global_norm
from flambeau.optim.transform.clipping import keep_params_nonnegative as keep_params_nonnegative
from flambeau.optim.transform.clipping import unitwise_norm as unitwise_norm
from flambeau.optim.transform.clipping import zero_nans as zero_nans
from flambeau.optim.transform.conditions import apply_if_finite as apply_if_finite
from flambeau.optim.transform.conditions import conditionally_mask as conditionally_mask
from flambeau.optim.transform.conditions import conditionally_transform as conditionally_transform
from flambeau.optim.transform.gradient_transformation import (
    GradientTransformation as GradientTransformation,
)
from flambeau.optim.transform.gradient_transformation import (
    GradientTransformationExtraArgs as GradientTransformationExtraArgs,
)
from flambeau.optim.transform.gradient_transformation import stateless as stateless
from flambeau.optim.transform.gradient_transformation import (
    stateless_with_tree_map as stateless_with_tree_map,
)
from flambeau.optim.transform.gradient_transformation import (
    with_extra_args_support as with_extra_args_support,
)
from flambeau.optim.transform.injection import inject_hyperparams as inject_hyperparams
from flambeau.optim.transform.pytorch_rules import asgd as asgd
from flambeau.optim.transform.pytorch_rules import scale_by_nadam as scale_by_nadam
from flambeau.optim.transform.root_mean_square import scale_by_adadelta as scale_by_adadelta
from flambeau.optim.transform.root_mean_square import scale_by_factored_rms as scale_by_factored_rms
from flambeau.optim.transform.root_mean_square import scale_by_rms as scale_by_rms
from flambeau.optim.transform.root_mean_square import scale_by_rss as scale_by_rss
from flambeau.optim.transform.root_mean_square import scale_by_stddev as scale_by_stddev
from flambeau.optim.transform.row_sparse import scale_by_sparse_adam as scale_by_sparse_adam
from flambeau.optim.transform.scaling import add_decayed_weights as add_decayed_weights
from flambeau.optim.transform.scaling import freeze as freeze
from flambeau.optim.transform.scaling import identity as identity
from flambeau.optim.transform.scaling import scale as scale
from flambeau.optim.transform.scaling import scale_by_learning_rate as scale_by_learning_rate
from flambeau.optim.transform.scaling import scale_by_param_block_norm as scale_by_param_block_norm
from flambeau.optim.transform.scaling import scale_by_param_block_rms as scale_by_param_block_rms
from flambeau.optim.transform.scaling import scale_by_schedule as scale_by_schedule
from flambeau.optim.transform.scaling import scale_by_sign as scale_by_sign
from flambeau.optim.transform.scaling import scale_by_trust_ratio as scale_by_trust_ratio
from flambeau.optim.transform.scaling import set_to_zero as set_to_zero
from flambeau.optim.transform.signed_steps import scale_by_rprop as scale_by_rprop
from flambeau.optim.transform.updates import apply_updates as apply_updates
from flambeau.optim.transform.updates import incremental_update as incremental_update
from flambeau.optim.transform.updates import periodic_update as periodic_update

multi_transform = partition
