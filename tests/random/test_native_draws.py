"""Native drawing gives the bits, and leaves the state, of drawing with NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from flambeau.core import native
from flambeau.random import Generator, normal, normals, permutation, permutations

pytest.importorskip("llvmlite")

DRAWS: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "float32": lambda g, n: normal(g, (n,), "float32"),
    "float64": lambda g, n: normal(g, (n,), "float64"),
    "scaled float32": lambda g, n: normal(g, (n,), "float32", 2.0, 3.0),
    "scaled float64": lambda g, n: normal(g, (n,), "float64", -1.0, 0.5),
    "order": permutation,
    "order of int32": lambda g, n: permutation(g, n, np.int32),
}


@pytest.mark.parametrize("count", [1, 16, 17, 31, 1000, 1024, 1040, 5003])
@pytest.mark.parametrize("name", DRAWS)
def test_bits_and_state(name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for kernels in (native.kernels(), None):
        for module in (normals, permutations):
            monkeypatch.setattr(module, "kernels_for", lambda size, kernels=kernels: kernels)
        generator = Generator().manual_seed(7)
        generator.engine.skip(600)  # so that blocks of the stream end in the middle
        values = DRAWS[name](generator, count)
        found.append((values, generator.engine.raw(5)))
    (ours, after), (expected, expected_after) = found
    assert ours.dtype == expected.dtype
    assert ours.tobytes() == expected.tobytes()
    np.testing.assert_array_equal(after, expected_after)


def test_kernels_are_loaded_once_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "ENGINE", "flambeau.no_such_module")
    monkeypatch.setattr(native, "kernels", lambda: "loaded")
    monkeypatch.setattr(native, "_asked", [0])
    times = 2 * native.ENOUGH // native.LEAST
    questions = [native.kernels_for(native.LEAST // 2) for _ in range(times)]
    assert questions == [None] * (times - 1) + ["loaded"]


def test_kernels_are_loaded_for_many_elements_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "ENGINE", "flambeau.no_such_module")
    monkeypatch.setattr(native, "kernels", lambda: "loaded")
    monkeypatch.setattr(native, "_asked", [0])
    assert native.kernels_for(native.LEAST - 1) is None
    assert native.kernels_for(native.LEAST) == "loaded"
