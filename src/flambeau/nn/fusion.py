"""A layer and the batch norm after it as one layer, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.parameter import Parameter


def _check_evaluation(name: str, layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError(
            message(
                f"{name}: a layer is in training",
                expected="layers after eval()",
                got=f"training={layer.training} and training={bn.training}",
            )
        )
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError(
            message(f"{name}: no running statistics", expected="a layer that tracks", got="none")
        )


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a convolution that does what a convolution and a batch norm do.

    :math:`weight' = weight · s, bias' = (bias - mean) · s + b` with :math:`s = w / sqrt(var + eps)`

    Args:
        conv_w, conv_b: weight and bias of the convolution; no bias is 0.
        bn_rm, bn_rv: running mean and variance.
        bn_eps: keeps the division finite.
        bn_w, bn_b: weight and bias of the batch norm; none are 1 and 0.
        transpose: whether the convolution is a transposed one.

    Example:
        >>> import flambeau as fb
        >>> w, b = fb.nn.utils.fuse_conv_bn_weights(
        ...     fb.ones(1, 1, 1), None, fb.tensor([1.]), fb.tensor([4.]), 0.0, None, None)
        >>> w.item(), b.item()
        (0.5, -0.5)
    """
    scale = (bn_rv + bn_eps).rsqrt()
    scale = scale if bn_w is None else scale * bn_w
    shift = -bn_rm if conv_b is None else conv_b - bn_rm
    bias = shift * scale
    bias = bias if bn_b is None else bias + bn_b
    places = [1] * (conv_w.dim() - 2)
    shape = [1, -1, *places] if transpose else [-1, 1, *places]
    weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
    kind = conv_w.dtype if conv_b is None else conv_b.dtype
    wanted = False if conv_b is None else conv_b.requires_grad
    return Parameter(weight.detach(), conv_w.requires_grad), Parameter(
        bias.to(kind).detach(), wanted
    )


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution layer that does what ``bn(conv(x))`` does in evaluation.

    Args:
        conv: a convolution layer.
        bn: the batch norm layer after it.
        transpose: whether the convolution is a transposed one.

    Raises:
        AssertionError: if one of them is in training, or there are no running statistics.

    Example:
        >>> import flambeau as fb
        >>> conv, bn = fb.nn.Conv1d(1, 2, 3).eval(), fb.nn.BatchNorm1d(2).eval()
        >>> x = fb.ones(1, 1, 5)
        >>> (fb.nn.utils.fuse_conv_bn_eval(conv, bn)(x) - bn(conv(x))).abs().max() < 1e-6
        tensor(True)
    """
    _check_evaluation("fuse_conv_bn_eval", conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a linear layer that does what a linear layer and a batch norm do.

    Args:
        linear_w, linear_b: weight and bias of the linear layer; no bias is 0.
        bn_rm, bn_rv: running mean and variance.
        bn_eps: keeps the division finite.
        bn_w, bn_b: weight and bias of the batch norm.

    Example:
        >>> import flambeau as fb
        >>> one = fb.ones(1)
        >>> w, b = fb.nn.utils.fuse_linear_bn_weights(
        ...     fb.ones(1, 2), None, one, 4 * one, 0.0, one, one)
        >>> w.tolist(), b.item()
        ([[0.5, 0.5]], 0.5)
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer that does what ``bn(linear(x))`` does in evaluation.

    Args:
        linear: a linear layer.
        bn: the batch norm layer after it, with as many features or with 1.

    Raises:
        AssertionError: if one of them is in training, the features do not fit, or there are no
            running statistics.

    Example:
        >>> import flambeau as fb
        >>> linear, bn = fb.nn.Linear(3, 2).eval(), fb.nn.BatchNorm1d(2).eval()
        >>> x = fb.ones(1, 3)
        >>> (fb.nn.utils.fuse_linear_bn_eval(linear, bn)(x) - bn(linear(x))).abs().max() < 1e-6
        tensor(True)
    """
    _check_evaluation("fuse_linear_bn_eval", linear, bn)
    if bn.num_features not in (1, linear.out_features):
        raise AssertionError(
            message(
                "fuse_linear_bn_eval: the features do not fit",
                expected=f"num_features={linear.out_features} or 1",
                got=f"num_features={bn.num_features}",
            )
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused
