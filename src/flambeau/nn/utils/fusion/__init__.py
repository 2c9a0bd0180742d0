"""PyTorch's path for layers merged with the batch norm after them."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.nn.fusion": (
            "fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights"
        )
    },
)
