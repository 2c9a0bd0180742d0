"""Long sequences of draws, all samplers by turns, against what PyTorch drew."""

import platform
import warnings

import numpy as np
import pytest

from flambeau.random import Generator
from tests.golden.random_steps import (
    DIGEST_LENGTH,
    SEEDS,
    Step,
    digest,
    draw,
    last_value,
    read_streams,
    steps,
)

# The recording's C library; another one may differ in the last bit of a logarithm.
SAME_LIBRARY = platform.libc_ver()[0] == "glibc" and platform.machine() == "x86_64"
RECORDED = read_streams()
# Relative differences that one unit in the last place of a logarithm can make.
TOLERANCES = {"float64": 1e-12, "complex128": 1e-12, "float32": 3e-7, "complex64": 3e-7}


def draw_all(seed: int) -> tuple[list[tuple[Step, np.ndarray]], Generator]:
    generator = Generator().manual_seed(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "random: beyond", UserWarning)
        return [(step, draw(generator, step)) for step in steps()], generator


def test_recording_is_of_these_steps() -> None:
    assert RECORDED["steps"] == len(steps())
    assert set(RECORDED["streams"]) == {str(seed) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_bits_and_final_state_are_those_of_pytorch(seed: int) -> None:
    samples, generator = draw_all(seed)
    stream = RECORDED["streams"][str(seed)]
    wrong = []
    for place, (step, array) in enumerate(samples):
        recorded = stream["digests"][place * DIGEST_LENGTH : (place + 1) * DIGEST_LENGTH]
        comparable = SAME_LIBRARY or not step.uses_library_functions
        if comparable and digest(array) != recorded:
            wrong.append(step.label)
    assert wrong == []
    if SAME_LIBRARY:
        assert digest(generator.state_bytes()) == stream["state"]


def test_values_hold_with_any_c_library() -> None:
    samples, _ = draw_all(SEEDS[0])
    recorded = RECORDED["streams"][str(SEEDS[0])]["last values"]
    compared = 0
    for (step, array), value in zip(samples, recorded, strict=True):
        if value is not None:
            tolerance = TOLERANCES.get(step.dtype, 2.0**-7)
            assert last_value(array) == pytest.approx(value, rel=tolerance), step.label
            compared += 1
    assert compared > 400
