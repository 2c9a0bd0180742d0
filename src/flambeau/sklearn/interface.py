"""What the estimators take from scikit-learn; an error that says so where it is not installed."""

from flambeau.core.errors import message

try:
    from sklearn.base import BaseEstimator as BaseEstimator
    from sklearn.base import ClassifierMixin as ClassifierMixin
    from sklearn.base import RegressorMixin as RegressorMixin
    from sklearn.utils import check_random_state as check_random_state
    from sklearn.utils.multiclass import (
        check_classification_targets as check_classification_targets,
    )
    from sklearn.utils.validation import check_is_fitted as check_is_fitted
    from sklearn.utils.validation import validate_data as validate_data
except ImportError as error:
    raise ImportError(
        message(
            "flambeau.sklearn: scikit-learn is not installed",
            expected="the extra that these estimators are for",
            got=str(error),
            help="pip install flambeau[sklearn]",
        )
    ) from None
