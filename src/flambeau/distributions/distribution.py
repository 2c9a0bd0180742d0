"""`Distribution`: what all distributions have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.parameters import lazy_property
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


class Undefined(NotImplementedError):
    """A distribution was asked for what it does not have."""


class Distribution:
    """Random values of one shape (the event), several independent ones at once (the batch).

    Parameters and samples are checked unless ``validate_args`` is false, or what they are is being
    recorded by :func:`flambeau.compile` and therefore not known.

    Args:
        batch_shape: of the independent distributions.
        event_shape: of one value.
        validate_args: whether parameters and values are checked; as
            :meth:`set_default_validate_args` said if not given.

    Attributes:
        arg_constraints: what each parameter must be, by name.
        has_rsample: whether samples follow the parameters, so that gradients reach these.
        has_enumerate_support: whether all values can be listed.

    Raises:
        ValueError: if a parameter is not what it must be.
    """

    arg_constraints: ClassVar = {}
    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = True

    def __init__(
        self,
        batch_shape: Any = (),
        event_shape: Any = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args and not MODE.code & INTERPRETED:
            self._check_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are checked where nothing else is said.

        Args:
            value: true or false.

        Raises:
            ValueError: for anything else.
        """
        if value not in (True, False):
            raise ValueError(
                message(
                    "set_default_validate_args: not a truth value",
                    expected="True or False",
                    got=repr(value),
                )
            )
        Distribution._validate_args = value

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if constraints.is_dependent(constraint) or name not in self.__dict__:
                continue
            value = getattr(self, name)
            found = constraint.check(value)
            if not found.all():
                raise ValueError(
                    message(
                        f"{type(self).__name__}: {name} is outside its domain",
                        expected=f"{name} in {constraint!r}",
                        got=f"{value}",
                    )
                )

    # --- shapes -------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """The shape of the independent distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value."""
        return self._event_shape

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution for a larger batch; parameters are not copied.

        Args:
            batch_shape: what the batch's shape broadcasts to.
        """
        shape = Size(batch_shape)
        new = self._copy() if _instance is None else _instance
        for name, constraint in self._parameters().items():
            if name in self.__dict__:
                value = self.__dict__[name]
                own = value.shape[value.ndim - constraint.event_dim :]
                new.__dict__[name] = value.expand((*shape, *own))
        self._expand_others(new, shape)
        Distribution.__init__(new, shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _copy(self) -> Any:
        """One with the same attributes, without those that were computed late: expanded
        parameters make others.
        """
        kind = type(self)
        new = kind.__new__(kind)
        for name, value in self.__dict__.items():
            if not isinstance(getattr(kind, name, None), lazy_property):
                new.__dict__[name] = value
        return new

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """What a subclass's own ``expand`` begins with, as it does with PyTorch."""
        return self._copy() if _instance is None else _instance

    def _parameters(self) -> dict[str, Any]:
        """What is expanded: the constraints of parameters by name."""
        return self.arg_constraints

    def _expand_others(self, new: Any, shape: Size) -> None:
        """Give an expanded distribution what it has beside its parameters."""

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    # --- moments ------------------------------------------------------------------------------

    def _support(self) -> Any:
        """Which values there are."""
        raise self._lacks("support")

    support: Any = constraints.dependent_property(_support)

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        """The value of the largest density or probability."""
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    # --- values -------------------------------------------------------------------------------

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Random values; no gradient reaches the parameters.

        Shape: sample_shape + batch_shape + event_shape.

        Args:
            sample_shape: how many for each distribution of the batch.
        """
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Random values that follow the parameters.

        Shape: sample_shape + batch_shape + event_shape.

        Args:
            sample_shape: how many for each distribution of the batch.

        Raises:
            NotImplementedError: where they cannot.
        """
        raise self._lacks("rsample")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value.

        Args:
            value: its last dimensions are the event's.

        Raises:
            ValueError: if it is no value of the distribution.
        """
        raise self._lacks("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of values up to this one.

        Args:
            value: any value.
        """
        raise self._lacks("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which lies this much of the probability.

        Args:
            value: from 0 to 1.
        """
        raise self._lacks("icdf")

    def entropy(self) -> Tensor:
        """The mean of -log p."""
        raise self._lacks("entropy")

    def perplexity(self) -> Tensor:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, along a new first dimension.

        Args:
            expand: whether for each distribution of the batch; else the batch's sizes are 1.
        """
        raise self._lacks("enumerate_support")

    # --- checks and text ----------------------------------------------------------------------

    def _validate_sample(self, value: Any) -> None:
        """Refuse what is no value of the distribution; nothing where nothing is to be checked."""
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError(
                message(
                    f"{type(self).__name__}: a value is not a tensor",
                    expected="a tensor",
                    got=type(value).__name__,
                )
            )
        self._check_shape(value)
        if MODE.code & INTERPRETED or type(self).support is Distribution.support:
            return
        support = self.support
        if not support.check(value).all():
            raise ValueError(
                message(
                    f"{type(self).__name__}: a value is outside the support",
                    expected=repr(support),
                    got=f"{value}",
                    help="pass validate_args=False where that is meant",
                )
            )

    def _check_shape(self, value: Tensor) -> None:
        events = len(self._event_shape)
        wanted = (*self._batch_shape, *self._event_shape)
        fits = tuple(value.shape[value.ndim - events :]) == tuple(self._event_shape)
        fits &= all(
            a == b or a == 1 or b == 1 for a, b in zip(reversed(value.shape), reversed(wanted))
        )
        if not fits:
            raise ValueError(
                message(
                    f"{type(self).__name__}: a value's shape does not fit",
                    expected=f"one that broadcasts with {wanted}",
                    got=str(tuple(value.shape)),
                )
            )

    def _lacks(self, name: str) -> Undefined:
        return Undefined(
            message(
                f"{type(self).__name__}: there is no {name}",
                expected="a distribution that has one",
                got=type(self).__name__,
            )
        )

    def __repr__(self) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        shown = [
            f"{name}: {x if x.numel() == 1 else x.size()}"
            for name, x in ((name, self.__dict__[name]) for name in names)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"
