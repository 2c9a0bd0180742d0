"""The records of interpolation, named as PyTorch's graph names them."""

from __future__ import annotations

from flambeau.ops.resampling import resampling_record
from flambeau.tensor.operation import Operation

# Mode and number of dimensions -> the record.
UPSAMPLE: dict[tuple[str, int], Operation] = {}

for _ndim in (1, 2, 3):
    UPSAMPLE["nearest", _ndim] = resampling_record(
        f"upsample_nearest{_ndim}d", f"UpsampleNearest{_ndim}DBackward0", ("nearest",), _ndim
    )
    UPSAMPLE["nearest-exact", _ndim] = resampling_record(
        f"upsample_nearest_exact{_ndim}d",
        f"UpsampleNearestExact{_ndim}DBackward0",
        ("nearest-exact",),
        _ndim,
    )

for _name, _node, _mode, _ndim in (
    ("upsample_linear1d", "UpsampleLinear1DBackward0", "linear", 1),
    ("upsample_bilinear2d", "UpsampleBilinear2DBackward0", "linear", 2),
    ("upsample_trilinear3d", "UpsampleTrilinear3DBackward0", "linear", 3),
    ("upsample_bicubic2d", "UpsampleBicubic2DBackward0", "cubic", 2),
    ("upsample_bilinear2d_aa", "UpsampleBilinear2DAaBackward0", "smooth linear", 2),
    ("upsample_bicubic2d_aa", "UpsampleBicubic2DAaBackward0", "smooth cubic", 2),
    ("upsample_lanczos2d_aa", "UpsampleLanczos2DAaBackward0", "smooth lanczos", 2),
):
    UPSAMPLE[_mode, _ndim] = resampling_record(_name, _node, (_mode,), _ndim)
