"""PyTorch's path for functions on parameters and gradients."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.nn.fusion": (
            "fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights"
        ),
        "flambeau.nn.gradient_clipping": (
            "clip_grad_norm clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_ get_total_norm"
        ),
        "flambeau.nn.parameter_vectors": "parameters_to_vector vector_to_parameters",
        "flambeau.nn.spectral_norm_hook": "spectral_norm remove_spectral_norm",
        "flambeau.nn.uninitialised": "skip_init",
        "flambeau.nn.weight_norm_hook": "weight_norm remove_weight_norm",
    },
    modules="clip_grad convert_parameters fusion parametrizations parametrize prune rnn stateless",
)
