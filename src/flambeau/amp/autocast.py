"""The types in which operations compute inside a region of mixed precision."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import Passing
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Records that gain from the lower precision: products, which accumulate in float32.
LOWER = _names("""
    addbmm addmm baddbmm bmm convolution gru_layer linear lstm_layer
    lstm_layer_outputs matmul mm
    prelu_kernel rnn_layer rows_matmul scaled_dot_product_attention
""")
# Records whose sums or differences would lose too much: losses, decompositions, transforms.
FLOAT32 = _names("""
    adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d binary_cross_entropy
    binary_cross_entropy_with_logits cdist ctc_loss fractional_max_pool2d fractional_max_pool3d
    grid_sampler_2d grid_sampler_3d huber_loss max_pool3d
    mse_loss multi_margin_loss multilabel_margin_loss nll_loss nll_loss2d polar
    prod prod_all reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d
    replication_pad2d replication_pad3d smooth_l1_loss soft_margin_loss trace view_as_complex
    weighted_binary_cross_entropy_with_logits
""")
FLOAT32_FAMILIES = ("linalg_", "fft_")
# Of these families, but as precise in any type: they add up in float32.
AS_GIVEN = frozenset(["linalg_vector_norm"])
# Records that take the widest of their inputs' types.
WIDEST = frozenset(["cat", "index_copy", "stack"])

_LOW = (dtypes.bfloat16.numpy, dtypes.float16.numpy)
_SINGLE = dtypes.float32.numpy


class _State(threading.local):
    dtype = dtypes.bfloat16
    region: _Casting | None = None


STATE = _State()


class _Casting(Passing):
    """Gives operations their inputs in the type of the region.

    Parameters are cast once in a region: the cast is kept as long as nobody changes them.
    """

    steady = True

    def __init__(self, dtype: dtypes.dtype, caches: bool) -> None:
        self.dtype = dtype.numpy
        self.caches = caches
        self.kept: dict[int, tuple[Tensor, int, Tensor]] = {}

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        name = op.name
        if STATE.region is not self:  # an inner region has its own rules, or none
            pass
        elif name in LOWER:
            inputs = tuple([self.cast(x, self.dtype) for x in inputs])
        elif _is_single(name, inputs):
            inputs = tuple([self.cast(x, _SINGLE) for x in inputs])
        return self.below(apply, op, inputs, params)

    def resuming(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it runs here and now; what it casts of parameters is its own."""
        inside, region, dtype = super().resuming(function), STATE.region, STATE.dtype

        def again(*args: Any) -> Any:
            before = STATE.region, STATE.dtype, self.kept
            STATE.region, STATE.dtype, self.kept = region, dtype, {}
            try:
                return inside(*args)
            finally:
                STATE.region, STATE.dtype, self.kept = before

        return again

    def single(self, x: Any) -> Any:
        """An argument of a composite operation whose sums need float32."""
        return self.cast(x, _SINGLE) if STATE.region is self else super().single(x)

    def lower(self, x: Any) -> Any:
        """An argument of a composite operation that is a product."""
        return self.cast(x, self.dtype) if STATE.region is self else super().lower(x)

    def cast(self, x: Any, kind: Any) -> Any:
        """A floating-point tensor in another type; float64 and anything else as it is."""
        if not _floats(x) or x._array.dtype == kind:
            return x
        keeps = self.caches and kind in _LOW and x.requires_grad and x._node is None
        version = x._version if keeps else 0
        if keeps:
            found = self.kept.get(id(x))
            if found is not None and found[0] is x and found[1] == version:
                return found[2]
        made = self.below(apply, REGISTRY["to_dtype"], (x,), (kind,))
        if keeps and made.requires_grad:
            self.kept[id(x)] = x, version, made
        return made


def _floats(x: Any) -> bool:
    return isinstance(x, Tensor) and (x._array.dtype in _LOW or x._array.dtype == _SINGLE)


def _is_single(name: str, inputs: tuple[Any, ...]) -> bool:
    """Whether an operation takes its inputs in float32."""
    if name in WIDEST:
        return any([_floats(x) and x._array.dtype == _SINGLE for x in inputs])
    return name in FLOAT32 or (name.startswith(FLOAT32_FAMILIES) and name not in AS_GIVEN)


class autocast:
    """A region in which products compute in a lower precision and delicate sums in float32.

    Products (``linear``, ``matmul``, convolutions, attention, recurrent layers) take their inputs
    in ``dtype``; losses, linear algebra and Fourier transforms take theirs in float32; ``cat`` and
    ``stack`` take the widest type they are given; everything else keeps the types it has.
    Parameters keep their own type, and so do their gradients. float64 is never touched. Call
    ``backward()`` outside of the region. Use it as ``with autocast("cpu"):`` or as a decorator.

    Args:
        device_type: ``"cpu"``. With another device the region is off, and says so.
        dtype: ``bfloat16`` (the default) or ``float16``.
        enabled: whether the region does anything.
        cache_enabled: whether a parameter is cast only once in the region.

    Raises:
        RuntimeError: if ``device_type`` is not text.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.Linear(3, 2)
        >>> with fb.autocast("cpu", dtype=fb.bfloat16):
        ...     y = layer(fb.ones(1, 3))
        >>> y.dtype
        torch.bfloat16

    Reference:
        Micikevicius et al., "Mixed Precision Training", ICLR 2018.

    Differs from PyTorch:
        NumPy has no arithmetic in bfloat16: the region saves no time here. It exists so that
        programs run as they are, and round as they would. Losses that are made of several
        operations (``l1_loss``, ``margin_ranking_loss``) keep the type of their inputs.
    """

    def __init__(
        self,
        device_type: str = "cpu",
        dtype: dtypes.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise RuntimeError(
                message(
                    "autocast: device_type must be text",
                    expected="'cpu'",
                    got=repr(device_type),
                    help="pass device.type of a device",
                )
            )
        self.device = device_type
        self.fast_dtype = STATE.dtype if dtype is None else dtype
        if enabled and device_type.partition(":")[0] != "cpu":
            warnings.warn(
                f"autocast: there is no device {device_type!r}; the region is off",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        elif enabled and self.fast_dtype.numpy not in _LOW:
            warnings.warn(
                f"autocast: {self.fast_dtype} is not bfloat16 or float16; the region is off",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._cache_enabled = True if cache_enabled is None else cache_enabled
        self._entered: list[tuple[_Casting | None, _Casting | None, dtypes.dtype]] = []

    def __enter__(self) -> autocast:
        region = _Casting(self.fast_dtype, self._cache_enabled) if self._enabled else None
        self._entered.append((region, STATE.region, STATE.dtype))
        if region is not None:
            region.__enter__()
        STATE.region, STATE.dtype = region, self.fast_dtype
        return self

    def __exit__(self, *error: object) -> None:
        region, STATE.region, STATE.dtype = self._entered.pop()
        if region is not None:
            region.__exit__(*error)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """Whether the calling thread is inside a region of mixed precision.

    Example:
        >>> import flambeau as fb
        >>> with fb.autocast("cpu"):
        ...     fb.is_autocast_enabled("cpu")
        True
    """
    return STATE.region is not None and device_type.partition(":")[0] == "cpu"


def get_autocast_dtype(device_type: str = "cpu") -> dtypes.dtype:
    """The lower precision of the region, or that of the next one.

    Example:
        >>> import flambeau as fb
        >>> fb.get_autocast_dtype("cpu")
        torch.bfloat16
    """
    return STATE.dtype


def is_autocast_available(device_type: str) -> bool:
    """Whether a device has mixed precision: the CPU does.

    Example:
        >>> import flambeau as fb
        >>> fb.amp.is_autocast_available("cuda")
        False
    """
    return device_type.partition(":")[0] == "cpu"
