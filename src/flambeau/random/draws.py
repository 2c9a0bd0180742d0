"""How many 32-bit outputs each sampler consumes, known before it runs.

Compiled code draws from the stream itself and moves it on by these counts. Samplers by rejection
(Poisson, binomial, gamma, Dirichlet) and the slopes of `rrelu`, whose count depends on data, have
no such number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from flambeau.random.normals import BLOCK
from flambeau.random.permutations import WIDE_LENGTH
from flambeau.random.precision import HALVES, PARTS, as_dtype, float64
from flambeau.random.whole_numbers import plan


def draws_uniform(n: int, dtype: DTypeLike = np.float32) -> int:
    """Outputs that `uniform` consumes for ``n`` elements: one for each part, two in float64.

    Example:
        >>> from flambeau.random import draws_uniform
        >>> draws_uniform(10), draws_uniform(10, "float64"), draws_uniform(10, "complex64")
        (10, 20, 20)
    """
    parts, part = _parts(n, dtype)
    return parts * _words(part)


def draws_normal(
    n: int, dtype: DTypeLike = np.float32, *, contiguous: bool = True, waiting: bool = False
) -> int:
    """Outputs that `normal` consumes for ``n`` elements.

    Args:
        n: elements.
        dtype: floating-point or complex.
        contiguous: whether the target is.
        waiting: whether ``generator.cached_normal`` holds a sample.

    Example:
        >>> from flambeau.random import draws_normal
        >>> draws_normal(3), draws_normal(3, waiting=True), draws_normal(32), draws_normal(33)
        (8, 4, 32, 49)
    """
    parts, part = _parts(n, dtype)
    if parts < BLOCK or not contiguous:
        fresh = max(parts - waiting, 0)
        return 4 * ((fresh + 1) // 2)
    rest = parts % BLOCK
    unused = 0 if part in HALVES else rest
    return (parts - rest + unused + (BLOCK if rest else 0)) * _words(part)


def draws_integers(
    n: int, dtype: DTypeLike = np.int64, low: int | None = None, high: int | None = None
) -> int:
    """Outputs that `integers` consumes for ``n`` elements: one each, two for a wide range.

    Example:
        >>> from flambeau.random import draws_integers
        >>> draws_integers(5, low=0, high=10), draws_integers(5), draws_integers(5, "int32")
        (5, 10, 5)
    """
    return n * (2 if plan(as_dtype(dtype), low, high).wide else 1)


def draws_permutation(n: int) -> int:
    """Outputs that `permutation` consumes: one for each element but the last.

    Example:
        >>> from flambeau.random import draws_permutation
        >>> draws_permutation(10)
        9
    """
    return 2 * n if n >= WIDE_LENGTH else max(n - 1, 0)


def draws_bernoulli(n: int, p_dtype: DTypeLike | None = None) -> int:
    """Outputs that `bernoulli` consumes for ``n`` elements: two, or one for an array ``p``.

    An array in float64 takes two as well. The masks of dropout are drawn with a number ``p``.

    Example:
        >>> from flambeau.random import draws_bernoulli
        >>> draws_bernoulli(10), draws_bernoulli(10, "float32"), draws_bernoulli(10, "float64")
        (20, 10, 20)
    """
    return n * (2 if p_dtype is None else _words(as_dtype(p_dtype)))


def draws_inversion(n: int) -> int:
    """Outputs that `exponential`, `geometric` and `cauchy` consume for ``n`` elements.

    Example:
        >>> from flambeau.random import draws_inversion
        >>> draws_inversion(10)
        20
    """
    return 2 * n


def draws_log_normal(n: int, *, waiting: bool = False) -> int:
    """Outputs that `log_normal` consumes for ``n`` elements.

    Example:
        >>> from flambeau.random import draws_log_normal
        >>> draws_log_normal(100)
        200
    """
    return draws_normal(n, contiguous=False, waiting=waiting)


def draws_multinomial(
    rows: int, categories: int, num_samples: int, replacement: bool = False
) -> int:
    """Outputs that `multinomial` consumes: for the whole matrix, or for each sample.

    Example:
        >>> from flambeau.random import draws_multinomial
        >>> draws_multinomial(3, 10, 2), draws_multinomial(3, 10, 2, replacement=True)
        (60, 12)
    """
    by_ratio = num_samples == 1 or not replacement
    return 2 * rows * (categories if by_ratio else num_samples)


def _parts(n: int, dtype: DTypeLike) -> tuple[int, np.dtype]:
    whole = as_dtype(dtype)
    return (2 * n, PARTS[whole]) if whole in PARTS else (n, whole)


def _words(dtype: np.dtype) -> int:
    return 2 if dtype == float64 else 1
