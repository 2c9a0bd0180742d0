"""The tensor itself: an array, its place in the recorded graph, and what can be read off both.

Methods that compute are attached by the rooms above, one line per operation record
(:func:`flambeau.tensor.dispatch.method`); this file knows no operation.
"""

# The stub beside this file also declares what rooms above attach, so a type checker takes this
# file's own Tensor for another one.
# pyright: reportArgumentType=false, reportReturnType=false

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.absent import Lacking
from flambeau.core.errors import message
from flambeau.core.shapes import Size, wrap_dim
from flambeau.core.strides import CHANNELS_LAST
from flambeau.tensor.graph import Output, VersionCounter
from flambeau.tensor.modes import INTERPRETED, MODE

_new = object.__new__


class Tensor(Lacking):
    """A strided array of one data type that may ask for a gradient.

    Make one with :func:`flambeau.tensor`, :func:`flambeau.zeros`, :func:`flambeau.randn` and
    their like. ``Tensor(2, 3)`` makes an uninitialised one of the default type, as in PyTorch.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, 2, requires_grad=True)
        >>> x.mean().backward()
        >>> x.grad
        tensor([[0.2500, 0.2500],
                [0.2500, 0.2500]])
    """

    # Five slots are set when a tensor is made; the others stay unset until somebody needs them,
    # since making a tensor is on the way of every operation.
    #   _array     the data: an ndarray, or a symbol while a recorder is active
    #   _node      the graph node that made it (or an Output of it); None for leaves
    #   _requires  whether a gradient may be asked for
    #   _view      None, or how this tensor is a view of another (flambeau.tensor.views)
    #   _counter   None, or the buffer's version counter (None means: never changed, no views)
    __slots__ = (
        "__dict__", "__weakref__", "_array", "_counter", "_grad", "_node", "_requires", "_view",
    )  # fmt: skip

    # ndarray op tensor is left to the tensor.
    __array_priority__ = 1000

    def __new__(cls, *args: Any, device: Any = None) -> Tensor:
        from flambeau.tensor.construction import legacy_tensor

        return legacy_tensor("Tensor", dtypes.get_default_dtype().numpy, args, device)

    @staticmethod
    def _saved_view(array: Any, counter: VersionCounter, node: Any) -> Tensor:
        """The tensor that a node saved as its own output, joined to its graph again."""
        tensor = _new(Tensor)
        tensor._array = array
        tensor._node = node
        tensor._requires = True
        tensor._view = None
        tensor._counter = counter
        return tensor

    # --- shape and type ---------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The sizes of all dimensions."""
        return Size(self._array.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension.

        Args:
            dim: a dimension, counted from the end if negative.

        Raises:
            IndexError: if there is no such dimension.

        Example:
            >>> import flambeau as fb
            >>> fb.zeros(2, 3).size(-1)
            3
        """
        shape = self._array.shape
        return Size(shape) if dim is None else shape[wrap_dim("size", dim, len(shape))]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of(self._array.dtype)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    def element_size(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.size * self._array.dtype.itemsize

    def is_floating_point(self) -> bool:
        """Whether elements are real floating-point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether elements are complex numbers."""
        return self._array.dtype.kind == "c"

    def is_signed(self) -> bool:
        """Whether elements can be negative."""
        return self.dtype.is_signed

    # --- memory -----------------------------------------------------------------------------

    def stride(self, dim: int | None = None) -> Any:
        """How many elements to step over for the next index of each dimension (or of ``dim``).

        Example:
            >>> import flambeau as fb
            >>> fb.zeros(2, 3).t().stride()
            (1, 3)
        """
        strides = self._strides()
        return strides if dim is None else strides[wrap_dim("stride", dim, len(strides))]

    def _strides(self) -> tuple[int, ...]:
        array = self._array
        if array.size == 0 or 1 in array.shape:
            # NumPy and PyTorch may differ on strides that are never stepped along.
            return _reported_strides(array)
        itemsize = array.dtype.itemsize
        return tuple(s // itemsize for s in array.strides)

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether elements lie in memory in row-major order without gaps.

        Args:
            memory_format: ``flambeau.contiguous_format`` (the default) or
                ``flambeau.channels_last`` for 4-d tensors whose channels lie innermost, and
                ``flambeau.channels_last_3d`` for 5-d ones.
        """
        array = self._array
        if memory_format is None or memory_format.name == "contiguous_format":
            return _is_row_major(array)
        if array.ndim != CHANNELS_LAST.get(memory_format.name):
            return False
        return _is_row_major(array.transpose(0, *range(2, array.ndim), 1))

    def storage_offset(self) -> int:
        """Where the first element lies in the buffer that this tensor is a view of."""
        array = self._array
        distance = (
            array.__array_interface__["data"][0] - owner(array).__array_interface__["data"][0]
        )
        return distance // array.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._array.__array_interface__["data"][0] if self._array.size else 0

    @property
    def _version(self) -> int:
        counter = self._counter
        return 0 if counter is None else counter.value

    @property
    def device(self) -> Any:
        """Where the elements are: always ``device(type='cpu')``."""
        from flambeau.tensor.device import CPU

        return CPU

    is_cuda = False
    is_sparse = False
    is_quantized = False
    is_meta = False
    is_cpu = True
    is_nested = False
    is_mkldnn = False
    is_sparse_csr = False
    is_mps = False
    is_xpu = False
    is_xla = False
    is_mtia = False
    is_vulkan = False
    is_ipu = False
    is_maia = False

    @property
    def layout(self) -> Any:
        """How elements are laid out: always ``flambeau.strided``."""
        from flambeau.tensor.device import STRIDED

        return STRIDED

    # --- the graph --------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient may be asked for."""
        return self._requires if self._view is None else _wants_gradient(self)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._node is not None and not value:
            raise RuntimeError(
                message(
                    "requires_grad: only leaf tensors can change it",
                    expected="a tensor that no recorded operation made",
                    got=f"the output of {self.grad_fn.name()}",
                    help="use x.detach() for a tensor without history",
                )
            )
        if value and dtypes.of(self._array.dtype).category < dtypes.FLOATING:
            raise RuntimeError(
                message(
                    "requires_grad: only floating-point and complex tensors can require gradients",
                    expected="a floating-point or complex tensor",
                    got=f"a tensor of type {self.dtype}",
                    help="convert it with .float() or .to(dtype)",
                )
            )
        self._requires = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say in place whether a gradient is wanted; returns the tensor itself.

        Raises:
            RuntimeError: for integers, or to switch it off on a tensor that has a history.

        Example:
            >>> import flambeau as fb
            >>> fb.ones(2).requires_grad_()
            tensor([1., 1.], requires_grad=True)
        """
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it: only leaves get a ``grad``."""
        if self._view is not None:
            _refresh(self)
        return self._node is None

    @property
    def grad_fn(self) -> Any:
        """The graph node that made this tensor; ``None`` for leaves."""
        if self._view is not None:
            _refresh(self)
        node = self._node
        return node.node if node.__class__ is Output else node

    @property
    def output_nr(self) -> int:
        """Which output of its ``grad_fn`` this tensor is."""
        return self._node.index if self._node.__class__ is Output else 0

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up, or ``None``."""
        if MODE.code & INTERPRETED:
            return MODE.interpreter.read_grad(self)
        found = self._stored_grad()
        if found is None and self._node is not None and not self.retains_grad:
            _warn_of_missing_grad()
        return found

    def _stored_grad(self) -> Tensor | None:
        try:
            found = self._grad
        except AttributeError:
            found = self._grad = None
        return found

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            _check_gradient(self, value)
        self._store_grad(value)

    @grad.deleter
    def grad(self) -> None:
        self._store_grad(None)

    def _store_grad(self, value: Tensor | None) -> None:
        if MODE.code & INTERPRETED:
            MODE.interpreter.write_grad(self, value)
        else:
            self._grad = value

    def _values(self, what: str) -> np.ndarray:
        """The array, for somebody who looks at its values outside any operation."""
        if MODE.code & INTERPRETED:
            MODE.interpreter.read_value(self, what)
        return self._array

    @property
    def _base(self) -> Tensor | None:
        """The tensor that this one is a view of."""
        base, view = None, self._view
        while view is not None:
            base, view = view.parent, view.parent._view
        return base

    def _is_view(self) -> bool:
        return self._view is not None

    def detach(self) -> Tensor:
        """The same data outside the graph; in-place changes are seen by both.

        Example:
            >>> import flambeau as fb
            >>> fb.ones(1, requires_grad=True).detach().requires_grad
            False
        """
        return self._outside_graphs(shared_counter(self))

    def detach_(self) -> Tensor:
        """Leave the graph in place: the tensor becomes a leaf that wants no gradient.

        Raises:
            RuntimeError: on a view.
        """
        if self._view is not None:
            raise RuntimeError(
                message("detach_: a view cannot be detached in place", help="use detach()")
            )
        self._node = None
        self._requires = False
        return self

    @property
    def data(self) -> Tensor:
        """The same data outside the graph; in-place changes through it go unnoticed."""
        return self._outside_graphs(None)

    @data.setter
    def data(self, value: Tensor) -> None:
        self._array = value._array
        self._counter = None

    def _outside_graphs(self, counter: VersionCounter | None) -> Tensor:
        """The same data, outside the graphs, and tangents, of all transformations."""
        tensor = self._alias(counter)
        if MODE.code & INTERPRETED:
            detached = getattr(type(self._array), "detached", None)
            if detached is not None:
                tensor._array = detached(self._array)
        return tensor

    def _alias(self, counter: VersionCounter | None) -> Tensor:
        tensor = _new(Tensor)
        tensor._array = self._array
        tensor._node = None
        tensor._requires = False
        tensor._view = None
        tensor._counter = counter
        return tensor

    # --- as Python values -------------------------------------------------------------------

    def item(self) -> Any:
        """The only element as a Python number.

        Raises:
            RuntimeError: if there is not exactly one element.

        Example:
            >>> import flambeau as fb
            >>> fb.tensor([2.5]).item()
            2.5
        """
        array = self._values("item()")
        if array.size != 1:
            raise RuntimeError(
                message(
                    "item: a tensor with one element is needed",
                    expected="1 element",
                    got=f"{array.size} elements, shape {tuple(array.shape)}",
                    help="reduce it first, or use tolist()",
                )
            )
        return _number(array)

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers (one number for a 0-d tensor).

        Example:
            >>> import flambeau as fb
            >>> fb.tensor([[1, 2], [3, 4]]).tolist()
            [[1, 2], [3, 4]]
        """
        array = self._values("tolist()")
        if array.dtype == dtypes.bfloat16.numpy:
            array = array.astype(np.float32)
        return array.tolist()

    def __bool__(self) -> bool:
        array = self._values("a decision (bool)")
        if array.size != 1:
            raise RuntimeError(
                message(
                    "bool: the truth of a tensor with several or no elements is ambiguous",
                    expected="1 element",
                    got=f"{array.size} elements, shape {tuple(array.shape)}",
                    help="use .any() or .all()",
                )
            )
        return bool(array)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub":
            raise TypeError(
                message(
                    "index: only integer tensors of one element can be an index",
                    expected="an integer tensor with 1 element",
                    got=f"{self.dtype}, shape {tuple(self._array.shape)}",
                )
            )
        return int(self.item())

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError(message("len: a 0-d tensor has no length", help="use numel()"))
        return self._array.shape[0]

    __hash__ = object.__hash__

    def __format__(self, specification: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return self.item().__format__(specification)
        return object.__format__(self, specification) if specification else str(self)


# --- parts that other files of this room fill in ----------------------------------------------


def _wants_gradient(tensor: Tensor) -> bool:
    """``requires_grad`` of a view (see :mod:`flambeau.tensor.views`)."""
    from flambeau.tensor.views import wants_gradient

    return wants_gradient(tensor)


def _refresh(tensor: Tensor) -> None:
    """Bring a view's place in the graph up to date (see :mod:`flambeau.tensor.views`)."""
    from flambeau.tensor.views import refresh

    refresh(tensor)


def shared_counter(tensor: Tensor) -> VersionCounter:
    """The tensor's version counter, made now if nobody has needed it so far."""
    counter = tensor._counter
    if counter is None:
        counter = tensor._counter = VersionCounter()
    return counter


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the buffer which ``array`` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _number(array: np.ndarray) -> Any:
    value = array.item()
    return float(value) if array.dtype == dtypes.bfloat16.numpy else value


def _is_row_major(array: Any) -> bool:
    flags = getattr(array, "flags", None)
    if flags is not None:
        return flags.c_contiguous
    expected = array.dtype.itemsize
    if array.size == 0:
        return True
    for size, stride in zip(reversed(array.shape), reversed(array.strides), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def _reported_strides(array: Any) -> tuple[int, ...]:
    itemsize = array.dtype.itemsize
    if not _is_row_major(array):
        return tuple(s // itemsize for s in array.strides)
    step, strides = 1, []
    for size in reversed(array.shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _warn_of_missing_grad() -> None:
    warnings.warn(
        "the grad of a tensor that is not a leaf is read: backward passes do not keep it; call "
        "retain_grad() on the tensor before, or read the grad of the leaf that is meant",
        stacklevel=3,
    )


def _check_gradient(tensor: Tensor, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            message("grad: not a tensor", expected="a tensor or None", got=type(value).__name__)
        )
    if value is tensor:
        raise RuntimeError(
            message(
                "grad: a tensor cannot be its own gradient",
                expected="another tensor",
                got="the tensor itself",
                help="clone() it",
            )
        )
    if value._array.shape != tensor._array.shape or value._array.dtype != tensor._array.dtype:
        raise RuntimeError(
            message(
                "grad: the gradient does not fit its tensor",
                expected=f"shape {tuple(tensor._array.shape)}, {tensor.dtype}",
                got=f"shape {tuple(value._array.shape)}, {value.dtype}",
            )
        )
