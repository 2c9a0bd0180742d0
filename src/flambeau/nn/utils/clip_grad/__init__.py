"""PyTorch's path for gradients of limited size."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.nn.gradient_clipping": (
            "clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_ get_total_norm"
        )
    },
)
