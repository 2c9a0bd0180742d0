"""Live comparison with PyTorch: any order of draws, any seed, states handed over both ways."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from flambeau import random
from flambeau.random import Generator, whole_numbers
from tests.golden.random_steps import Step, digest, draw, steps

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
of_torch = pytest.importorskip("tests.golden.random_of_torch")

pytestmark = pytest.mark.peers

SEEDS = st.integers(-(2**63), 2**64 - 1)


@pytest.fixture(autouse=True)
def quiet_on_one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
    torch.set_num_threads(threads)


def assert_same(ours: np.ndarray, theirs: np.ndarray, label: str) -> None:
    assert ours.shape == theirs.shape, label
    assert ours.dtype == theirs.dtype, label
    assert digest(ours) == digest(theirs), label


@hypothesis.settings(max_examples=30)
@hypothesis.given(SEEDS, st.lists(st.sampled_from(steps()), min_size=1, max_size=40))
def test_any_order_of_draws(seed: int, chosen: list[Step]) -> None:
    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    for step in chosen:
        assert_same(draw(ours, step), of_torch.torch_draw(theirs, step), step.label)
        assert np.array_equal(ours.state_bytes(), theirs.get_state().numpy()), step.label
    assert ours.initial_seed() == theirs.initial_seed()


@hypothesis.settings(max_examples=30)
@hypothesis.given(SEEDS, st.integers(0, 2000), st.integers(0, 3))
def test_states_pass_both_ways(seed: int, draws: int, normals: int) -> None:
    theirs = torch.Generator().manual_seed(seed)
    torch.rand(draws, generator=theirs)
    torch.randn(normals, generator=theirs)
    ours = Generator()
    ours.load_state_bytes(theirs.get_state().numpy())
    assert np.array_equal(ours.state_bytes(), theirs.get_state().numpy())
    for generator in (ours, pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)):
        twin = torch.Generator()
        twin.set_state(theirs.get_state())
        assert_same(random.normal(generator, (5,)), torch.randn(5, generator=twin).numpy(), "after")
        back = torch.Generator()
        back.set_state(torch.from_numpy(generator.state_bytes()))
        assert_same(
            random.uniform(generator, (700,)), torch.rand(700, generator=back).numpy(), "back"
        )


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    st.sampled_from(["float32", "float64", "float16", "bfloat16"]),
    st.floats(-1e4, 1e4),
    st.floats(-1e4, 1e4),
    st.integers(-40, 0),
)
# Products that vanish keep their sign.
@hypothesis.example("float32", 0.0, 2.0**-149, 0)
@hypothesis.example("float64", 0.0, 2.0**-1074, 0)
def test_bounds_of_uniform(dtype: str, low: float, high: float, exponent: int) -> None:
    low, high = sorted((low * 2.0**exponent, high))
    step = Step("uniform", (300,), dtype, parameters=(low, high))
    moments = Step("normal", (100,), dtype, parameters=(low, high - low))
    few = Step("normal", (15,), dtype, parameters=(low, high - low))
    ours, theirs = Generator().manual_seed(1), torch.Generator().manual_seed(1)
    for one in (step, moments, few):
        assert_same(draw(ours, one), of_torch.torch_draw(theirs, one), one.label)


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    st.sampled_from(
        [
            *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32"),
            *("float16", "bfloat16", "float32", "float64"),
        ]
    ),
    st.one_of(st.none(), st.integers(-5000, 5000), st.integers(-(2**63) + 1, 2**63 - 1)),
    st.one_of(st.none(), st.integers(-5000, 5000), st.integers(-(2**63) + 1, 2**63 - 1)),
)
def test_bounds_of_integers(dtype: str, low: int | None, high: int | None) -> None:
    hypothesis.assume(low is not None or high is None)
    # PyTorch 2.13 does not return from this one: it shifts a negative number until it is zero.
    hypothesis.assume(low != 2**63 - 1)
    target = torch.empty(50, dtype=getattr(torch, dtype))
    theirs = torch.Generator().manual_seed(1)
    arguments = () if low is None else (low, high)
    try:
        expected = target.random_(*arguments, generator=theirs)
    except RuntimeError as error:
        with pytest.raises(type(error)):
            whole_numbers.integers(Generator(), (50,), whole_numbers.as_dtype(dtype), low, high)
        return
    ours = Generator().manual_seed(1)
    samples = random.integers(ours, (50,), whole_numbers.as_dtype(dtype), low, high)
    assert_same(samples, of_torch.to_numpy(expected), f"{dtype} {low} {high}")
    assert np.array_equal(ours.state_bytes(), theirs.get_state().numpy())


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.integers(0, 4000), SEEDS)
def test_permutations_of_any_length(n: int, seed: int) -> None:
    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    expected = torch.randperm(n, generator=theirs).numpy()
    assert_same(random.permutation(ours, n), expected, str(n))


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.permutations([0, 1, 2, 3]), st.sampled_from([1, 3]), SEEDS)
def test_memory_order_of_any_permuted_tensor(axes: list[int], step: int, seed: int) -> None:
    shape = (2, 5, 3, 4)
    expected = torch.zeros(*shape).permute(*axes)[..., ::step]
    expected.uniform_(generator=torch.Generator().manual_seed(seed))
    ours = np.zeros(shape, np.float32).transpose(axes)[..., ::step]
    random.uniform(Generator().manual_seed(seed), into=ours)
    assert_same(ours, expected.numpy(), str(axes))


def test_dirichlet_of_long_rows_is_pytorchs_to_an_ulp() -> None:
    concentrations = np.linspace(0.1, 5.0, 20 * 57).reshape(20, 57)
    ours = random.dirichlet(Generator().manual_seed(4), concentrations)
    theirs = torch._sample_dirichlet(
        torch.from_numpy(concentrations), generator=torch.Generator().manual_seed(4)
    )
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=4e-16, atol=0)


@pytest.mark.parametrize(
    "seed", [2**64, -(2**63) - 1, 1.5, True, None, "1"], ids=lambda seed: repr(seed)
)
def test_seeds_are_refused_with_pytorchs_exceptions(seed: object) -> None:
    with pytest.raises(Exception) as theirs:
        torch.Generator().manual_seed(seed)
    with pytest.raises(theirs.type):
        Generator().manual_seed(seed)
