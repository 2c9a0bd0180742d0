"""The namespace of the Python array API standard (2024.12) on flambeau's tensors.

Libraries that are written for the standard find it through ``x.__array_namespace__()``. Names and
meanings are the standard's, where :mod:`flambeau` has PyTorch's. What tensors themselves do stays
PyTorch's: ``x.size`` is a method, and in ``x + y`` a tensor without dimensions does not widen the
type of one that has some (functions of this namespace do promote it).

Reference:
    Consortium for Python Data API Standards, "Python array API standard", 2024.12.
"""

from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi

from flambeau.core.dtypes import ALL as _ALL
from flambeau.core.late import late

newaxis = None
__array_api_version__ = "2024.12"
globals().update({kind.name: kind for kind in _ALL if kind.name not in ("bfloat16", "float16")})

__getattr__, __dir__ = late(
    __name__,
    {
        ".creation": (
            "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones "
            "ones_like tril triu zeros zeros_like"
        ),
        ".elementwise": (
            "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert "
            "bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign "
            "cos cosh divide equal exp expm1 floor floor_divide greater greater_equal hypot imag "
            "isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and "
            "logical_not logical_or logical_xor maximum minimum multiply negative nextafter "
            "not_equal positive pow real reciprocal remainder round sign signbit sin sinh sqrt "
            "square subtract tan tanh trunc where"
        ),
        ".information": "__array_namespace_info__",
        ".manipulation": (
            "broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat "
            "reshape roll squeeze stack take take_along_axis tile unstack"
        ),
        ".products": "matmul matrix_transpose tensordot vecdot",
        ".reductions": (
            "all any argmax argmin count_nonzero cumulative_prod cumulative_sum diff max mean min "
            "prod std sum var"
        ),
        ".searching": (
            "argsort nonzero searchsorted sort unique_all unique_counts unique_inverse "
            "unique_values"
        ),
        ".types": "astype can_cast finfo iinfo isdtype result_type",
    },
    modules="fft linalg",
)
