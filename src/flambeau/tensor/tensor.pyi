# Written by tools/write_stubs.py.
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from flambeau.autograd.hooks import RemovableHandle
from flambeau.tensor.storage import TypedStorage
from flambeau.tensor.storage import UntypedStorage
import builtins
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
class Tensor:
    _array: Any
    _counter: Any
    _grad: Any
    _node: Any
    _requires: Any
    _view: Any
    __array_priority__: builtins.bool
    def __new__(cls, *args: Any, device: Any=None) -> Tensor:
        ...
    @staticmethod
    def _saved_view(array: Any, counter: VersionCounter, node: Any) -> Tensor:
        """The tensor that a node saved as its own output, joined to its graph again."""
    @property
    def shape(self) -> Size:
        """The sizes of all dimensions."""
    def size(self, dim: builtins.int | None=None) -> Any:
        """The shape, or the size of one dimension."""
    @property
    def ndim(self) -> builtins.int:
        """The number of dimensions."""
    def dim(self) -> builtins.int:
        """The number of dimensions."""
    ndimension = dim
    def numel(self) -> builtins.int:
        """The number of elements."""
    nelement = numel
    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
    @property
    def itemsize(self) -> builtins.int:
        """Bytes per element."""
    def element_size(self) -> builtins.int:
        """Bytes per element."""
    @property
    def nbytes(self) -> builtins.int:
        """Bytes of all elements."""
    def is_floating_point(self) -> builtins.bool:
        """Whether elements are real floating-point numbers."""
    def is_complex(self) -> builtins.bool:
        """Whether elements are complex numbers."""
    def is_signed(self) -> builtins.bool:
        """Whether elements can be negative."""
    def stride(self, dim: builtins.int | None=None) -> Any:
        """How many elements to step over for the next index of each dimension (or of ``dim``)."""
    def _strides(self) -> builtins.tuple[builtins.int, ...]:
        ...
    def is_contiguous(self, memory_format: Any=None) -> builtins.bool:
        """Whether elements lie in memory in row-major order without gaps."""
    def storage_offset(self) -> builtins.int:
        """Where the first element lies in the buffer that this tensor is a view of."""
    def data_ptr(self) -> builtins.int:
        """The address of the first element."""
    @property
    def _version(self) -> builtins.int:
        ...
    @property
    def device(self) -> Any:
        """Where the elements are: always ``device(type='cpu')``."""
    is_cuda: builtins.bool
    is_sparse: builtins.bool
    is_quantized: builtins.bool
    is_meta: builtins.bool
    is_cpu: builtins.bool
    is_nested: builtins.bool
    is_mkldnn: builtins.bool
    is_sparse_csr: builtins.bool
    is_mps: builtins.bool
    is_xpu: builtins.bool
    is_xla: builtins.bool
    is_mtia: builtins.bool
    is_vulkan: builtins.bool
    is_ipu: builtins.bool
    is_maia: builtins.bool
    @property
    def layout(self) -> Any:
        """How elements are laid out: always ``flambeau.strided``."""
    @property
    def requires_grad(self) -> builtins.bool:
        """Whether a gradient may be asked for."""
    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        ...
    def requires_grad_(self, requires_grad: builtins.bool=True) -> Tensor:
        """Say in place whether a gradient is wanted; returns the tensor itself."""
    @property
    def is_leaf(self) -> builtins.bool:
        """Whether no recorded operation made it: only leaves get a ``grad``."""
    @property
    def grad_fn(self) -> Any:
        """The graph node that made this tensor; ``None`` for leaves."""
    @property
    def output_nr(self) -> builtins.int:
        """Which output of its ``grad_fn`` this tensor is."""
    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up, or ``None``."""
    def _stored_grad(self) -> Tensor | None:
        ...
    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        ...
    @grad.deleter
    def grad(self) -> None:
        ...
    def _store_grad(self, value: Tensor | None) -> None:
        ...
    def _values(self, what: builtins.str) -> np.ndarray:
        """The array, for somebody who looks at its values outside any operation."""
    @property
    def _base(self) -> Tensor | None:
        """The tensor that this one is a view of."""
    def _is_view(self) -> builtins.bool:
        ...
    def detach(self) -> Tensor:
        """The same data outside the graph; in-place changes are seen by both."""
    def detach_(self) -> Tensor:
        """Leave the graph in place: the tensor becomes a leaf that wants no gradient."""
    @property
    def data(self) -> Tensor:
        """The same data outside the graph; in-place changes through it go unnoticed."""
    @data.setter
    def data(self, value: Tensor) -> None:
        ...
    def _outside_graphs(self, counter: VersionCounter | None) -> Tensor:
        """The same data, outside the graphs, and tangents, of all transformations."""
    def _alias(self, counter: VersionCounter | None) -> Tensor:
        ...
    def item(self) -> Any:
        """The only element as a Python number."""
    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers (one number for a 0-d tensor)."""
    def __bool__(self) -> builtins.bool:
        ...
    def __float__(self) -> builtins.float:
        ...
    def __int__(self) -> builtins.int:
        ...
    def __complex__(self) -> builtins.complex:
        ...
    def __index__(self) -> builtins.int:
        ...
    def __len__(self) -> builtins.int:
        ...
    def __format__(self, specification: builtins.str) -> builtins.str:
        ...

    @property
    def H(self) -> Tensor:
        """The conjugate transpose of a matrix."""

    @property
    def T(self) -> Tensor:
        """A view with all dimensions in the opposite order."""

    def __abs__(self) -> Tensor: ...

    def __add__(self, other: Any) -> Tensor: ...

    def __and__(self, other: Any) -> Tensor: ...

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> np.ndarray:
        """What ``np.asarray(x)`` calls."""

    def __array_namespace__(self, *, api_version: builtins.str | None = None) -> Any:
        """The functions of the array API standard: :mod:`flambeau.array_api`."""

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: builtins.bool = False) -> Tensor:
        """What a NumPy function calls on its result: ``np.sin(x)`` is a tensor."""

    def __contains__(self, element: Any) -> builtins.bool:
        """Whether an element equal to a number or 0-d tensor is in the tensor."""

    def __copy__(self) -> Tensor:
        """Another tensor over the same memory, without history."""

    def __deepcopy__(self, memo: builtins.dict[builtins.int, Any]) -> Tensor:
        """A copy of values and gradient."""

    def __dlpack__(self, *, stream: Any = None, max_version: builtins.tuple[builtins.int, builtins.int] | None = None, dl_device: Any = None, copy: builtins.bool | None = None) -> Any:
        """A DLPack capsule over this tensor's memory."""

    def __dlpack_device__(self) -> builtins.tuple[builtins.int, builtins.int]:
        """DLPack's number for the CPU."""

    def __eq__(self, other: Any) -> Tensor: ...

    def __floordiv__(self, other: Any) -> Tensor: ...

    def __ge__(self, other: Any) -> Tensor: ...

    def __getitem__(self, index: Any) -> Tensor:
        """``x[index]``: a view for integers, slices, ``...`` and ``None``; a copy for tensors."""

    def __gt__(self, other: Any) -> Tensor: ...

    def __iadd__(self, other: Any) -> Tensor: ...

    def __iand__(self, other: Any) -> Tensor: ...

    def __ifloordiv__(self, other: Any) -> Tensor: ...

    def __ilshift__(self, other: Any) -> Tensor: ...

    def __imod__(self, other: Any) -> Tensor: ...

    def __imul__(self, other: Any) -> Tensor: ...

    def __invert__(self) -> Tensor: ...

    def __ior__(self, other: Any) -> Tensor: ...

    def __ipow__(self, other: Any) -> Tensor: ...

    def __irshift__(self, other: Any) -> Tensor: ...

    def __isub__(self, other: Any) -> Tensor: ...

    def __iter__(self) -> Iterator[Tensor]:
        """The entries along the first dimension."""

    def __itruediv__(self, other: Any) -> Tensor: ...

    def __ixor__(self, other: Any) -> Tensor: ...

    def __le__(self, other: Any) -> Tensor: ...

    def __lshift__(self, other: Any) -> Tensor: ...

    def __lt__(self, other: Any) -> Tensor: ...

    def __matmul__(self, other: Any) -> Tensor: ...

    def __mod__(self, other: Any) -> Tensor: ...

    def __mul__(self, other: Any) -> Tensor: ...

    def __ne__(self, other: Any) -> Tensor: ...

    def __neg__(self) -> Tensor: ...

    def __or__(self, other: Any) -> Tensor: ...

    def __pos__(self) -> Tensor: ...

    def __pow__(self, other: Any) -> Tensor: ...

    def __radd__(self, other: Any) -> Tensor: ...

    def __rand__(self, other: Any) -> Tensor: ...

    def __reduce_ex__(self, protocol: builtins.int) -> builtins.tuple[Any, ...]:
        """What ``pickle`` stores: values, whether a gradient is wanted, and the user's attributes."""

    def __repr__(self) -> builtins.str:
        """The text that ``print`` shows."""

    def __rfloordiv__(self, other: Any) -> Tensor: ...

    def __rlshift__(self, other: Any) -> Tensor: ...

    def __rmatmul__(self, other: Any) -> Tensor: ...

    def __rmod__(self, other: Any) -> Tensor: ...

    def __rmul__(self, other: Any) -> Tensor: ...

    def __ror__(self, other: Any) -> Tensor: ...

    def __rpow__(self, other: Any) -> Tensor: ...

    def __rrshift__(self, other: Any) -> Tensor: ...

    def __rshift__(self, other: Any) -> Tensor: ...

    def __rsub__(self, other: Any) -> Tensor: ...

    def __rtruediv__(self, other: Any) -> Tensor: ...

    def __rxor__(self, other: Any) -> Tensor: ...

    def __setitem__(self, index: Any, value: Any) -> None:
        """``x[index] = value``: writes into what the index selects."""

    def __setstate__(self, state: builtins.dict[builtins.str, Any] | None) -> None:
        """Attach the user's attributes again."""

    def __sub__(self, other: Any) -> Tensor: ...

    def __truediv__(self, other: Any) -> Tensor: ...

    def __xor__(self, other: Any) -> Tensor: ...

    def abs(self, *, out: Tensor | None = None) -> Tensor:
        """The absolute value of each element."""

    def abs_(self) -> Tensor:
        """In-place version of :func:`flambeau.abs`; returns the tensor itself."""

    def absolute(self, *, out: Tensor | None = None) -> Tensor:
        """The absolute value of each element."""

    def absolute_(self) -> Tensor:
        """In-place version of :func:`flambeau.abs`; returns the tensor itself."""

    def acos(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose cosine is given; nan outside [-1, 1]."""

    def acos_(self) -> Tensor:
        """In-place version of :func:`flambeau.acos`; returns the tensor itself."""

    def acosh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic cosine is given; nan below 1."""

    def acosh_(self) -> Tensor:
        """In-place version of :func:`flambeau.acosh`; returns the tensor itself."""

    def add(self, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """Add two tensors, or a tensor and a number, elementwise."""

    def add_(self, other: Any, *older: Any, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.add`; returns the tensor itself."""

    def addbmm(self, batch1: Any, batch2: Any, *older: Any, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """The sum of the products of two stacks of matrices, added to a tensor."""

    def addbmm_(self, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addbmm`; returns the tensor itself."""

    def addcdiv(self, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1, out: Tensor | None = None) -> Tensor:
        """Add a quotient of two tensors."""

    def addcdiv_(self, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addcdiv`; returns the tensor itself."""

    def addcmul(self, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1, out: Tensor | None = None) -> Tensor:
        """Add a product of two tensors."""

    def addcmul_(self, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addcmul`; returns the tensor itself."""

    def addmm(self, mat1: Any, mat2: Any, *older: Any, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """The product of two matrices, added to a tensor."""

    def addmm_(self, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addmm`; returns the tensor itself."""

    def addmv(self, mat: Any, vec: Any, *older: Any, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """The product of a matrix and a vector, added to a tensor."""

    def addmv_(self, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addmv`; returns the tensor itself."""

    def addr(self, vec1: Any, vec2: Any, *older: Any, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """The outer product of two vectors, added to a tensor."""

    def addr_(self, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.addr`; returns the tensor itself."""

    def adjoint(self) -> Tensor:
        """The conjugate transpose of the last two dimensions; of a 0-d tensor, the conjugate."""

    def all(self, dim: Any = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """Whether every element is true (not 0)."""

    def allclose(self, other: Tensor, rtol: builtins.float = 1e-05, atol: builtins.float = 1e-08, equal_nan: builtins.bool = False) -> builtins.bool:
        """Whether all elements are nearly equal."""

    def amax(self, dim: Any = (), keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The largest element over all dimensions, or over some; equal ones share the gradient."""

    def amin(self, dim: Any = (), keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The smallest element over all dimensions, or over some; equal ones share the gradient."""

    def aminmax(self, *, dim: builtins.int | None = None, keepdim: builtins.bool = False, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The smallest and the largest element."""

    def angle(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians of complex numbers; 0 or π for real ones."""

    def any(self, dim: Any = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """Whether at least one element is true (not 0)."""

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Put what a Python function gives for each element in its place."""

    def arccos(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose cosine is given; nan outside [-1, 1]."""

    def arccos_(self) -> Tensor:
        """In-place version of :func:`flambeau.acos`; returns the tensor itself."""

    def arccosh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic cosine is given; nan below 1."""

    def arccosh_(self) -> Tensor:
        """In-place version of :func:`flambeau.acosh`; returns the tensor itself."""

    def arcsin(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose sine is given; nan outside [-1, 1]."""

    def arcsin_(self) -> Tensor:
        """In-place version of :func:`flambeau.asin`; returns the tensor itself."""

    def arcsinh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic sine is given."""

    def arcsinh_(self) -> Tensor:
        """In-place version of :func:`flambeau.asinh`; returns the tensor itself."""

    def arctan(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose tangent is given."""

    def arctan2(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians of the point with ordinate ``input`` and abscissa ``other``."""

    def arctan2_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.atan2`; returns the tensor itself."""

    def arctan_(self) -> Tensor:
        """In-place version of :func:`flambeau.atan`; returns the tensor itself."""

    def arctanh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic tangent is given; nan outside [-1, 1]."""

    def arctanh_(self) -> Tensor:
        """In-place version of :func:`flambeau.atanh`; returns the tensor itself."""

    def argmax(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """Where the largest element is; the first place if several are equal."""

    def argmin(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """Where the smallest element is; the first place if several are equal."""

    def argsort(self, dim: builtins.int = -1, descending: builtins.bool = False, *, stable: builtins.bool = False, axis: Any = None) -> Tensor:
        """The indices that sort a tensor along a dimension."""

    def argwhere(self) -> Tensor:
        """The places of all elements that are not 0, a row of coordinates for each."""

    def as_strided(self, size: Any, stride: Any, storage_offset: builtins.int | None = None) -> Tensor:
        """A view of the memory that a tensor lies in, with any sizes and strides."""

    def as_strided_(self, size: Any, stride: Any, storage_offset: builtins.int | None = None) -> Tensor:
        """In-place version of :func:`flambeau.as_strided`; returns the tensor itself."""

    def as_strided_scatter(self, src: Tensor, size: Any, stride: Any, storage_offset: builtins.int | None = None, *, out: Tensor | None = None) -> Tensor:
        """A copy of a tensor with a source in place of what :func:`flambeau.as_strided` shows."""

    def asin(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose sine is given; nan outside [-1, 1]."""

    def asin_(self) -> Tensor:
        """In-place version of :func:`flambeau.asin`; returns the tensor itself."""

    def asinh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic sine is given."""

    def asinh_(self) -> Tensor:
        """In-place version of :func:`flambeau.asinh`; returns the tensor itself."""

    def atan(self, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians whose tangent is given."""

    def atan2(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The angle in radians of the point with ordinate ``input`` and abscissa ``other``."""

    def atan2_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.atan2`; returns the tensor itself."""

    def atan_(self) -> Tensor:
        """In-place version of :func:`flambeau.atan`; returns the tensor itself."""

    def atanh(self, *, out: Tensor | None = None) -> Tensor:
        """The number whose hyperbolic tangent is given; nan outside [-1, 1]."""

    def atanh_(self) -> Tensor:
        """In-place version of :func:`flambeau.atanh`; returns the tensor itself."""

    def backward(self, gradient: Tensor | None = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, inputs: Any = None) -> None:
        """Add this tensor's gradients to the ``grad`` of the leaves it came from."""

    def baddbmm(self, batch1: Any, batch2: Any, *older: Any, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """The products of two stacks of matrices, added to a tensor."""

    def baddbmm_(self, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.baddbmm`; returns the tensor itself."""

    def bernoulli(self, p: Any = None, *, generator: Any = None, out: Tensor | None = None) -> Tensor:
        """Ones and zeros: ``bernoulli(probabilities)``, or ``bernoulli(input, p)`` like ``input``."""

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Tensor:
        """Fill with ones, each with probability ``p``, and zeros."""

    def bfloat16(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to bfloat16; itself if it is of that type."""

    def bincount(self, weights: Tensor | None = None, minlength: builtins.int = 0) -> Tensor:
        """How often each of the integers 0, 1, 2, ... occurs (or how much weight it has)."""

    def bitwise_and(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The bits that both operands have; on bool tensors the logical operation."""

    def bitwise_and_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_and`; returns the tensor itself."""

    def bitwise_left_shift(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Bits moved to the left: a multiplication by a power of 2."""

    def bitwise_left_shift_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_left_shift`; returns the tensor itself."""

    def bitwise_not(self, *, out: Tensor | None = None) -> Tensor:
        """Every bit turned over; on bool tensors the logical negation."""

    def bitwise_not_(self) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_not`; returns the tensor itself."""

    def bitwise_or(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The bits that one of the operands has; on bool tensors the logical operation."""

    def bitwise_or_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_or`; returns the tensor itself."""

    def bitwise_right_shift(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Bits moved to the right, keeping the sign: a division by a power of 2, rounded down."""

    def bitwise_right_shift_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_right_shift`; returns the tensor itself."""

    def bitwise_xor(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The bits that exactly one of the operands has; on bool tensors the logical operation."""

    def bitwise_xor_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.bitwise_xor`; returns the tensor itself."""

    def bmm(self, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The products of two stacks of matrices, one by one."""

    def bool(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to bool; itself if it is of that type."""

    def broadcast_to(self, *sizes: Any, size: Any = None) -> Tensor:
        """``input`` expanded to a shape."""

    def byte(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to uint8; itself if it is of that type."""

    def cauchy_(self, median: builtins.float = 0.0, sigma: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with samples of the Cauchy distribution."""

    def cdouble(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to complex128; itself if it is of that type."""

    def ceil(self, *, out: Tensor | None = None) -> Tensor:
        """Round each element up; integers stay what they are."""

    def ceil_(self) -> Tensor:
        """In-place version of :func:`flambeau.ceil`; returns the tensor itself."""

    def cfloat(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to complex64; itself if it is of that type."""

    def char(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to int8; itself if it is of that type."""

    def cholesky(self, upper: builtins.bool = False, *, out: Tensor | None = None) -> Tensor:
        """The Cholesky factor of hermitian positive-definite matrices."""

    def cholesky_inverse(self, upper: builtins.bool = False, *, out: Tensor | None = None) -> Tensor:
        """The inverse of a matrix from its Cholesky factor."""

    def cholesky_solve(self, L: Tensor, upper: builtins.bool = False, *, out: Tensor | None = None) -> Tensor:
        """The solution of a system of equations from the Cholesky factor of its matrix."""

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0, *, axis: Any = None) -> builtins.tuple[Tensor, ...]:
        """At most ``chunks`` views of consecutive parts of equal size; the last may be smaller."""

    def clamp(self, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
        """Keep elements between two bounds."""

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """In-place version of :func:`flambeau.clamp`; returns the tensor itself."""

    def clamp_max(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Keep elements below a bound."""

    def clamp_max_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.clamp_max`; returns the tensor itself."""

    def clamp_min(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Keep elements above a bound."""

    def clamp_min_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.clamp_min`; returns the tensor itself."""

    def clip(self, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
        """Keep elements between two bounds."""

    def clip_(self, min: Any = None, max: Any = None) -> Tensor:
        """In-place version of :func:`flambeau.clamp`; returns the tensor itself."""

    def clone(self, *, memory_format: Any = None) -> Tensor:
        """A copy with memory of its own; gradients flow through it."""

    def conj(self) -> Tensor:
        """The complex conjugate; a real tensor itself."""

    def conj_physical(self, *, out: Tensor | None = None) -> Tensor:
        """The complex conjugate, in memory of its own; a real tensor itself."""

    def conj_physical_(self) -> Tensor:
        """In-place version of :func:`flambeau.conj_physical`; returns the tensor itself."""

    def contiguous(self, memory_format: Any = None) -> Tensor:
        """The tensor itself if its elements lie in row-major order, a copy that does otherwise."""

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Tensor:
        """Write the values of ``src`` into this tensor, converted to its type; returns it."""

    def copysign(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The size of one operand with the sign of the other, -0.0 included."""

    def copysign_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.copysign`; returns the tensor itself."""

    def corrcoef(self) -> Tensor:
        """The correlation coefficients of the rows of a matrix, whose columns are observations."""

    def cos(self, *, out: Tensor | None = None) -> Tensor:
        """The cosine of angles in radians."""

    def cos_(self) -> Tensor:
        """In-place version of :func:`flambeau.cos`; returns the tensor itself."""

    def cosh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic cosine."""

    def cosh_(self) -> Tensor:
        """In-place version of :func:`flambeau.cosh`; returns the tensor itself."""

    def count_nonzero(self, dim: Any = None, *, axis: Any = None) -> Tensor:
        """How many elements are not 0."""

    def cov(self, *, correction: builtins.int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
        """The covariance matrix of the rows of a matrix, whose columns are observations."""

    def cpu(self, memory_format: Any = None) -> Tensor:
        """The tensor itself: there is one device."""

    def cross(self, other: Tensor, dim: builtins.int | None = None, *, out: Any = None, axis: Any = None) -> Tensor:
        """The cross product of vectors with three components."""

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False) -> Tensor:
        """Refused: there is one device, the CPU."""

    def cummax(self, dim: Any = None, *, out: Any = None, axis: Any = None) -> Any:
        """Running maxima along a dimension, and where they are (the last of equal elements)."""

    def cummin(self, dim: Any = None, *, out: Any = None, axis: Any = None) -> Any:
        """Running minima along a dimension, and where they are (the last of equal elements)."""

    def cumprod(self, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None) -> Tensor:
        """Running products along a dimension; gradients are exact where factors are 0."""

    def cumprod_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """In-place version of :func:`flambeau.cumprod`; returns the tensor itself."""

    def cumsum(self, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None) -> Tensor:
        """Running sums along a dimension."""

    def cumsum_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """In-place version of :func:`flambeau.cumsum`; returns the tensor itself."""

    def deg2rad(self, *, out: Tensor | None = None) -> Tensor:
        """Angles in degrees as radians."""

    def deg2rad_(self) -> Tensor:
        """In-place version of :func:`flambeau.deg2rad`; returns the tensor itself."""

    def det(self, *, out: Tensor | None = None) -> Tensor:
        """The determinant of square matrices."""

    def diag(self, diagonal: builtins.int = 0, *, out: Tensor | None = None) -> Tensor:
        """A vector's matrix, or a matrix's diagonal."""

    def diag_embed(self, offset: builtins.int = 0, dim1: builtins.int = -2, dim2: builtins.int = -1) -> Tensor:
        """Matrices with the last dimension of ``input`` on a diagonal, zeros elsewhere."""

    def diagflat(self, offset: builtins.int = 0) -> Tensor:
        """A matrix with all elements of ``input`` on a diagonal, zeros elsewhere."""

    def diagonal(self, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        """A view of a diagonal of two dimensions; it becomes the last dimension."""

    def diagonal_scatter(self, src: Tensor, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1, *, out: Tensor | None = None) -> Tensor:
        """A copy of a tensor with a source in place of what :func:`flambeau.diagonal` shows."""

    def diff(self, n: builtins.int = 1, dim: builtins.int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, out: Any = None, axis: Any = None) -> Tensor:
        """Differences of neighbours along a dimension."""

    def digamma(self, *, out: Tensor | None = None) -> Tensor:
        """The derivative of the logarithm of the gamma function."""

    def digamma_(self) -> Tensor:
        """In-place version of :func:`flambeau.digamma`; returns the tensor itself."""

    def dim_order(self, *, ambiguity_check: Any = False) -> builtins.tuple[builtins.int, ...]:
        """The dimensions from the one with the largest steps in memory to that with the smallest."""

    def dist(self, other: Tensor, p: builtins.float = 2) -> Tensor:
        """The p-norm of a difference."""

    def div(self, other: Any, *, rounding_mode: builtins.str | None = None, out: Tensor | None = None) -> Tensor:
        """Divide elementwise, and round the quotient if asked to."""

    def div_(self, other: Any, *, rounding_mode: builtins.str | None = None) -> Tensor:
        """In-place version of :func:`flambeau.div`; returns the tensor itself."""

    def divide(self, other: Any, *, rounding_mode: builtins.str | None = None, out: Tensor | None = None) -> Tensor:
        """Divide elementwise, and round the quotient if asked to."""

    def divide_(self, other: Any, *, rounding_mode: builtins.str | None = None) -> Tensor:
        """In-place version of :func:`flambeau.div`; returns the tensor itself."""

    def dot(self, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The sum of the products of two vectors' elements."""

    def double(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to float64; itself if it is of that type."""

    def dsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of parts along dimension 2 of a tensor with at least three dimensions."""

    def eq(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def eq_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.eq`; returns the tensor itself."""

    def equal(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape and the same elements."""

    def erf(self, *, out: Tensor | None = None) -> Tensor:
        """The error function."""

    def erf_(self) -> Tensor:
        """In-place version of :func:`flambeau.erf`; returns the tensor itself."""

    def erfc(self, *, out: Tensor | None = None) -> Tensor:
        """What the error function lacks to 1, without loss of digits for large elements."""

    def erfc_(self) -> Tensor:
        """In-place version of :func:`flambeau.erfc`; returns the tensor itself."""

    def erfinv(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of the error function; nan outside [-1, 1]."""

    def erfinv_(self) -> Tensor:
        """In-place version of :func:`flambeau.erfinv`; returns the tensor itself."""

    def exp(self, *, out: Tensor | None = None) -> Tensor:
        """The exponential function."""

    def exp2(self, *, out: Tensor | None = None) -> Tensor:
        """Two to the power of each element."""

    def exp2_(self) -> Tensor:
        """In-place version of :func:`flambeau.exp2`; returns the tensor itself."""

    def exp_(self) -> Tensor:
        """In-place version of :func:`flambeau.exp`; returns the tensor itself."""

    def expand(self, *sizes: Any, size: Any = None, implicit: builtins.bool = False) -> Tensor:
        """A view in which dimensions of size 1 are repeated; new ones may stand in front."""

    def expand_as(self, other: Tensor) -> Tensor:
        """``input`` expanded to the shape of ``other``."""

    def expm1(self, *, out: Tensor | None = None) -> Tensor:
        """The exponential function minus 1, without loss of digits near 0."""

    def expm1_(self) -> Tensor:
        """In-place version of :func:`flambeau.expm1`; returns the tensor itself."""

    def exponential_(self, lambd: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with samples of the exponential distribution."""

    def fill_(self, value: Any) -> Tensor:
        """Set every element to ``value``, in place."""

    def fill_diagonal_(self, fill_value: Any, wrap: builtins.bool = False) -> Tensor:
        """Put a number on the diagonal."""

    def fix(self, *, out: Tensor | None = None) -> Tensor:
        """Round each element towards zero; integers stay what they are."""

    def fix_(self) -> Tensor:
        """In-place version of :func:`flambeau.trunc`; returns the tensor itself."""

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """Join consecutive dimensions into one."""

    def flip(self, *several: Any, dims: Any = None) -> Tensor:
        """The entries of some dimensions in the opposite order, as a copy."""

    def fliplr(self) -> Tensor:
        """Columns in the opposite order."""

    def flipud(self) -> Tensor:
        """Rows in the opposite order."""

    def float(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to float32; itself if it is of that type."""

    def float_power(self, exponent: Any, *, out: Tensor | None = None) -> Tensor:
        """Powers in double precision, whatever the operands' types."""

    def float_power_(self, exponent: Any) -> Tensor:
        """In-place version of :func:`flambeau.float_power`; returns the tensor itself."""

    def floor(self, *, out: Tensor | None = None) -> Tensor:
        """Round each element down; integers stay what they are."""

    def floor_(self) -> Tensor:
        """In-place version of :func:`flambeau.floor`; returns the tensor itself."""

    def floor_divide(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Divide elementwise and round down."""

    def floor_divide_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.floor_divide`; returns the tensor itself."""

    def fmax(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The larger of two elements; if one of them is nan, the other."""

    def fmin(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The smaller of two elements; if one of them is nan, the other."""

    def fmod(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The rest of a division, with the sign of the dividend, as C's ``fmod``."""

    def fmod_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.fmod`; returns the tensor itself."""

    def frac(self, *, out: Tensor | None = None) -> Tensor:
        """The part of each element after the decimal point, with its sign."""

    def frac_(self) -> Tensor:
        """In-place version of :func:`flambeau.frac`; returns the tensor itself."""

    def frexp(self, *, out: Any = None) -> Any:
        """Take numbers apart into a mantissa from 0.5 to 1 and a power of 2."""

    def gather(self, dim: builtins.int, index: Tensor, *, sparse_grad: builtins.bool = False, out: Any = None) -> Tensor:
        """Pick one element along a dimension for each entry of an index."""

    def gcd(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The greatest common divisor, elementwise."""

    def gcd_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.gcd`; returns the tensor itself."""

    def ge(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def ge_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.ge`; returns the tensor itself."""

    def geometric_(self, p: builtins.float, *, generator: Any = None) -> Tensor:
        """Fill with the number of trials up to the first success."""

    def geqrf(self, *, out: Any = None) -> Any:
        """The QR decomposition as LAPACK keeps it: R, and below it the reflections that make Q."""

    def ger(self, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The outer product of two vectors."""

    def get_device(self) -> builtins.int:
        """The number of the tensor's device; -1 stands for the CPU."""

    def greater(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def greater_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.gt`; returns the tensor itself."""

    def greater_equal(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def greater_equal_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.ge`; returns the tensor itself."""

    def gt(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def gt_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.gt`; returns the tensor itself."""

    def half(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to float16; itself if it is of that type."""

    def hardshrink(self, lambd: builtins.float = 0.5, *, out: Tensor | None = None) -> Tensor:
        """Replace small elements by 0."""

    def hash_tensor(self, dim: Any = (), *, keepdim: builtins.bool = False, mode: builtins.int = 0, out: Any = None) -> Tensor:
        """The exclusive or of the bits of elements, as float64 or int64."""

    def heaviside(self, values: Any, *, out: Tensor | None = None) -> Tensor:
        """The step function: 0 below 0, 1 above, a value of one's choice at 0."""

    def heaviside_(self, values: Any) -> Tensor:
        """In-place version of :func:`flambeau.heaviside`; returns the tensor itself."""

    def histc(self, bins: builtins.int = 100, min: builtins.float = 0, max: builtins.float = 0, *, out: Any = None) -> Tensor:
        """How many elements fall into each of some bins of equal width."""

    def histogram(self, bins: Any, *, range: builtins.tuple[builtins.float, builtins.float] | None = None, weight: Tensor | None = None, density: builtins.bool = False, out: Any = None) -> Any:
        """How many elements (or how much weight) falls into each bin, and the bins' edges."""

    def hsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of parts along dimension 1 (dimension 0 of a 1-d tensor)."""

    def hypot(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The hypotenuse of right triangles, without overflow on the way."""

    def hypot_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.hypot`; returns the tensor itself."""

    def i0(self, *, out: Tensor | None = None) -> Tensor:
        """The modified Bessel function of the first kind and order 0."""

    def i0_(self) -> Tensor:
        """In-place version of :func:`flambeau.i0`; returns the tensor itself."""

    def igamma(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The part of the gamma function's integral that lies below a bound."""

    def igamma_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.igamma`; returns the tensor itself."""

    def igammac(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The part of the gamma function's integral that lies above a bound."""

    def igammac_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.igammac`; returns the tensor itself."""

    @property
    def imag(self) -> Tensor:
        """The imaginary parts, as a view."""
    @imag.setter
    def imag(self, value: Any) -> None: ...

    def index_add(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Any = 1, out: Any = None) -> Tensor:
        """A copy with slices added where an index says."""

    def index_add_(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.index_add`; returns the tensor itself."""

    def index_copy(self, dim: builtins.int, index: Tensor, source: Tensor, *, out: Any = None) -> Tensor:
        """A copy with slices replaced where an index says."""

    def index_copy_(self, dim: builtins.int, index: Tensor, source: Tensor) -> Tensor:
        """In-place version of :func:`flambeau.index_copy`; returns the tensor itself."""

    def index_fill(self, dim: builtins.int, index: Tensor, value: Any) -> Tensor:
        """A copy with slices set to one value where an index says."""

    def index_fill_(self, dim: builtins.int, index: Tensor, value: Any) -> Tensor:
        """In-place version of :func:`flambeau.index_fill`; returns the tensor itself."""

    def index_put(self, indices: Any, values: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """Like :func:`flambeau.Tensor.index_put_`, but the result is a new tensor."""

    def index_put_(self, indices: Any, values: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """Write ``values`` to what a tuple of index tensors selects, in place."""

    def index_reduce(self, dim: builtins.int, index: Tensor, source: Tensor, reduce: builtins.str, *, include_self: builtins.bool = True, out: Any = None) -> Tensor:
        """A copy with slices reduced into those that an index names."""

    def index_reduce_(self, dim: builtins.int, index: Tensor, source: Tensor, reduce: builtins.str, *, include_self: builtins.bool = True) -> Tensor:
        """In-place version of :func:`flambeau.index_reduce`; returns the tensor itself."""

    def index_select(self, dim: builtins.int, index: Tensor, *, out: Any = None) -> Tensor:
        """Pick whole slices along a dimension."""

    def inner(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The sum of products over the last dimension of both tensors."""

    def int(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to int32; itself if it is of that type."""

    def inverse(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of a matrix, or of each of a batch."""

    def is_conj(self) -> builtins.bool:
        """Whether a conjugate is still to be computed: never."""

    def is_neg(self) -> builtins.bool:
        """Whether a negation is still to be computed: never."""

    def is_nonzero(self) -> builtins.bool:
        """Whether the only element is not 0."""

    def is_pinned(self, device: Any = None) -> builtins.bool:
        """Whether the memory is pinned for a faster device: never."""

    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape."""

    def is_set_to(self, tensor: Tensor) -> builtins.bool:
        """Whether both tensors show the same memory with the same sizes and strides."""

    def is_shared(self) -> builtins.bool:
        """Whether other processes can see the memory: never."""

    def isclose(self, other: Tensor, rtol: builtins.float = 1e-05, atol: builtins.float = 1e-08, equal_nan: builtins.bool = False) -> Tensor:
        """Whether elements are nearly equal."""

    def isfinite(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is neither infinite nor nan."""

    def isinf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is inf or -inf."""

    def isnan(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is nan."""

    def isneginf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is -inf."""

    def isposinf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is inf."""

    def isreal(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is a real number: one whose imaginary part is 0."""

    def istft(self, n_fft: builtins.int, hop_length: builtins.int | None = None, win_length: builtins.int | None = None, window: Tensor | None = None, center: builtins.bool = True, normalized: builtins.bool = False, onesided: builtins.bool | None = None, length: builtins.int | None = None, return_complex: builtins.bool = False) -> Tensor:
        """The signal whose pieces have the given Fourier transforms."""

    def kron(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The Kronecker product: every element of ``input`` times the whole of ``other``."""

    def kthvalue(self, k: builtins.int, dim: builtins.int = -1, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The ``k``-th smallest element along a dimension, and where it is."""

    def lcm(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The least common multiple, elementwise."""

    def lcm_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.lcm`; returns the tensor itself."""

    def ldexp(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Numbers times powers of 2."""

    def ldexp_(self, other: Tensor) -> Tensor:
        """In-place version of :func:`flambeau.ldexp`; returns the tensor itself."""

    def le(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def le_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.le`; returns the tensor itself."""

    def lerp(self, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
        """Interpolate linearly between two tensors."""

    def lerp_(self, end: Tensor, weight: Any) -> Tensor:
        """In-place version of :func:`flambeau.lerp`; returns the tensor itself."""

    def less(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def less_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.lt`; returns the tensor itself."""

    def less_equal(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def less_equal_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.le`; returns the tensor itself."""

    def lgamma(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of the absolute value of the gamma function."""

    def lgamma_(self) -> Tensor:
        """In-place version of :func:`flambeau.lgamma`; returns the tensor itself."""

    def log(self, *, out: Tensor | None = None) -> Tensor:
        """The natural logarithm."""

    def log10(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 10; -inf at 0 and nan below."""

    def log10_(self) -> Tensor:
        """In-place version of :func:`flambeau.log10`; returns the tensor itself."""

    def log1p(self, *, out: Tensor | None = None) -> Tensor:
        """The natural logarithm of 1 plus each element, without loss of digits near 0."""

    def log1p_(self) -> Tensor:
        """In-place version of :func:`flambeau.log1p`; returns the tensor itself."""

    def log2(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 2; -inf at 0 and nan below."""

    def log2_(self) -> Tensor:
        """In-place version of :func:`flambeau.log2`; returns the tensor itself."""

    def log_(self) -> Tensor:
        """In-place version of :func:`flambeau.log`; returns the tensor itself."""

    def log_normal_(self, mean: builtins.float = 1.0, std: builtins.float = 2.0, *, generator: Any = None) -> Tensor:
        """Fill with samples whose logarithm is normally distributed."""

    def log_softmax(self, dim: Any = None, dtype: Any = None, *, out: Any = None, axis: Any = None) -> Tensor:
        """The logarithm of :func:`softmax`, exact where that rounds to 0."""

    def logaddexp(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of a sum of exponentials, without overflow."""

    def logaddexp2(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The base-2 logarithm of a sum of powers of 2, without overflow."""

    def logcumsumexp(self, dim: Any = None, *, out: Any = None, axis: Any = None) -> Tensor:
        """Running logarithms of summed exponentials, without overflow."""

    def logdet(self) -> Tensor:
        """The logarithm of the determinant; nan where that is negative."""

    def logical_and(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Whether both elements are not zero."""

    def logical_and_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.logical_and`; returns the tensor itself."""

    def logical_not(self, *, out: Tensor | None = None) -> Tensor:
        """Whether each element is zero."""

    def logical_not_(self) -> Tensor:
        """In-place version of :func:`flambeau.logical_not`; returns the tensor itself."""

    def logical_or(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Whether one of the elements is not zero."""

    def logical_or_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.logical_or`; returns the tensor itself."""

    def logical_xor(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Whether exactly one of the elements is not zero."""

    def logical_xor_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.logical_xor`; returns the tensor itself."""

    def logit(self, eps: builtins.float | None = None, *, out: Tensor | None = None) -> Tensor:
        """The inverse of the logistic function."""

    def logit_(self, eps: builtins.float | None = None) -> Tensor:
        """In-place version of :func:`flambeau.logit`; returns the tensor itself."""

    def logsumexp(self, dim: Any = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The logarithm of the sum of exponentials, without overflow."""

    def long(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to int64; itself if it is of that type."""

    def lt(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def lt_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.lt`; returns the tensor itself."""

    def lu(self, pivot: builtins.bool = True, get_infos: builtins.bool = False, out: Any = None) -> Any:
        """Triangular factors in one matrix, and row exchanges; the older :func:`linalg.lu_factor`."""

    def lu_solve(self, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The solution of a system of equations from the triangular factors of its matrix."""

    @property
    def mH(self) -> Tensor:
        """The conjugate of ``mT``."""

    @property
    def mT(self) -> Tensor:
        """A view with the last two dimensions swapped."""

    def map2_(self, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
        """As :meth:`map_`, with two further tensors."""

    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """Put what a Python function gives for each two elements in place of the first."""

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """Replace elements under a mask by one value."""

    def masked_fill_(self, mask: Tensor, value: Any) -> Tensor:
        """In-place version of :func:`flambeau.masked_fill`; returns the tensor itself."""

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """Replace elements under a mask by those of a source, one after the other."""

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        """In-place version of :func:`flambeau.masked_scatter`; returns the tensor itself."""

    def masked_select(self, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The elements for which a mask holds, in order, in one dimension."""

    def matmul(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The product of vectors, matrices or stacks of matrices, as ``input @ other``."""

    def matrix_exp(self) -> Tensor:
        """The exponential of square matrices."""

    def matrix_power(self, n: builtins.int, *, out: Tensor | None = None) -> Tensor:
        """A matrix multiplied with itself ``n`` times, by repeated squaring."""

    def max(self, dim: Any = None, keepdim: builtins.bool = False, *, other: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The largest element; along a dimension, also where it is."""

    def maximum(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The larger of two elements; nan if either is nan."""

    def mean(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The arithmetic mean over all dimensions, or over some."""

    def median(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The median: of an even number of elements the lower of the two in the middle."""

    def min(self, dim: Any = None, keepdim: builtins.bool = False, *, other: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The smallest element; along a dimension, also where it is."""

    def minimum(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The smaller of two elements; nan if either is nan."""

    def mm(self, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The product of two matrices."""

    def mode(self, dim: builtins.int = -1, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The most frequent element along a dimension, and the last place where it is."""

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """Move dimensions to other places; the others keep their order."""

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """Move dimensions to other places; the others keep their order."""

    def msort(self, *, out: Any = None) -> Tensor:
        """Elements in ascending order along the first dimension."""

    def mul(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Multiply elementwise."""

    def mul_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.mul`; returns the tensor itself."""

    def multinomial(self, num_samples: builtins.int, replacement: builtins.bool = False, *, generator: Any = None, out: Tensor | None = None) -> Tensor:
        """Indices drawn in proportion to weights, for each row."""

    def multiply(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Multiply elementwise."""

    def multiply_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.mul`; returns the tensor itself."""

    def mv(self, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The product of a matrix and a vector."""

    def mvlgamma(self, p: builtins.int, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of the gamma function of several dimensions."""

    def mvlgamma_(self, p: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.mvlgamma`; returns the tensor itself."""

    def nan_to_num(self, nan: builtins.float | None = None, posinf: builtins.float | None = None, neginf: builtins.float | None = None, *, out: Tensor | None = None) -> Tensor:
        """Replace nan, inf and -inf by numbers."""

    def nan_to_num_(self, nan: builtins.float | None = None, posinf: builtins.float | None = None, neginf: builtins.float | None = None) -> Tensor:
        """In-place version of :func:`flambeau.nan_to_num`; returns the tensor itself."""

    def nanmean(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The mean, over all dimensions or over some, of the elements that are not nan."""

    def nanmedian(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Any:
        """The median of the elements that are not nan, as :func:`median` gives it."""

    def nanquantile(self, q: Any, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, interpolation: builtins.str = 'linear', out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """Quantiles of the elements that are not nan, as :func:`quantile` gives them."""

    def nansum(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The sum over all dimensions, or over some, with nan as 0."""

    def narrow(self, dim: builtins.int, start: Any, length: builtins.int) -> Tensor:
        """A view of ``length`` entries along a dimension, from ``start`` on."""

    def narrow_copy(self, dim: builtins.int, start: Any, length: builtins.int, *, out: Tensor | None = None) -> Tensor:
        """A copy of what :func:`flambeau.narrow` shows."""

    def ne(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def ne_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.ne`; returns the tensor itself."""

    def neg(self, *, out: Tensor | None = None) -> Tensor:
        """The negative of each element."""

    def neg_(self) -> Tensor:
        """In-place version of :func:`flambeau.neg`; returns the tensor itself."""

    def negative(self, *, out: Tensor | None = None) -> Tensor:
        """The negative of each element."""

    def negative_(self) -> Tensor:
        """In-place version of :func:`flambeau.neg`; returns the tensor itself."""

    def new(self, *data: Any, device: Any = None) -> Tensor:
        """A tensor of this one's type: with some sizes and without values, or of some data."""

    def new_empty(self, *size: Any, **options: Any) -> Tensor:
        """An uninitialised tensor of this tensor's type."""

    def new_empty_strided(self, size: Sequence[builtins.int], stride: Sequence[builtins.int], dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: builtins.bool = False, requires_grad: builtins.bool = False) -> Tensor:
        """A tensor of this one's type with some shape and strides, whose values mean nothing."""

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """A tensor of this tensor's type with one value everywhere."""

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        """Ones of this tensor's type."""

    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False, layout: Any = None, pin_memory: builtins.bool = False) -> Tensor:
        """A tensor with a copy of ``data``, of this tensor's type if no other is given."""

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        """Zeros of this tensor's type."""

    def nextafter(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The next number that the type can hold, from one operand towards the other."""

    def nextafter_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.nextafter`; returns the tensor itself."""

    def nonzero(self, *, out: Tensor | None = None, as_tuple: builtins.bool = False) -> Any:
        """The places of all elements that are not 0."""

    def nonzero_static(self, *, size: builtins.int, fill_value: builtins.int = -1, out: Tensor | None = None) -> Tensor:
        """The coordinates of the first elements that are not zero, in a result of fixed size."""

    def norm(self, p: Any = 'fro', dim: Any = None, keepdim: builtins.bool = False, out: Any = None, dtype: Any = None) -> Tensor:
        """The p-norm over all dimensions, or over some; its gradient at 0 is 0."""

    def normal_(self, mean: builtins.float = 0.0, std: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with samples of the normal distribution."""

    def not_equal(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Compare elementwise."""

    def not_equal_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.ne`; returns the tensor itself."""

    def numpy(self, *, force: builtins.bool = False) -> np.ndarray:
        """A NumPy array over the same memory: a change of one is seen in the other."""

    def orgqr(self, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The first columns of a product of reflections, as :func:`flambeau.geqrf` gives them."""

    def ormqr(self, tau: Tensor, other: Tensor, left: builtins.bool = True, transpose: builtins.bool = False, *, out: Tensor | None = None) -> Tensor:
        """A product with the whole Q that reflections make."""

    def outer(self, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The outer product of two vectors."""

    def permute(self, *order: Any, dims: Any = None) -> Tensor:
        """Put the dimensions into another order; the result shares the tensor's memory."""

    def pin_memory(self, device: Any = None) -> Tensor:
        """The tensor itself: there is one kind of memory."""

    def pinverse(self, rcond: builtins.float = 1e-15) -> Tensor:
        """The pseudoinverse; see :func:`flambeau.linalg.pinv`."""

    def polygamma(self, n: builtins.int) -> Tensor:
        """Derivatives of the digamma function; see :func:`flambeau.polygamma`."""

    def polygamma_(self, n: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.polygamma`; returns the tensor itself."""

    def positive(self) -> Tensor:
        """The tensor itself: what ``+x`` means."""

    def pow(self, exponent: Any, *, out: Tensor | None = None) -> Tensor:
        """Powers, elementwise."""

    def pow_(self, exponent: Any) -> Tensor:
        """In-place version of :func:`flambeau.pow`; returns the tensor itself."""

    def prelu(self, weight: Tensor) -> Tensor:
        """The rectifier with a learned slope below 0, for each channel or for all."""

    def prod(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The product over all dimensions, or over one; gradients are exact where factors are 0."""

    def put(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """Write elements to places, as if the tensor had one dimension."""

    def put_(self, index: Tensor, source: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """In-place version of :func:`flambeau.put`; returns the tensor itself."""

    def qr(self, some: builtins.bool = True, *, out: Any = None) -> Any:
        """The QR decomposition, the older way to ask for it; see :func:`flambeau.linalg.qr`."""

    def quantile(self, q: Any, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, interpolation: builtins.str = 'linear', out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The values below which given parts of the elements lie; nan if there is a nan."""

    def rad2deg(self, *, out: Tensor | None = None) -> Tensor:
        """Angles in radians as degrees."""

    def rad2deg_(self) -> Tensor:
        """In-place version of :func:`flambeau.rad2deg`; returns the tensor itself."""

    def random_(self, *bounds: builtins.int, generator: Any = None, to: Any = None) -> Tensor:
        """Fill with whole numbers: ``random_()``, ``random_(to)`` or ``random_(from, to)``."""

    def ravel(self) -> Tensor:
        """All elements in one dimension; a copy only where strides demand it."""

    @property
    def real(self) -> Tensor:
        """The real parts of complex numbers, as a view; a real tensor itself."""
    @real.setter
    def real(self, value: Any) -> None: ...

    def reciprocal(self, *, out: Tensor | None = None) -> Tensor:
        """One over each element."""

    def reciprocal_(self) -> Tensor:
        """In-place version of :func:`flambeau.reciprocal`; returns the tensor itself."""

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` whenever this tensor's gradient is computed."""

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a backward pass has added to this leaf's ``grad``."""

    def relu(self, *, out: Tensor | None = None) -> Tensor:
        """The rectifier: negative elements become 0."""

    def relu_(self) -> Tensor:
        """In-place version of :func:`flambeau.relu`; returns the tensor itself."""

    def remainder(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """The rest of a division, with the sign of the divisor, as Python's ``%``."""

    def remainder_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.remainder`; returns the tensor itself."""

    def renorm(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float, *, out: Any = None) -> Tensor:
        """Shorten every slice along a dimension whose p-norm is larger than a limit."""

    def renorm_(self, p: builtins.float, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """In-place version of :func:`flambeau.renorm`; returns the tensor itself."""

    def repeat(self, *counts: Any, repeats: Any = None) -> Tensor:
        """The tensor laid side by side, ``repeats`` times along each dimension, as a copy."""

    def repeat_interleave(self, repeats: Any = None, dim: builtins.int | None = None, *, output_size: builtins.int | None = None, axis: Any = None) -> Tensor:
        """Each entry several times in a row."""

    def reshape(self, *sizes: Any, shape: Any = None) -> Tensor:
        """The same elements, in order, in another shape; shares memory where strides allow."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """The same elements in the shape of ``other``."""

    def resize(self, *sizes: Any) -> Tensor:
        """The tensor in another shape of as many elements: what :meth:`view` gives."""

    def resize_(self, *sizes: Any, memory_format: Any = None) -> Tensor:
        """Give this tensor another shape over its memory, in row-major order; it grows if it must."""

    def resize_as(self, tensor: Tensor) -> Tensor:
        """:meth:`resize` to the shape of another tensor."""

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
        """Give a tensor the shape of another one; see :meth:`flambeau.Tensor.resize_`."""

    def resolve_conj(self) -> Tensor:
        """The tensor itself: conjugates are computed when they are taken."""

    def resolve_neg(self) -> Tensor:
        """The tensor itself: negations are computed when they are taken."""

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its ``grad``."""

    @property
    def retains_grad(self) -> builtins.bool:
        """Whether ``retain_grad()`` was called on this tensor, which is not a leaf."""

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        """Entries moved along dimensions; those that leave at the end come back at the start."""

    def rot90(self, k: builtins.int = 1, dims: Any = (0, 1)) -> Tensor:
        """Turn the plane of two dimensions by 90 degrees."""

    def round(self, *, decimals: builtins.int = 0, out: Tensor | None = None) -> Tensor:
        """Round each element to the nearest integer, or to some decimal place; halves to even."""

    def round_(self, *, decimals: builtins.int = 0) -> Tensor:
        """In-place version of :func:`flambeau.round`; returns the tensor itself."""

    def rsqrt(self, *, out: Tensor | None = None) -> Tensor:
        """One over the square root; inf at 0 and nan below."""

    def rsqrt_(self) -> Tensor:
        """In-place version of :func:`flambeau.rsqrt`; returns the tensor itself."""

    def scatter(self, dim: builtins.int, index: Tensor, src: Any = None, *, value: Any = None, reduce: builtins.str | None = None, out: Any = None) -> Tensor:
        """A copy with elements replaced at the places that an index names."""

    def scatter_(self, dim: builtins.int, index: Tensor, src: Any = None, *, value: Any = None, reduce: builtins.str | None = None) -> Tensor:
        """In-place version of :func:`flambeau.scatter`; returns the tensor itself."""

    def scatter_add(self, dim: builtins.int, index: Tensor, src: Tensor, *, out: Any = None) -> Tensor:
        """A copy with values added at the places that an index names."""

    def scatter_add_(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        """In-place version of :func:`flambeau.scatter_add`; returns the tensor itself."""

    def scatter_reduce(self, dim: builtins.int, index: Tensor, src: Tensor, reduce: builtins.str, *, include_self: builtins.bool = True, out: Any = None) -> Tensor:
        """A copy with values reduced into the places that an index names."""

    def scatter_reduce_(self, dim: builtins.int, index: Tensor, src: Tensor, reduce: builtins.str, *, include_self: builtins.bool = True) -> Tensor:
        """In-place version of :func:`flambeau.scatter_reduce`; returns the tensor itself."""

    def select(self, dim: builtins.int, index: builtins.int) -> Tensor:
        """A view of one entry along a dimension, which the result does not have."""

    def select_scatter(self, src: Tensor, dim: builtins.int, index: builtins.int, *, out: Tensor | None = None) -> Tensor:
        """A copy of a tensor with a source in place of what :func:`flambeau.select` shows."""

    def set_(self, source: Tensor | None = None) -> Tensor:
        """Let this tensor show the memory of another one; an empty one if none is given."""

    def sgn(self, *, out: Tensor | None = None) -> Tensor:
        """The sign of real elements, the direction of complex ones."""

    def sgn_(self) -> Tensor:
        """In-place version of :func:`flambeau.sgn`; returns the tensor itself."""

    def share_memory_(self) -> Tensor:
        """Without effect: memory is not moved to where other processes could see it."""

    def short(self, memory_format: Any = None) -> Tensor:
        """The tensor converted to int16; itself if it is of that type."""

    def sigmoid(self, *, out: Tensor | None = None) -> Tensor:
        """The logistic function."""

    def sigmoid_(self) -> Tensor:
        """In-place version of :func:`flambeau.sigmoid`; returns the tensor itself."""

    def sign(self, *, out: Tensor | None = None) -> Tensor:
        """The sign of each element: -1, 0 or 1."""

    def sign_(self) -> Tensor:
        """In-place version of :func:`flambeau.sign`; returns the tensor itself."""

    def signbit(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the sign bit of each element is set; it is for -0.0 too."""

    def sin(self, *, out: Tensor | None = None) -> Tensor:
        """The sine of angles in radians."""

    def sin_(self) -> Tensor:
        """In-place version of :func:`flambeau.sin`; returns the tensor itself."""

    def sinc(self, *, out: Tensor | None = None) -> Tensor:
        """The normalised sinc function."""

    def sinc_(self) -> Tensor:
        """In-place version of :func:`flambeau.sinc`; returns the tensor itself."""

    def sinh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic sine."""

    def sinh_(self) -> Tensor:
        """In-place version of :func:`flambeau.sinh`; returns the tensor itself."""

    def slice_scatter(self, src: Tensor, dim: builtins.int = 0, start: builtins.int | None = None, end: builtins.int | None = None, step: builtins.int = 1, *, out: Tensor | None = None) -> Tensor:
        """A copy of a tensor with a source in place of what :func:`flambeau.narrow` shows."""

    def slogdet(self, *, out: Any = None) -> Any:
        """The sign of the determinant, and the logarithm of its size."""

    def softmax(self, dim: Any = None, dtype: Any = None, *, out: Any = None, axis: Any = None) -> Tensor:
        """Positive weights that sum to 1 along a dimension."""

    def sort(self, dim: builtins.int = -1, descending: builtins.bool = False, stable: builtins.bool = False, *, out: Any = None, axis: Any = None) -> Any:
        """Elements in order along a dimension, and where each came from."""

    def split(self, split_size: Any, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along a dimension; see :func:`flambeau.split`."""

    def split_with_sizes(self, split_sizes: Any, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts of the given sizes; see :func:`flambeau.split`."""

    def sqrt(self, *, out: Tensor | None = None) -> Tensor:
        """The square root; nan below 0."""

    def sqrt_(self) -> Tensor:
        """In-place version of :func:`flambeau.sqrt`; returns the tensor itself."""

    def square(self, *, out: Tensor | None = None) -> Tensor:
        """The square of each element."""

    def square_(self) -> Tensor:
        """In-place version of :func:`flambeau.square`; returns the tensor itself."""

    def squeeze(self, dim: Any = None, *, axis: Any = None) -> Tensor:
        """A view without dimensions of size 1."""

    def squeeze_(self, dim: Any = None) -> Tensor:
        """In-place version of :func:`flambeau.squeeze`; returns the tensor itself."""

    def std(self, dim: Any = None, unbiased: Any = None, keepdim: builtins.bool = False, *, correction: builtins.float | None = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The standard deviation over all dimensions, or over some; its gradient at 0 is 0."""

    def stft(self, n_fft: builtins.int, hop_length: builtins.int | None = None, win_length: builtins.int | None = None, window: Tensor | None = None, center: builtins.bool = True, pad_mode: builtins.str = 'reflect', normalized: builtins.bool = False, onesided: builtins.bool | None = None, return_complex: builtins.bool | None = None, align_to_window: builtins.bool | None = None) -> Tensor:
        """The Fourier transforms of overlapping pieces of a signal."""

    def storage(self) -> TypedStorage:
        """The elements behind the tensor in the order of memory, all of its views' among them."""

    def sub(self, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """Subtract elementwise."""

    def sub_(self, other: Any, *older: Any, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.sub`; returns the tensor itself."""

    def subtract(self, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        """Subtract elementwise."""

    def subtract_(self, other: Any, *older: Any, alpha: Any = 1) -> Tensor:
        """In-place version of :func:`flambeau.sub`; returns the tensor itself."""

    def sum(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The sum over all dimensions, or over some."""

    def sum_to_size(self, *size: Any) -> Tensor:
        """Sum over what broadcasting from a shape to this tensor's would repeat."""

    def svd(self, some: builtins.bool = True, compute_uv: builtins.bool = True, *, out: Any = None) -> Any:
        """The singular value decomposition, the older way to ask for it."""

    def swapaxes(self, axis0: builtins.int, axis1: builtins.int) -> Tensor:
        """:func:`flambeau.transpose` with NumPy's names."""

    def swapaxes_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.transpose`; returns the tensor itself."""

    def swapdims(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Swap two dimensions; the result shares the tensor's memory."""

    def swapdims_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.transpose`; returns the tensor itself."""

    def t(self) -> Tensor:
        """The transpose of a matrix; tensors of fewer dimensions as they are."""

    def t_(self) -> Tensor:
        """In-place version of :func:`flambeau.t`; returns the tensor itself."""

    def take(self, index: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Elements by their places, as if the tensor had one dimension."""

    def take_along_dim(self, indices: Tensor, dim: builtins.int | None = None, *, out: Tensor | None = None, axis: Any = None) -> Tensor:
        """Elements along a dimension, by indices that broadcast with the tensor elsewhere."""

    def tan(self, *, out: Tensor | None = None) -> Tensor:
        """The tangent of angles in radians."""

    def tan_(self) -> Tensor:
        """In-place version of :func:`flambeau.tan`; returns the tensor itself."""

    def tanh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic tangent."""

    def tanh_(self) -> Tensor:
        """In-place version of :func:`flambeau.tanh`; returns the tensor itself."""

    def tensor_split(self, indices_or_sections: Any = None, dim: builtins.int = 0, *, sections: Any = None, indices: Any = None, axis: Any = None) -> builtins.tuple[Tensor, ...]:
        """Views of parts along a dimension, by their number or by the places of the cuts."""

    def tile(self, *counts: Any, dims: Any = None) -> Tensor:
        """Like :meth:`flambeau.Tensor.repeat`, but missing numbers count as 1, from the front."""

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """The tensor converted to a data type; itself if there is nothing to convert."""

    def to_dense(self, dtype: Any = None, *, masked_grad: builtins.bool | None = None) -> Tensor:
        """The tensor itself, which is dense; in another type if one is given."""

    def to_device(self, device: Any, *, stream: Any = None) -> Tensor:
        """The tensor itself: there is no other device."""

    def topk(self, k: builtins.int, dim: builtins.int = -1, largest: builtins.bool = True, sorted: builtins.bool = True, *, out: Any = None, axis: Any = None) -> Any:
        """The ``k`` largest (or smallest) elements along a dimension, in order, and where they are."""

    def trace(self) -> Tensor:
        """The sum of a matrix's diagonal."""

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """Swap two dimensions; the result shares the tensor's memory."""

    def transpose_(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.transpose`; returns the tensor itself."""

    def triangular_solve(self, A: Tensor, upper: builtins.bool = True, transpose: builtins.bool = False, unitriangular: builtins.bool = False, *, out: Any = None) -> Any:
        """The solution of a triangular system, the older way to ask for it."""

    def tril(self, diagonal: builtins.int = 0, *, out: Tensor | None = None) -> Tensor:
        """The lower triangle of matrices, zeros elsewhere."""

    def tril_(self, diagonal: builtins.int = 0) -> Tensor:
        """In-place version of :func:`flambeau.tril`; returns the tensor itself."""

    def triu(self, diagonal: builtins.int = 0, *, out: Tensor | None = None) -> Tensor:
        """The upper triangle of matrices, zeros elsewhere."""

    def triu_(self, diagonal: builtins.int = 0) -> Tensor:
        """In-place version of :func:`flambeau.triu`; returns the tensor itself."""

    def true_divide(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """Divide elementwise, without rounding the quotient."""

    def true_divide_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.div`; returns the tensor itself."""

    def trunc(self, *, out: Tensor | None = None) -> Tensor:
        """Round each element towards zero; integers stay what they are."""

    def trunc_(self) -> Tensor:
        """In-place version of :func:`flambeau.trunc`; returns the tensor itself."""

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The name of the tensor's type, or the tensor converted to one."""

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor converted to the type of ``other``."""

    def unbind(self, dim: builtins.int = 0, *, axis: Any = None) -> builtins.tuple[Tensor, ...]:
        """Views of all entries along a dimension, which the results do not have."""

    def unflatten(self, dim: builtins.int, sizes: Any) -> Tensor:
        """Split one dimension into several."""

    def unfold(self, dimension: builtins.int, size: builtins.int, step: builtins.int) -> Tensor:
        """A view of all windows of ``size`` entries along a dimension, as a new last dimension."""

    def uniform_(self, from_: builtins.float = 0.0, to: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with samples of the uniform distribution on ``[from_, to)``."""

    def unique(self, sorted: builtins.bool = True, return_inverse: builtins.bool = False, return_counts: builtins.bool = False, dim: builtins.int | None = None) -> Any:
        """The distinct elements, or the distinct slices along a dimension, in ascending order."""

    def unique_consecutive(self, return_inverse: builtins.bool = False, return_counts: builtins.bool = False, dim: builtins.int | None = None) -> Any:
        """One element (or slice along a dimension) of each run of equal ones."""

    def unsafe_chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Parts as :func:`flambeau.chunk` gives them, but not tied to the tensor by the graph."""

    def unsafe_split(self, split_size: builtins.int, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Parts as :func:`flambeau.split` gives them, but not tied to the tensor by the graph."""

    def unsafe_split_with_sizes(self, split_sizes: Any, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Parts of the given sizes, not tied to the tensor by the graph."""

    def unsqueeze(self, dim: Any = None, *, axis: Any = None) -> Tensor:
        """A view with a dimension of size 1 inserted at ``dim``."""

    def unsqueeze_(self, dim: builtins.int) -> Tensor:
        """In-place version of :func:`flambeau.unsqueeze`; returns the tensor itself."""

    def untyped_storage(self) -> UntypedStorage:
        """The bytes behind the tensor, all of its views' among them."""

    def var(self, dim: Any = None, unbiased: Any = None, keepdim: builtins.bool = False, *, correction: builtins.float | None = None, out: Any = None, axis: Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """The variance over all dimensions, or over some."""

    def vdot(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The inner product of two vectors, the first one conjugated."""

    def view(self, *sizes: Any, size: Any = None, dtype: Any = None) -> Tensor:
        """A view of the same memory in another shape, or as another data type."""

    def view_as(self, other: Tensor) -> Tensor:
        """A view in the shape of ``other``."""

    def vsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of parts along dimension 0 of a tensor with at least two dimensions."""

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """The tensor where a condition holds, ``other`` elsewhere."""

    def xlogy(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """A factor times a logarithm, and 0 where the factor is 0."""

    def xlogy_(self, other: Any) -> Tensor:
        """In-place version of :func:`flambeau.xlogy`; returns the tensor itself."""

    def zero_(self) -> Tensor:
        """Set every element to 0, in place."""

def _wants_gradient(tensor: Tensor) -> builtins.bool:
    """``requires_grad`` of a view (see :mod:`flambeau.tensor.views`)."""
def _refresh(tensor: Tensor) -> None:
    """Bring a view's place in the graph up to date (see :mod:`flambeau.tensor.views`)."""
def shared_counter(tensor: Tensor) -> VersionCounter:
    """The tensor's version counter, made now if nobody has needed it so far."""
def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the buffer which ``array`` is a view of."""
def _number(array: np.ndarray) -> Any:
    ...
def _is_row_major(array: Any) -> builtins.bool:
    ...
def _reported_strides(array: Any) -> builtins.tuple[builtins.int, ...]:
    ...
def _warn_of_missing_grad() -> None:
    ...
def _check_gradient(tensor: Tensor, value: Any) -> None:
    ...
