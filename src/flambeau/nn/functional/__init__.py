"""Layers, activations and losses as functions: what ``torch.nn.functional`` has."""

from __future__ import annotations

from flambeau.core.late import late
from flambeau.ops.publish import PUBLIC as _PUBLIC

relu_ = _PUBLIC["relu_"]
__getattr__, __dir__ = late(
    __name__,
    {
        ".affine_losses": "linear_cross_entropy",
        ".attention": "multi_head_attention_forward",
        ".bags": "embedding_bag",
        ".inplace": "elu_ hardtanh_ leaky_relu_ relu rrelu_",
        ".interpolation": "interpolate upsample upsample_bilinear upsample_nearest",
        ".lookup": "embedding",
        ".losses": (
            "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss "
            "cosine_similarity cross_entropy ctc_loss gaussian_nll_loss "
            "hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss "
            "multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss "
            "pairwise_distance poisson_nll_loss smooth_l1_loss soft_margin_loss "
            "triplet_margin_loss triplet_margin_with_distance_loss"
        ),
        ".normalisation": (
            "batch_norm group_norm instance_norm layer_norm local_response_norm normalize"
        ),
        ".padding": "pad",
        ".pooling": (
            "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
            "fractional_max_pool3d_with_indices lp_pool1d lp_pool2d lp_pool3d "
            "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
            "max_unpool1d max_unpool2d max_unpool3d"
        ),
        ".softmax_family": "gumbel_softmax log_softmax softmax softmin",
        ".spatial_transformer": "affine_grid grid_sample",
        "flambeau.ops.activation": "gelu logsigmoid mish sigmoid silu softplus softsign tanhshrink",
        "flambeau.ops.adaptive_pooling": (
            "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
            "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d"
        ),
        "flambeau.ops.attention": "scaled_dot_product_attention",
        "flambeau.ops.average_pooling": "avg_pool1d avg_pool2d avg_pool3d",
        "flambeau.ops.contraction": "bilinear",
        "flambeau.ops.convolution_calls": (
            "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d"
        ),
        "flambeau.ops.counting": "one_hot",
        "flambeau.ops.dropout": (
            "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout"
        ),
        "flambeau.ops.exponential_units": "celu celu_ elu selu selu_",
        "flambeau.ops.gating": "glu",
        "flambeau.ops.linear": "linear",
        "flambeau.ops.max_pooling": "max_pool1d max_pool2d max_pool3d",
        "flambeau.ops.normalisation": "rms_norm",
        "flambeau.ops.pair_distances": "pdist",
        "flambeau.ops.piecewise_activation": (
            "hardshrink hardsigmoid hardswish hardtanh leaky_relu relu6 softshrink "
            "threshold threshold_"
        ),
        "flambeau.ops.random_slopes": "rrelu",
        "flambeau.ops.shuffling": (
            "channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle"
        ),
        "flambeau.ops.sliding_blocks": "fold unfold",
        "flambeau.ops.slopes": "prelu",
        "flambeau.ops.trigonometry": "tanh",
    },
)
