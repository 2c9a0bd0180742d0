"""The generator's own behaviour: seeds, states, copies, threads."""

import copy
import pickle
import threading

import numpy as np
import pytest

from flambeau import random
from flambeau.random import DEFAULT_SEED, Generator, process
from flambeau.random.engine import STATE_WORDS, MersenneTwister

# The first outputs for seed 5489 of the reference code, and the ten-thousandth, which is the
# value that the C++ standard demands of std::mt19937.
FIRST_OUTPUTS = [3499211612, 581869302, 3890346734, 3586334585, 545404204]
TEN_THOUSANDTH = 4123659995


def test_engine_is_the_reference_mt19937() -> None:
    engine = MersenneTwister(5489)
    outputs = engine.raw(10_000)
    assert outputs[:5].tolist() == FIRST_OUTPUTS
    assert outputs[-1] == TEN_THOUSANDTH


def test_state_words_are_numpys_and_alive() -> None:
    engine = MersenneTwister(3)
    reference = np.random.MT19937()
    reference._legacy_seeding(3)
    for count in (0, 1, 623, 624, 625, 5000):
        engine.raw(count)
        reference.random_raw(count)
        state = reference.state["state"]
        assert np.array_equal(engine.words[:STATE_WORDS], state["key"])
        assert engine.words[STATE_WORDS] == state["pos"]


def test_new_generator_has_pytorchs_seed() -> None:
    assert Generator().initial_seed() == DEFAULT_SEED == 67280421310721
    assert np.array_equal(
        Generator().peek(10), Generator().manual_seed(DEFAULT_SEED % 2**32).peek(10)
    )


def test_process_generator_starts_anywhere() -> None:
    assert process.unforeseeable_seed() != process.unforeseeable_seed()
    assert 0 <= process.unforeseeable_seed() < 2**53
    assert process.default_generator.initial_seed() != DEFAULT_SEED


def test_manual_seed_returns_the_generator_and_forgets_the_waiting_sample() -> None:
    generator = Generator()
    random.normal(generator, (1,))
    assert generator.cached_normal is not None
    assert generator.manual_seed(1) is generator
    assert generator.cached_normal is None


@pytest.mark.parametrize(("seed", "reported"), [(-1, 2**64 - 1), (0, 0), (np.int64(7), 7)])
def test_initial_seed(seed: int, reported: int) -> None:
    assert Generator().manual_seed(seed).initial_seed() == reported


@pytest.mark.parametrize("draws", [0, 1, 5, 623, 624, 625, 1300])
@pytest.mark.parametrize("normals", [0, 1])
def test_state_survives_every_kind_of_copy(draws: int, normals: int) -> None:
    generator = Generator().manual_seed(99)
    random.uniform(generator, (draws,))
    random.normal(generator, (normals,))
    copies = [
        pickle.loads(pickle.dumps(generator)),
        copy.deepcopy(generator),
        generator.clone_state(),
        Generator().set_state(generator.get_state()),
    ]
    fourth = Generator()
    fourth.restore(generator.snapshot())
    expected_state = generator.state_bytes()
    expected = random.normal(generator, (700,), "float64")[-1], random.normal(generator, (3,))
    for twin in (*copies, fourth):
        assert np.array_equal(twin.state_bytes(), expected_state)
        assert twin.initial_seed() == 99
        assert random.normal(twin, (700,), "float64")[-1] == expected[0]
        assert np.array_equal(random.normal(twin, (3,)), expected[1])


def test_a_snapshot_is_not_changed_by_later_draws() -> None:
    generator = Generator()
    snapshot = generator.snapshot()
    first = generator.peek(2000)
    generator.advance(1000)
    assert np.array_equal(generator.peek(1000), first[1000:])
    generator.restore(snapshot)
    generator.restore(snapshot)
    assert np.array_equal(generator.peek(2000), first)


def test_fork_rng_restores_after_an_error() -> None:
    generator = Generator()
    before = generator.state_bytes()

    def fail() -> None:
        with random.fork_rng(generator=generator):
            random.normal(generator, (3,))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert np.array_equal(generator.state_bytes(), before)
    with random.fork_rng(enabled=False, generator=generator):
        random.normal(generator, (3,))
    assert not np.array_equal(generator.state_bytes(), before)


def test_process_functions_speak_of_the_process_generator() -> None:
    with random.fork_rng():
        assert random.manual_seed(5) is random.default_generator
        assert random.initial_seed() == 5
        first = random.uniform(None, (3,))
        assert np.array_equal(first, random.uniform(Generator().manual_seed(5), (3,)))
        assert random.seed() == random.initial_seed()


def test_threads_take_turns() -> None:
    """Each draw of 1000 is a contiguous piece of the stream, whoever makes it."""
    generator = Generator().manual_seed(1)
    pieces: list[np.ndarray] = []

    def work() -> None:
        for _ in range(50):
            pieces.append(random.exponential(generator, (1000,), "float64"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream = random.exponential(Generator().manual_seed(1), (200, 1000), "float64")
    assert sorted(map(bytes, pieces)) == sorted(map(bytes, stream))


def test_address_is_that_of_the_words() -> None:
    engine = Generator().engine
    assert engine.address == engine.words.ctypes.data
