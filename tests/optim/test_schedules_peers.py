"""Schedules beside optax's, at every step of 1,000, in double and in single precision."""

from __future__ import annotations

import numpy as np
import pytest

optax = pytest.importorskip("optax")
import jax  # noqa: E402

from flambeau.optim import schedule as S  # noqa: E402
from tests.optim.schedule_cases import CASES, STEPS, identifier  # noqa: E402

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("case", CASES, ids=identifier)
def test_double_precision(case) -> None:
    name, args, kwargs, _ = case
    with jax.enable_x64(True):
        theirs = jax.vmap(getattr(optax, name)(*args, **kwargs))(np.arange(len(STEPS)))
    ours = getattr(S, name)(*args, **kwargs)
    found = [ours(step) for step in range(len(STEPS))]
    np.testing.assert_allclose(found, np.broadcast_to(theirs, STEPS.shape), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("case", CASES, ids=identifier)
def test_single_precision(case) -> None:
    """To an ulp or two where factors, powers and cosines occur."""
    name, args, kwargs, _ = case
    with jax.enable_x64(False):
        theirs = getattr(optax, name)(*args, **kwargs)
        expected = np.array([float(theirs(step)) for step in range(0, len(STEPS), 9)])
    ours = S.as_float32(getattr(S, name)(*args, **kwargs))
    found = np.array([ours(step) for step in range(0, len(STEPS), 9)])
    if name in ("constant_schedule", "linear_schedule"):
        assert found.tolist() == np.float32(expected).tolist()
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=3e-8)
