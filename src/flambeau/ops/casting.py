"""Conversion to another data type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.copying import CLONE, copied, layout_name, like
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.device import check_device
from flambeau.tensor.device import device as device_class
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.typed import CLASS_NAMES, TensorType


def cast(array: np.ndarray, numpy_type: np.dtype) -> np.ndarray:
    """An array converted to a type, imaginary parts dropped without a warning."""
    if array.dtype.kind == "c" and numpy_type.kind not in "cb":
        array = array.real
    return copied(array, numpy_type)


TO_DTYPE = Operation(
    "to_dtype",
    inputs="input",
    params="dtype",
    evaluate=cast,
    infer=lambda x, dtype: like(x, dtype),
    gradient={"input": lambda g: g},  # the engine converts it back
    node_name="ToCopyBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(np.dtype(np.float32),), smooth=False),
        make.sample(inputs=(make.transposed((2, 3)),), params=(np.dtype(np.int64),)),
        make.sample(inputs=(make.tensor(()),), params=(np.dtype(np.complex128),)),
        make.sample(inputs=(make.tensor((0,)),), params=(np.dtype(np.bool_),)),
    ],
)

_float32, _float64 = dtypes.float32.numpy, dtypes.float64.numpy


def converted_to(input: Tensor, numpy_type: np.dtype) -> Tensor:
    """The tensor itself if it is of the type, or a converted copy."""
    if input._array.dtype == numpy_type:
        return input
    return apply(TO_DTYPE, (input,), (numpy_type,))


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor converted to a data type; itself if there is nothing to convert.

    Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, the last of
    which takes the type of another tensor.

    Args:
        dtype: the data type.
        device: the CPU.
        other: a tensor whose type is wanted.
        non_blocking: without effect: there is one device.
        copy: make a copy also where there is nothing to convert.
        memory_format: the layout of a copy.

    Raises:
        RuntimeError: for any device but the CPU.
        TypeError: for arguments that are none of these.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).to(fb.float64)
        tensor([1., 2.], dtype=torch.float64)
    """
    if len(args) == 1 and not kwargs and args[0].__class__ is dtypes.dtype:
        return converted_to(self, args[0].numpy)
    numpy_type, copy, layout = parse_to(args, dict(kwargs))
    if numpy_type is None:
        numpy_type = self._array.dtype
    if copy or numpy_type != self._array.dtype:
        self = apply(TO_DTYPE, (self,), (numpy_type,))
    if layout is not None:
        return apply(CLONE, (self,), (layout,))
    return self


Tensor.to = to  # type: ignore[attr-defined]


def parse_to(args: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, bool, str | None]:
    """The type, whether to copy, and the layout that a call of ``to`` asks for."""
    rest = list(args)
    numpy_type = None
    if "other" in given:
        rest.insert(0, given.pop("other"))
    if rest and isinstance(rest[0], Tensor):
        numpy_type = rest.pop(0)._array.dtype
    elif rest and isinstance(rest[0], (str, device_class)):
        check_device("to", rest.pop(0))
        if rest and (rest[0] is None or rest[0].__class__ is dtypes.dtype):
            given["dtype"] = rest.pop(0)
    elif rest and rest[0] is None:
        rest.pop(0)
        if rest and (rest[0] is None or rest[0].__class__ is dtypes.dtype):
            given["dtype"] = rest.pop(0)
    elif rest and rest[0].__class__ is dtypes.dtype:
        given["dtype"] = rest.pop(0)
    for name, value in zip(("non_blocking", "copy"), rest):
        given[name] = value
    check_device("to", given.pop("device", None))
    if given.get("dtype") is not None:
        numpy_type = dtypes.as_numpy(given["dtype"])
    unknown = given.keys() - {"dtype", "non_blocking", "copy", "memory_format"}
    if unknown or len(rest) > 2 or not all(isinstance(x, bool) for x in rest):
        raise TypeError(
            message(
                "to: not understood",
                expected="a data type, the CPU, both, or a tensor whose type is wanted",
                got=", ".join([repr(x) for x in args] + sorted(unknown)),
            )
        )
    layout = layout_name("to", given.get("memory_format"))
    return numpy_type, bool(given.get("copy", False)), layout


def _converter(name: str, numpy_type: np.dtype) -> Callable[..., Tensor]:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return converted_to(self, numpy_type)

    convert.__name__ = convert.__qualname__ = name
    convert.__module__ = "flambeau"
    convert.__doc__ = f"""The tensor converted to {numpy_type}; itself if it is of that type.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([0, 1]).{name}().dtype == fb.{dtypes.of(numpy_type).name}
        True
    """
    return convert


CONVERTERS = {
    "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16, "int": dtypes.int32, "long": dtypes.int64,
    "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
    "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
}  # fmt: skip

for _name, _dtype in CONVERTERS.items():
    setattr(Tensor, _name, _converter(_name, _dtype.numpy))


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor converted to the type of ``other``.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).type_as(fb.zeros(1))
        tensor([1., 2.])
    """
    return converted_to(self, require_tensor("type_as", other).dtype)


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, or the tensor converted to one.

    Args:
        dtype: a data type, a class such as ``flambeau.FloatTensor``, or its name.
        non_blocking: without effect.

    Raises:
        ValueError: for a name that is not known.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).type(), fb.zeros(1).type(fb.int32).dtype
        ('torch.FloatTensor', torch.int32)
    """
    if dtype is None:
        own = self.dtype
        name = next(name for name, each in CLASS_NAMES.items() if each is own)
        return dtypes.NAME_PREFIX + name
    if isinstance(dtype, TensorType):
        dtype = dtype.dtype
    if isinstance(dtype, str):
        wanted = CLASS_NAMES.get(dtype.rpartition(".")[2])
        if wanted is None:
            raise ValueError(
                message(
                    "type: not a tensor type",
                    expected="a name such as torch.FloatTensor",
                    got=dtype,
                )
            )
        dtype = wanted
    return converted_to(self, dtypes.as_numpy(dtype))


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: there is one device.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).cpu().device
        device(type='cpu')
    """
    return self


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """Refused: there is one device, the CPU.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        message(
            "cuda: only the CPU is available",
            expected="'cpu'",
            got="'cuda'",
            help="guard the call with flambeau.cuda.is_available()",
        )
    )


Tensor.type_as = type_as  # type: ignore[attr-defined]
Tensor.type = type_  # type: ignore[attr-defined]
Tensor.cpu = cpu  # type: ignore[attr-defined]
Tensor.cuda = cuda  # type: ignore[attr-defined]


@public(method=True)
def is_floating_point(input: Tensor) -> bool:
    """Whether elements are real floating-point numbers.

    Example:
        >>> import flambeau as fb
        >>> fb.is_floating_point(fb.zeros(1))
        True
    """
    require_tensor("is_floating_point", input)
    return input.dtype.is_floating_point


@public(method=True)
def is_complex(input: Tensor) -> bool:
    """Whether elements are complex numbers.

    Example:
        >>> import flambeau as fb
        >>> fb.is_complex(fb.zeros(1))
        False
    """
    return require_tensor("is_complex", input).dtype.kind == "c"
