"""PyTorch's random streams on NumPy: the same seed gives the same numbers, bit for bit.

Samplers take a `Generator` (or None for the process's own) and give NumPy arrays, or fill one
that is passed as ``into`` in the order of its memory, as PyTorch fills a tensor. The bits are
those of PyTorch 2.13 on a processor with AVX2 or AVX-512.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flambeau.random.generator import DEFAULT_SEED, Generator, Snapshot
from flambeau.random.normals import normal
from flambeau.random.process import (
    default_generator,
    fork_rng,
    initial_seed,
    manual_seed,
    seed,
)
from flambeau.random.uniforms import uniform

if TYPE_CHECKING:
    from flambeau.random.categorical import multinomial
    from flambeau.random.continuous import cauchy, exponential, geometric, log_normal
    from flambeau.random.counts import binomial, poisson
    from flambeau.random.draws import (
        draws_bernoulli,
        draws_integers,
        draws_inversion,
        draws_log_normal,
        draws_multinomial,
        draws_normal,
        draws_permutation,
        draws_uniform,
    )
    from flambeau.random.gamma import dirichlet, standard_gamma
    from flambeau.random.masks import bernoulli, dropout_noise, feature_shape, rrelu_slopes
    from flambeau.random.permutations import permutation
    from flambeau.random.whole_numbers import integers

# What most programs start without is imported when it is first asked for.
_LATER = {
    "categorical": ("multinomial",),
    "continuous": ("cauchy", "exponential", "geometric", "log_normal"),
    "counts": ("binomial", "poisson"),
    "draws": (
        "draws_bernoulli",
        "draws_integers",
        "draws_inversion",
        "draws_log_normal",
        "draws_multinomial",
        "draws_normal",
        "draws_permutation",
        "draws_uniform",
    ),
    "gamma": ("dirichlet", "standard_gamma"),
    "whole_numbers": ("integers",),
    "masks": ("bernoulli", "dropout_noise", "feature_shape", "rrelu_slopes"),
    "permutations": ("permutation",),
}
_MODULES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    # Streams.
    "DEFAULT_SEED",
    "Generator",
    "Snapshot",
    "default_generator",
    "fork_rng",
    "initial_seed",
    "manual_seed",
    "seed",
    # Samples.
    "bernoulli",
    "binomial",
    "cauchy",
    "dirichlet",
    "dropout_noise",
    "exponential",
    "feature_shape",
    "geometric",
    "integers",
    "log_normal",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "rrelu_slopes",
    "standard_gamma",
    "uniform",
    # Consumption.
    "draws_bernoulli",
    "draws_integers",
    "draws_inversion",
    "draws_log_normal",
    "draws_multinomial",
    "draws_normal",
    "draws_permutation",
    "draws_uniform",
]
