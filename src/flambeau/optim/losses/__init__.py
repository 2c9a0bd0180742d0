"""optax's losses: one value for each example, on this library's operations.

They differ from those of ``nn.functional`` in what they return: nothing is averaged, and labels
may be chances.

>>> import flambeau as fb
>>> from flambeau.optim import losses
>>> losses.l2_loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
tensor([0., 2.])
"""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".chances": (
            "convex_kl_divergence generalized_kl_divergence kl_divergence "
            "kl_divergence_with_log_targets poly_loss_cross_entropy ranking_softmax_loss "
            "safe_softmax_cross_entropy smooth_labels softmax_cross_entropy "
            "softmax_cross_entropy_with_integer_labels"
        ),
        ".distances": (
            "cosine_distance cosine_similarity huber_loss l2_loss log_cosh squared_error "
            "triplet_margin_loss"
        ),
        ".margins": (
            "hinge_loss make_fenchel_young_loss multiclass_hinge_loss multiclass_perceptron_loss "
            "multiclass_sparsemax_loss perceptron_loss sparsemax_loss"
        ),
        ".pairs": "ntxent",
        ".regions": "binary_dice_loss dice_loss multiclass_generalized_dice_loss",
        ".sequences": "ctc_loss",
        ".signs": "sigmoid_binary_cross_entropy sigmoid_focal_loss",
    },
)
