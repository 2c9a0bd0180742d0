"""conv1d to conv3d and conv_transpose1d to conv_transpose3d."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.ops.convolution import CONVOLUTION
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


def _check_dimensions(name: str, input: Any, weight: Any, ndim: int) -> None:
    if weight._array.ndim != ndim + 2:
        raise RuntimeError(
            message(
                f"{name}: weight has another number of dimensions",
                expected=f"a weight of {ndim + 2} dimensions",
                got=f"weight {tuple(weight._array.shape)}",
            )
        )
    if input._array.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            message(
                f"{name}: input has another number of dimensions",
                expected=f"{ndim + 1} dimensions, or {ndim + 2} with a batch",
                got=f"input {tuple(input._array.shape)}",
            )
        )


def _same_padding(
    name: str, input: Any, kernel: Ints, stride: Ints, dilation: Ints
) -> tuple[Tensor, Ints]:
    """The padding that keeps the sizes; what is not the same on both sides is added at once."""
    if max(stride) > 1:
        raise RuntimeError(
            message(
                f"{name}: padding='same' needs a stride of 1",
                expected="stride=1",
                got=f"stride={stride}",
                help="give the padding as numbers",
            )
        )
    totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
    if any(t % 2 for t in totals):
        pad = [size for t in reversed(totals) for size in (0, t % 2)]
        input = apply(CONSTANT_PAD, (input,), (tuple(pad), 0))
    return input, tuple([t // 2 for t in totals])


def _convolve(
    ndim: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: Any,
) -> Tensor:  # fmt: skip
    name = f"conv{ndim}d"
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        check_tensors(name, input, weight)
    _check_dimensions(name, input, weight, ndim)
    stride = integers(name, "stride", stride, ndim)
    dilation = integers(name, "dilation", dilation, ndim)
    alone = input._array.ndim == ndim + 1
    if alone:
        input = input.unsqueeze(0)  # type: ignore[attr-defined]
    if padding == "same":
        kernel = weight._array.shape[2:]
        input, padding = _same_padding(name, input, kernel, stride, dilation)
    elif isinstance(padding, str):
        if padding != "valid":
            raise RuntimeError(
                message(
                    f"{name}: no such padding",
                    expected="integers, 'same' or 'valid'",
                    got=repr(padding),
                )
            )
        padding = (0,) * ndim
    else:
        padding = integers(name, "padding", padding, ndim)
    params = (stride, padding, dilation, False, (0,) * ndim, int(groups))
    out = apply(CONVOLUTION, (input, weight, bias), params)
    return out.squeeze(0) if alone else out


def _convolve_transposed(
    ndim: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: Any, dilation: Any,
) -> Tensor:  # fmt: skip
    name = f"conv_transpose{ndim}d"
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        check_tensors(name, input, weight)
    _check_dimensions(name, input, weight, ndim)
    alone = input._array.ndim == ndim + 1
    if alone:
        input = input.unsqueeze(0)  # type: ignore[attr-defined]
    params = (
        integers(name, "stride", stride, ndim),
        integers(name, "padding", padding, ndim),
        integers(name, "dilation", dilation, ndim),
        True,
        integers(name, "output_padding", output_padding, ndim),
        int(groups),
    )
    out = apply(CONVOLUTION, (input, weight, bias), params)
    return out.squeeze(0) if alone else out


_SUMS = {
    1: "out[n, o, i] = bias[o] + Σ_{c, k} weight[o, c, k] · input[n, c, i·stride - padding + "
    "k·dilation]",
    2: "out[n, o, i, j] = bias[o] + Σ_{c, k, l} weight[o, c, k, l] · input[n, c, i·s - p + k·d, "
    "j·s - p + l·d]",
    3: "out[n, o, i, j, h] = bias[o] + Σ_{c, k, l, m} weight[o, c, k, l, m] · input[n, c, "
    "i·s - p + k·d, j·s - p + l·d, h·s - p + m·d]",
}
_SIZES = {1: "length", 2: "height, width", 3: "depth, height, width"}
_KERNELS = {1: "k", 2: "k, l", 3: "k, l, m"}


def _convolution(ndim: int) -> Callable[..., Tensor]:
    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return _convolve(ndim, input, weight, bias, stride, padding, dilation, groups)

    call.__name__ = call.__qualname__ = f"conv{ndim}d"
    call.__module__ = "flambeau"
    call.__doc__ = f"""Slide kernels over an input of {ndim} dimension{"s" * (ndim > 1)}.

    :math:`{_SUMS[ndim]}`

    Args:
        input: (n, c, {_SIZES[ndim]}), or without n.
        weight: the kernels, (o, c / groups, {_KERNELS[ndim]}).
        bias: (o,), if something is added.
        stride: steps between places, >= 1; one number, or one for each dimension.
        padding: zeros on both sides, >= 0; or 'valid' for none, 'same' for as many as keep the
            sizes.
        dilation: steps between a kernel's elements, >= 1.
        groups: of how many parts the channels consist that do not meet.

    Shape: (n, c, {_SIZES[ndim]}) -> (n, o, ...), sizes
        floor((size + 2·padding - dilation·(k - 1) - 1) / stride) + 1.

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.conv{ndim}d(fb.ones(1, 3{", 6" * ndim}), fb.ones(4, 3{", 3" * ndim})).shape
        torch.Size([1, 4{", 4" * ndim}])
    """
    return public()(call)


def _transposed_convolution(ndim: int) -> Callable[..., Tensor]:
    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Tensor:
        return _convolve_transposed(
            ndim, input, weight, bias, stride, padding, output_padding, groups, dilation
        )

    call.__name__ = call.__qualname__ = f"conv_transpose{ndim}d"
    call.__module__ = "flambeau"
    call.__doc__ = f"""The transpose of a convolution over {ndim} dimension{"s" * (ndim > 1)}.

    It is what leads a gradient through :func:`conv{ndim}d`, plus a bias.

    Args:
        input: (n, c, {_SIZES[ndim]}), or without n.
        weight: the kernels, (c, o / groups, {_KERNELS[ndim]}).
        bias: (o,), if something is added.
        stride: steps between the places that an element spreads to, >= 1.
        padding: how much is cut from both sides, >= 0.
        output_padding: how much longer the output is at its end; less than stride or dilation.
        groups: of how many parts the channels consist that do not meet.
        dilation: steps between a kernel's elements, >= 1.

    Shape: (n, c, {_SIZES[ndim]}) -> (n, o, ...), sizes
        (size - 1)·stride - 2·padding + dilation·(k - 1) + output_padding + 1.

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> x, w = fb.ones(1, 3{", 4" * ndim}), fb.ones(3, 2{", 3" * ndim})
        >>> fb.conv_transpose{ndim}d(x, w).shape
        torch.Size([1, 2{", 6" * ndim}])
    """
    return public()(call)


conv1d, conv2d, conv3d = _convolution(1), _convolution(2), _convolution(3)
conv_transpose1d = _transposed_convolution(1)
conv_transpose2d = _transposed_convolution(2)
conv_transpose3d = _transposed_convolution(3)


@public()
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """:func:`conv1d` of sequences whose first dimension is time, and whose last is channels.

    :math:`out_{t, b, o} = bias_o + Σ_{k, c} input_{t + k - pad, b, c} · weight_{k, c, o}`

    Args:
        input: (time, batch, channels).
        weight: (width, channels, out channels).
        bias: (out channels,).
        pad: zeros on both sides.

    Shape: (time + 2·pad - width + 1, batch, out channels).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.conv_tbc(fb.ones(3, 1, 1), fb.ones(2, 1, 1), fb.zeros(1)).flatten()
        tensor([2., 2.])
    """
    check_tensors("conv_tbc", input, weight, bias)
    for name, x, ndim in (("input", input, 3), ("weight", weight, 3), ("bias", bias, 1)):
        if x._array.ndim != ndim:
            raise RuntimeError(
                message(
                    f"conv_tbc: {name} has another number of dimensions",
                    expected=f"{ndim}",
                    got=f"{name} {tuple(x._array.shape)}",
                )
            )
    channels_first: Any = input.permute(1, 2, 0)  # type: ignore[attr-defined]
    turned: Any = weight.permute(2, 1, 0)  # type: ignore[attr-defined]
    found: Any = _convolve(1, channels_first, turned, bias, 1, int(pad), 1, 1)
    return found.permute(2, 0, 1).contiguous()
