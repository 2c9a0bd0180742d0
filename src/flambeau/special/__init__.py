"""Special functions under PyTorch's path for them: what ``torch.special`` has."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".named": "expit gammainc gammaincc gammaln i0 multigammaln psi",
        "flambeau.ops.exponential": "exp2 expm1 log1p xlogy",
        "flambeau.ops.orthogonal_polynomials": (
            "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v "
            "chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he "
            "laguerre_polynomial_l legendre_polynomial_p shifted_chebyshev_polynomial_t "
            "shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
            "shifted_chebyshev_polynomial_w"
        ),
        "flambeau.ops.rounding": "round",
        "flambeau.ops.softmax": "log_softmax logsumexp softmax",
        "flambeau.ops.special": "digamma erf erfc erfinv logit polygamma",
        "flambeau.ops.special_bessel": (
            "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0e i1 i1e modified_bessel_i0 "
            "modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 "
            "scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0"
        ),
        "flambeau.ops.special_gamma": "zeta",
        "flambeau.ops.special_normal": "entr erfcx log_ndtr ndtr ndtri xlog1py",
        "flambeau.ops.trigonometry": "sinc",
    },
)
