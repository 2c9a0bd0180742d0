"""Optimizers."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".adadelta": "Adadelta",
        ".adafactor": "Adafactor",
        ".adagrad": "Adagrad",
        ".adam": "Adam AdamW",
        ".adamax": "Adamax",
        ".asgd": "ASGD",
        ".lbfgs": "LBFGS",
        ".muon": "Muon",
        ".nadam": "NAdam",
        ".optimizer": "Optimizer",
        ".radam": "RAdam",
        ".rmsprop": "RMSprop",
        ".rprop": "Rprop",
        ".parameter_roles": "Role roles",
        ".sgd": "SGD",
        ".sparse_adam": "SparseAdam",
        ".transform_optimizer": "TransformOptimizer from_transform",
    },
    modules=(
        "aggregating assignment linear_algebra losses lr_scheduler microbatching perturbations "
        "projections schedule second_order swa_utils transform tree"
    ),
)
