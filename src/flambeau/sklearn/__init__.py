"""Networks as scikit-learn's estimators, for its pipelines and searches.

Needs scikit-learn (``pip install flambeau[sklearn]``).
"""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".classifier": "Classifier",
        ".regressor": "Regressor",
    },
)
