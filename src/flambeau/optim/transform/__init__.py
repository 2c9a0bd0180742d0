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
        "flambeau.optim.parameter_roles": "by_role",
        ".accumulation": "ema MultiSteps skip_large_updates skip_not_finite trace",
        ".adam_family": (
            "scale_by_adam scale_by_adamax scale_by_amsgrad scale_by_belief scale_by_lion "
            "scale_by_radam scale_by_yogi"
        ),
        ".adam_optimizers": ("adabelief adam adamax adamaxw adamw amsgrad nadam nadamw radam yogi"),
        ".adam_variants": (
            "acprop adan adopt novograd scale_by_acprop scale_by_adan scale_by_adopt "
            "scale_by_novograd"
        ),
        ".adaptive_optimizers": "adadelta adafactor adagrad rmsprop",
        ".betting": "cocob mechanize scale_by_cocob",
        ".clipping": (
            "adaptive_grad_clip centralize clip clip_by_block_rms clip_by_global_norm "
            "global_norm keep_params_nonnegative per_example_global_norm_clip "
            "per_example_layer_norm_clip unitwise_clip unitwise_norm zero_nans"
        ),
        ".complex_parts": "split_real_and_imaginary",
        ".conditions": "apply_if_finite conditionally_mask conditionally_transform",
        ".covers": (
            "apply_every fromage madgrad normalize normalize_by_update_norm "
            "scale_by_madgrad scale_by_sm3 sm3"
        ),
        ".curvature": "hutchinson_estimator_diag_hessian sophia",
        ".descent_optimizers": "lamb lars lion sgd sign_sgd signum",
        ".distance": (
            "dadapt_adamw dog dowg prodigy scale_by_distance_over_gradients scale_by_dog "
            "scale_by_dowg"
        ),
        ".games": (
            "optimistic_adam optimistic_adam_v2 optimistic_gradient_descent "
            "scale_by_optimistic_gradient"
        ),
        ".gradient_transformation": (
            "GradientTransformation GradientTransformationExtraArgs stateless "
            "stateless_with_tree_map with_extra_args_support"
        ),
        ".injection": "inject_hyperparams",
        ".line_searches": (
            "scale_by_backtracking_linesearch scale_by_zoom_linesearch value_and_grad_from_state"
        ),
        ".loss_dependent": "momo momo_adam polyak_sgd scale_by_polyak",
        ".monitoring": "flatten measure_with_ema monitor selective_transform snapshot",
        ".noise": "add_noise noisy_sgd",
        ".optax_states": "from_optax_state to_optax_state",
        ".low_rank": "GaLoreDimensionNumbers galore scale_by_galore",
        ".orthogonal_momentum": "MuonDimensionNumbers muon scale_by_muon",
        ".plateau": "reduce_on_plateau",
        ".privacy": "differentially_private_aggregate dpsgd",
        ".pytorch_rules": "asgd scale_by_nadam",
        ".quasi_newton": "lbfgs scale_by_lbfgs",
        ".root_mean_square": (
            "scale_by_adadelta scale_by_factored_rms scale_by_rms scale_by_rss scale_by_stddev"
        ),
        ".row_sparse": "scale_by_sparse_adam",
        ".safe_numbers": "safe_increment safe_norm safe_root_mean_squares",
        ".scaling": (
            "add_decayed_weights freeze identity scale scale_by_learning_rate "
            "scale_by_param_block_norm scale_by_param_block_rms scale_by_schedule "
            "scale_by_sign scale_by_trust_ratio set_to_zero"
        ),
        ".second_momentum": (
            "ademamix scale_by_ademamix scale_by_simplified_ademamix simplified_ademamix"
        ),
        ".sharpness": "sam",
        ".signed_steps": "rprop scale_by_rprop",
        ".slow_weights": (
            "lookahead schedule_free schedule_free_adamw schedule_free_eval_params "
            "schedule_free_sgd"
        ),
        ".storage": "compensated master_weights stochastic_rounding store_moments",
        ".updates": "apply_updates incremental_update periodic_update",
    },
)
