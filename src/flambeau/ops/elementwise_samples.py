"""Inputs for the contract tests that suit every elementwise operation of a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Domain = tuple[float, float]


def of_one(domain: Domain, params: tuple[tuple[Any, ...], ...] = ((),)) -> Callable[[Any], list]:
    """Samples with one input, for each of some tuples of parameters."""

    def samples(make: Any) -> list[Any]:
        low, high = domain
        found = []
        for each in params:
            found += [
                make.sample(inputs=(make.tensor(shape, low=low, high=high),), params=each)
                for shape in ((), (0,), (2, 3))
            ]
            found.append(
                make.sample(inputs=(make.transposed((2, 3), low=low, high=high),), params=each)
            )
        return found

    return samples


def of_two(
    first: Domain, second: Domain, constants: tuple[Any, ...] = (), smooth: bool = True
) -> Callable[[Any], list]:
    """Samples with two tensors, broadcast ones included, and one pair that does not fit.

    ``smooth`` says whether the gradient may be compared with finite differences.
    """

    def samples(make: Any) -> list[Any]:
        def tensor(shape: tuple[int, ...], domain: Domain) -> Any:
            return make.tensor(shape, low=domain[0], high=domain[1])

        shapes = [((), ()), ((0,), (1,)), ((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2, 3))]
        found = [
            make.sample((tensor(a, first), tensor(b, second)), constants, smooth) for a, b in shapes
        ]
        turned = make.transposed((2, 3), low=first[0], high=first[1])
        found.append(make.sample((turned, tensor((2, 3), second)), constants, smooth))
        apart = tensor((2,), first), tensor((3,), second)
        found.append(make.error(apart, constants, RuntimeError))
        return found

    return samples


def of_two_integers(second: Domain = (-5, 5)) -> Callable[[Any], list]:
    """Samples with two integer tensors."""

    def samples(make: Any) -> list[Any]:
        low, high = int(second[0]), int(second[1])
        shapes = [((), ()), ((0,), (1,)), ((2, 3), (2, 3)), ((2, 1), (3,))]
        found = [
            make.sample(inputs=(make.integers(a, -5, 5), make.integers(b, low, high)))
            for a, b in shapes
        ]
        apart = make.integers((2,), -5, 5), make.integers((3,), low, high)
        return [*found, make.error(apart, (), RuntimeError)]

    return samples


def of_one_integer(make: Any) -> list[Any]:
    """Samples with one integer tensor."""
    return [make.sample(inputs=(make.integers(shape, -5, 5),)) for shape in ((), (0,), (2, 3))]


def with_number(
    first: Domain, second: Domain, constants: tuple[Any, ...] = ()
) -> Callable[[Any], list]:
    """Samples whose second operand is a number."""

    def samples(make: Any) -> list[Any]:
        found = []
        for number in (second[0], second[1], 2 if second[1] >= 2 else second[1]):
            found += [
                make.sample(
                    inputs=(make.tensor(shape, low=first[0], high=first[1]), number),
                    params=constants,
                )
                for shape in ((), (0,), (2, 3))
            ]
        return found

    return samples


def from_number(
    first: Domain, second: Domain, constants: tuple[Any, ...] = ()
) -> Callable[[Any], list]:
    """Samples whose first operand is a number."""

    def samples(make: Any) -> list[Any]:
        return [
            make.sample(
                inputs=(first[1], make.tensor(shape, low=second[0], high=second[1])),
                params=constants,
            )
            for shape in ((), (0,), (2, 3))
        ]

    return samples
