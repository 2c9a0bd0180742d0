"""Invertible functions between sets of values, and how they stretch volumes."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".transform": "ComposeTransform IndependentTransform ReshapeTransform Transform "
        "identity_transform",
        ".elementwise": "AbsTransform AffineTransform CumulativeDistributionTransform ExpTransform "
        "PowerTransform SigmoidTransform SoftplusTransform TanhTransform",
        ".structured": "CorrCholeskyTransform LowerCholeskyTransform PositiveDefiniteTransform "
        "SoftmaxTransform StickBreakingTransform",
        ".several": "CatTransform StackTransform",
    },
)
