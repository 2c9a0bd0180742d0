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

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.optim.engine.combinators": ("chain masked multi_transform named_chain partition"),
        "flambeau.optim.engine.state": "State",
        "flambeau.optim.engine.transformation": "Transformation",
        ".accumulation": "ema MultiSteps skip_large_updates skip_not_finite trace",
        ".adam_family": (
            "scale_by_adam scale_by_adamax scale_by_amsgrad scale_by_belief scale_by_lion "
            "scale_by_radam scale_by_yogi"
        ),
        ".adam_optimizers": ("adabelief adam adamax adamaxw adamw amsgrad nadam nadamw radam yogi"),
        ".adaptive_optimizers": "adadelta adafactor adagrad rmsprop",
        ".clipping": (
            "adaptive_grad_clip centralize clip clip_by_block_rms clip_by_global_norm "
            "global_norm keep_params_nonnegative unitwise_norm zero_nans"
        ),
        ".conditions": "apply_if_finite conditionally_mask conditionally_transform",
        ".descent_optimizers": "lamb lars lion sgd sign_sgd signum",
        ".gradient_transformation": (
            "GradientTransformation GradientTransformationExtraArgs stateless "
            "stateless_with_tree_map with_extra_args_support"
        ),
        ".injection": "inject_hyperparams",
        ".pytorch_rules": "asgd scale_by_nadam",
        ".root_mean_square": (
            "scale_by_adadelta scale_by_factored_rms scale_by_rms scale_by_rss scale_by_stddev"
        ),
        ".row_sparse": "scale_by_sparse_adam",
        ".scaling": (
            "add_decayed_weights freeze identity scale scale_by_learning_rate "
            "scale_by_param_block_norm scale_by_param_block_rms scale_by_schedule "
            "scale_by_sign scale_by_trust_ratio set_to_zero"
        ),
        ".signed_steps": "scale_by_rprop",
        ".updates": "apply_updates incremental_update periodic_update",
    },
)
