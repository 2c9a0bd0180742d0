"""Dropout: elements or channels set to zero at random while training."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import FULL
from flambeau.ops.likes import like
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# -scale * alpha of the SELU function: the value that units saturate at.
_SATURATION = 1.7580993408473766


# --- noise ------------------------------------------------------------------------------------


def _empty_noise(x: np.ndarray, feature: bool) -> np.ndarray:
    """Room for one factor for each element, or for each channel of (n, c, ...)."""
    if feature:
        return np.empty(room.feature_shape(x.shape), x.dtype)
    return np.empty_like(x, subok=False)


def _noise_spec(name: str, x: Any, p: float, feature: bool) -> Spec:
    if not 0 <= p <= 1:
        raise refused_probability(name, p, RuntimeError)
    if dtypes.of(x.dtype).category != dtypes.FLOATING:
        raise RuntimeError(
            message(
                f"{name}: only defined on floating-point tensors",
                expected="a floating-point tensor",
                got=str(dtypes.of(x.dtype)),
            )
        )
    if not feature:
        return like(x)
    if x.ndim < 2:
        raise RuntimeError(
            message(
                f"{name}: channels need a dimension of their own",
                expected="shape (n, c, ...)",
                got=str(tuple(x.shape)),
                help="use dropout for single elements",
            )
        )
    return Spec(room.feature_shape(x.shape), x.dtype)


def _noise(x: np.ndarray, p: float, feature: bool, generator: Any) -> np.ndarray:
    return room.dropout_noise(generator, p, into=_empty_noise(x, feature))


def _noise_samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((2, 3)),), params=(0.5, False, None)),
        make.sample(inputs=(make.tensor((2, 3, 4)),), params=(0.2, True, None)),
        make.sample(inputs=(make.transposed((5, 4)),), params=(0.2, False, None)),
        make.sample(inputs=(make.tensor((0,)),), params=(0.2, False, None)),
        make.error((make.tensor((2,)),), (1.5, False, None), RuntimeError),
        make.error((make.tensor((2,)),), (0.5, True, None), RuntimeError),
    ]


NOISE = Operation(
    "dropout_noise",
    inputs="input",
    params="p feature generator",
    evaluate=_noise,
    infer=lambda x, p, feature, generator: _noise_spec("dropout", x, p, feature),
    strict=True,
    samples=_noise_samples,
)


def _alpha_noise(
    x: np.ndarray, p: float, feature: bool, generator: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Factor and summand that keep mean and variance: dropped units go to the saturation."""
    return alpha_noise_of(room.bernoulli(generator, 1.0 - p, into=_empty_noise(x, feature)), p)


def alpha_noise_of(keep: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Factor and summand of units that are kept (1) or dropped (0)."""
    kind = keep.dtype.type
    scale = 1.0 / math.sqrt((_SATURATION * _SATURATION * p + 1) * (1 - p))
    lowered = (keep - kind(1)) * kind(_SATURATION * scale) + kind(_SATURATION * scale * p)
    return keep * kind(scale), lowered


def _infer_alpha(x: Any, p: float, feature: bool, generator: Any) -> tuple[Spec, Spec]:
    spec = _noise_spec("alpha_dropout", x, p, feature)
    return spec, spec


ALPHA_NOISE = Operation(
    "alpha_dropout_noise",
    inputs="input",
    params="p feature generator",
    evaluate=_alpha_noise,
    infer=_infer_alpha,
    strict=True,
    samples=_noise_samples,
)


def refused_probability(name: str, p: Any, kind: type[Exception]) -> Exception:
    """The error for a probability outside [0, 1]."""
    return kind(message(f"{name}: not a probability", expected="0 <= p <= 1", got=f"p = {p}"))


# --- as PyTorch's own operations ----------------------------------------------------------------


def _dropped(
    name: str, input: Tensor, p: float, train: bool, *, alpha: bool, feature: bool, inplace: bool
) -> Tensor:
    if input.__class__ is not Tensor:
        check_tensors(name, input)
    if not 0 <= p <= 1:
        raise refused_probability(name, p, RuntimeError)
    if p == 0 or not train or input._array.size == 0:
        return input
    source = input.detach() if input._requires else input
    if p == 1:
        return _times(input, apply(FULL, (), ((), 0, input._array.dtype, False)), inplace)
    if not alpha:
        return _times(input, apply(NOISE, (source,), (float(p), feature, None)), inplace)
    factor, summand = apply(ALPHA_NOISE, (source,), (float(p), feature, None))
    product = _times(input, factor, inplace)
    return apply_inplace(REGISTRY["add"], product, (summand,), (1,))


def _times(input: Tensor, factor: Tensor, inplace: bool) -> Tensor:
    if inplace:
        return apply_inplace(REGISTRY["mul"], input, (factor,))
    return input * factor  # type: ignore[operator]


def _define(name: str, what: str, *, alpha: bool = False, feature: bool = False) -> None:
    """``flambeau.name`` and ``flambeau.name_``."""
    for inplace in (False, True):

        def call(input: Tensor, p: float, train: bool, _inplace: bool = inplace) -> Tensor:
            return _dropped(name, input, p, train, alpha=alpha, feature=feature, inplace=_inplace)

        full = name + "_" * inplace
        call.__name__ = call.__qualname__ = full
        call.__module__ = "flambeau"
        place = ", in place" if inplace else ""
        call.__doc__ = f"{what}{place}: see :func:`flambeau.nn.functional.{name}`."
        PUBLIC[full] = call


_define("dropout", "Zeros at random")
_define("alpha_dropout", "Saturated units at random", alpha=True)
_define("feature_dropout", "Channels of zeros at random", feature=True)
_define("feature_alpha_dropout", "Saturated channels at random", alpha=True, feature=True)


# --- functional -------------------------------------------------------------------------------


def _checked(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise refused_probability(name, p, ValueError)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set elements to zero at random, and scale the others up so that the mean is kept.

    :math:`out = input · keep / (1 - p)`

    Args:
        input: a tensor.
        p: probability of an element to become zero, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: that of the input.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.nn.functional.dropout(fb.ones(6))
        tensor([0., 0., 2., 0., 0., 0.])

    Reference: N. Srivastava et al., "Dropout", JMLR 15, 2014.
    """
    _checked("dropout", p)
    return _dropped("dropout", input, p, training, alpha=False, feature=False, inplace=inplace)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of sequences to zero at random.

    Args:
        input: a tensor.
        p: probability of a channel to become zero, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: (n, c, length) or (c, length), and the same for the result.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
        RuntimeError: for another number of dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.dropout1d(fb.ones(2, 3, 4), p=0.0).shape
        torch.Size([2, 3, 4])

    Reference: J. Tompson et al., "Efficient Object Localization", CVPR 2015.
    """
    _checked("dropout1d", p)
    ndim = input._array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(
            message(
                "dropout1d: wrong number of dimensions",
                expected="shape (n, c, length) or (c, length)",
                got=str(tuple(input._array.shape)),
            )
        )
    return _channels_dropped("dropout1d", input, p, training, inplace, batched=ndim == 3)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of images to zero at random.

    Args:
        input: a tensor.
        p: probability of a channel to become zero, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: (n, c, height, width), and the same for the result. Three dimensions are taken as
        (n, c, length), with a warning.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.dropout2d(fb.ones(2, 3, 4, 4), p=0.0).shape
        torch.Size([2, 3, 4, 4])

    Reference: J. Tompson et al., "Efficient Object Localization", CVPR 2015.
    """
    _checked("dropout2d", p)
    if input._array.ndim != 4:
        _warn("dropout2d", input, "(n, c, height, width)")
    return _channels_dropped("dropout2d", input, p, training, inplace, batched=True)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of volumes to zero at random.

    Args:
        input: a tensor.
        p: probability of a channel to become zero, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: (n, c, depth, height, width) or (c, depth, height, width), and the same for the result.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.dropout3d(fb.ones(2, 3, 4, 4, 4), p=0.0).shape
        torch.Size([2, 3, 4, 4, 4])

    Reference: J. Tompson et al., "Efficient Object Localization", CVPR 2015.
    """
    _checked("dropout3d", p)
    if input._array.ndim not in (4, 5):
        _warn("dropout3d", input, "(n, c, depth, height, width) or without n")
    batched = input._array.ndim == 5
    return _channels_dropped("dropout3d", input, p, training, inplace, batched=batched)


def _channels_dropped(
    name: str, input: Tensor, p: float, training: bool, inplace: bool, *, batched: bool
) -> Tensor:
    options = {"alpha": False, "feature": True, "inplace": inplace}
    if batched:
        return _dropped(name, input, p, training, **options)
    if inplace:  # through a view: the tensor itself keeps its shape
        _dropped(name, input.unsqueeze(0), p, training, **options)  # type: ignore[attr-defined]
        return input
    batch = input.unsqueeze(0)  # type: ignore[attr-defined]
    return _dropped(name, batch, p, training, **options).squeeze(0)  # type: ignore[attr-defined]


def _warn(name: str, input: Tensor, expected: str) -> None:
    text = message(f"{name}: unusual shape", expected=expected, got=str(tuple(input._array.shape)))
    warnings.warn(text, UserWarning, stacklevel=3)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance of what SELU gives: dropped units saturate.

    Args:
        input: a tensor.
        p: probability of an element to be dropped, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: that of the input.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.alpha_dropout(fb.ones(2), p=0.5)
        tensor([1., 1.])

    Reference: G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017, section 3.
    """
    _checked("alpha_dropout", p)
    return _dropped("alpha_dropout", input, p, training, alpha=True, feature=False, inplace=inplace)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Alpha dropout of whole channels.

    Args:
        input: a tensor.
        p: probability of a channel to be dropped, in [0, 1].
        training: otherwise the input is returned as it is.
        inplace: whether to change the input itself.

    Shape: (n, c, ...), and the same for the result.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
        RuntimeError: for fewer than 2 dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.feature_alpha_dropout(fb.ones(2, 3), p=0.5).shape
        torch.Size([2, 3])

    Reference: G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017, section 3.
    """
    _checked("feature_alpha_dropout", p)
    return _dropped(
        "feature_alpha_dropout", input, p, training, alpha=True, feature=True, inplace=inplace
    )
