"""Operations at places that indices name run natively, and do what eager code does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as fb
from flambeau.nn import functional as F
from tests.compiler.programs import compare

Step = Callable[..., Any]


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = fb.get_num_threads()
    fb.set_num_threads(request.param)
    yield request.param
    fb.set_num_threads(before)


def with_gradients(function: Step) -> Step:
    """The results, and the gradients of those arguments that are real numbers."""

    def step(*given: fb.Tensor) -> list[fb.Tensor]:
        inputs = [t.detach().requires_grad_() if t.is_floating_point() else t for t in given]
        found = function(*inputs)
        outs = list(found) if isinstance(found, tuple) else [found]
        real = [o for o in outs if o.requires_grad]
        wanted = [t for t in inputs if t.requires_grad]
        total = sum([(o * o).sum() for o in real], fb.zeros(()))
        gradients = fb.autograd.grad(total, wanted, allow_unused=True) if real else ()
        return [*[o.detach() for o in outs], *[g for g in gradients if g is not None]]

    return step


def agrees(function: Step, *inputs: fb.Tensor) -> None:
    step = with_gradients(function)
    run = fb.compile(step)
    results = [run(*inputs) for _ in range(2)][-1]
    (made,) = (s for several in run.specialisations.values() for s in several)
    compare(step(*inputs), results)
    assert made.compute.calls == []


def real(*shape: int) -> fb.Tensor:
    return fb.randn(*shape, dtype=fb.float64)


def whole(low: int, high: int, *shape: int) -> fb.Tensor:
    return fb.randint(low, high, shape)


INDEXED: dict[str, tuple[Step, Callable[[], tuple[fb.Tensor, ...]]]] = {
    "rows and columns": (
        lambda x, i, j: x[i, j],
        lambda: (real(7, 5), whole(-7, 7, 9), whole(0, 5, 9)),
    ),
    "labels of rows": (lambda x, i: x[fb.arange(7), i], lambda: (real(7, 5), whole(0, 5, 7))),
    "indices that broadcast": (
        lambda x, i, j: x[i, :, j],
        lambda: (real(3, 4, 5), whole(0, 3, 2, 1), whole(-5, 5, 3)),
    ),
    "neighbours behind others": (
        lambda x, i, j: x[:, i, j],
        lambda: (real(3, 4, 5, 2), whole(0, 4, 6), whole(0, 5, 6)),
    ),
    "three indices": (
        lambda x, i, j, k: x[i, j, k],
        lambda: (real(3, 4, 5).mT, whole(0, 3, 6), whole(0, 5, 6), whole(0, 4, 6)),
    ),
    "a number": (lambda x, i: x[i], lambda: (real(5, 3), whole(-5, 5))),
    "a number behind others": (lambda x, i: x[:, i], lambda: (real(5, 3, 2), whole(-3, 3))),
    "take": (fb.take, lambda: (real(3, 5).mT, whole(-15, 15, 4, 2))),
    "scatter of more": (
        lambda x, i, y: x.scatter(0, i, y),
        lambda: (real(5, 3), fb.tensor([[4, 0, 1]]), real(2, 4)),
    ),
    "scatter_add of more": (
        lambda x, i, y: x.scatter_add(1, i, y),
        lambda: (real(3, 4), whole(0, 4, 2, 5), real(3, 6)),
    ),
    "index_add with a factor": (
        lambda x, i, y: x.index_add(1, i, y, alpha=2.5),
        lambda: (real(3, 4), whole(0, 4, 6), real(3, 6)),
    ),
    "index_fill": (lambda x, i: x.index_fill(1, i, 2.5), lambda: (real(3, 4), whole(0, 4, 2))),
    "unpool": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        lambda: (real(2, 3, 6, 4),),
    ),
}


@pytest.mark.parametrize("name", INDEXED)
def test_indices(name: str) -> None:
    function, make = INDEXED[name]
    agrees(function, *make())


@pytest.mark.parametrize("values", [1.5, (3,), (4, 3)])
def test_assignments_by_several_indices(values: Any) -> None:
    given = fb.tensor(values, dtype=fb.float64) if isinstance(values, float) else real(*values)
    i, j = fb.tensor([0, 2, -1, 1]), fb.tensor([3, -2, 0, 3])

    def assign(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        x = x.clone()
        x[i, :, j] = y
        return x

    def add(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        return x.index_put((i, fb.tensor([0, 1, 1, 0])), y.sum() + x[i, 0], accumulate=True)

    agrees(assign, real(3, 3, 4), given)
    agrees(add, real(3, 2, 4), given)


def test_assignments_by_masks() -> None:
    def step(x: fb.Tensor) -> fb.Tensor:
        x = x.clone()
        x[x > 1] = -1
        x[:, x[0, :, 0] < 0] = 3.0
        return x

    agrees(step, real(3, 4, 5))


@pytest.mark.parametrize("indices", [(3, 0), (-4, 0), (0, 5), (0, -6)])
def test_an_index_out_of_range_is_refused_before_anything_changes(indices: tuple[int, int]) -> None:
    x, total = real(3, 5), fb.zeros((), dtype=fb.float64)

    @fb.compile
    def step(x: fb.Tensor, i: fb.Tensor, j: fb.Tensor) -> fb.Tensor:
        total.add_(x.sum())
        return x[i, j]

    step(x, fb.tensor([0, 2]), fb.tensor([1, -5]))
    before = total.clone()
    with pytest.raises(IndexError):
        step(x, fb.tensor([0, indices[0]]), fb.tensor([1, indices[1]]))
    assert (total == before).all()


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "amax", "amin"])
def test_reductions_into_places(reduce: str, include_self: bool) -> None:
    def step(x: fb.Tensor, i: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        return x.scatter_reduce(0, i, y, reduce, include_self=include_self)

    agrees(step, real(5, 3), whole(0, 5, 9, 3), real(9, 3))
    agrees(step, real(5, 3), whole(0, 5, 7, 2), real(9, 3))
    numbers = fb.compile(step)
    given = whole(-9, 9, 5, 3), whole(0, 5, 9, 3), whole(-9, 9, 9, 3)
    assert (numbers(*given) == step(*given)).all()
    if reduce in ("amax", "amin"):
        unknown = real(9, 3)
        unknown[2, 1] = fb.nan
        given = real(5, 3), whole(0, 5, 9, 3), unknown
        compare([step(*given)], [numbers(*given)])


# --- windows --------------------------------------------------------------------------------------

POOLS: list[dict[str, Any]] = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "ceil_mode": True},
    {"kernel_size": 2, "stride": 2, "dilation": (2, 3)},
]


@pytest.mark.parametrize("options", POOLS)
def test_places_of_largest_values(options: dict[str, Any]) -> None:
    def pool(x: fb.Tensor) -> Any:
        return F.max_pool2d(x, return_indices=True, **options)

    x = real(2, 3, 8, 7)
    agrees(pool, x)
    agrees(pool, x.mT[..., ::2, :])
    whole_numbers = (x * 2).round()  # several largest values in a window
    agrees(pool, whole_numbers)
    x[0, 0, 2:5, 3] = fb.nan
    x[1, 1] = -fb.inf
    step = fb.compile(pool)
    for found, right in zip(step(x), pool(x), strict=True):
        assert fb.equal(found.nan_to_num(7.0), right.nan_to_num(7.0))


def test_places_of_largest_values_in_volumes_and_lines() -> None:
    agrees(lambda x: F.max_pool3d(x, 2, padding=1, return_indices=True), real(2, 4, 5, 6))
    agrees(lambda x: F.max_pool1d(x, 3, 2, return_indices=True), real(2, 4, 9))


@pytest.mark.parametrize("sizes", [(2, 3), (1, 1), (4, 6), 1])
def test_largest_values_of_even_regions(sizes: Any) -> None:
    def pool(x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
        return F.adaptive_max_pool2d(x, sizes, return_indices=True)

    agrees(pool, (real(2, 3, 4, 6) * 2).round())


@pytest.mark.parametrize("padding", ["reflect", "replicate", "circular"])
def test_gradients_of_borders(padding: str) -> None:
    agrees(lambda x: F.pad(x, (2, 1, 0, 3), mode=padding), real(2, 3, 5, 4))
    agrees(lambda x: F.pad(x, (3, 2), mode=padding), real(2, 4, 6)[:, :, ::1])


def test_gradients_of_overlapping_windows() -> None:
    agrees(lambda x: x.unfold(1, 3, 2), real(2, 9))
    agrees(lambda x: x.unfold(0, 2, 1).unfold(1, 3, 3), real(5, 7))


@pytest.mark.parametrize(
    ("mode", "padding", "aligned"),
    [
        ("bilinear", "zeros", False), ("bilinear", "border", True), ("nearest", "zeros", True),
        ("bilinear", "reflection", False), ("nearest", "reflection", False),
        ("bicubic", "zeros", True), ("bicubic", "border", False),
    ],
)  # fmt: skip
def test_samples_at_points(mode: str, padding: str, aligned: bool) -> None:
    def sample(x: fb.Tensor, grid: fb.Tensor) -> fb.Tensor:
        return F.grid_sample(x, grid, mode, padding, aligned)

    agrees(sample, real(2, 3, 5, 4), real(2, 3, 7, 2) * 1.2)


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_samples_of_volumes(mode: str) -> None:
    def sample(x: fb.Tensor, grid: fb.Tensor) -> fb.Tensor:
        return F.grid_sample(x, grid, mode, "border", True)

    agrees(sample, real(1, 2, 3, 5, 4), real(1, 2, 3, 2, 3) * 1.2)


# --- others ---------------------------------------------------------------------------------------

SHORT: dict[str, tuple[Step, Callable[[], tuple[fb.Tensor, ...]]]] = {
    "addr": (
        lambda x, u, v: fb.addr(x, u, v, beta=0.5, alpha=2),
        lambda: (real(3, 4), real(3), real(4)),
    ),
    "addbmm": (
        lambda x, y, z: fb.addbmm(x, y, z, beta=2, alpha=0.5),
        lambda: (real(3, 4), real(5, 3, 2), real(5, 2, 4)),
    ),
    "isclose": (
        lambda x, y: fb.isclose(x, x + 1e-6 * y, equal_nan=True),
        lambda: (real(9), real(9)),
    ),
    "isin": (
        lambda x, y: (fb.isin(x, y), fb.isin(x, y, invert=True)),
        lambda: (whole(0, 9, 4, 5), whole(0, 9, 3)),
    ),
    "trace": (lambda x: fb.trace(x.mT), lambda: (real(4, 3),)),
    "vdot": (fb.vdot, lambda: (real(7), real(7))),
    "cross": (lambda x, y: fb.linalg.cross(x, y, dim=0), lambda: (real(3, 5), real(3, 5))),
    "roll": (lambda x: x.roll(-4), lambda: (real(3, 5),)),
    "xlog1py": (fb.special.xlog1py, lambda: (real(5).clamp(min=0), real(5).abs())),
}


@pytest.mark.parametrize("name", SHORT)
def test_short_forms(name: str) -> None:
    function, make = SHORT[name]
    agrees(function, *make())


def test_lengths_of_sequences_are_numbers_of_the_call() -> None:
    scores, targets = real(12, 2, 5).log_softmax(-1), fb.randint(1, 5, (2, 4))
    step = fb.compile(lambda *given: F.ctc_loss(*given))
    for lengths in (((12, 10), (4, 3)), ((11, 9), (2, 4)), ((12, 10), (4, 3))):
        found = step(scores, targets, *lengths)
        right = F.ctc_loss(scores, targets, *lengths)
        assert abs(found - right) < 1e-12
    assert len(step.all()) == 1


LARGE: dict[str, tuple[Step, Callable[[], tuple[fb.Tensor, ...]]]] = {
    "indices": (
        lambda x, i, j: x[i, j],
        lambda: (real(301, 97, 9), whole(0, 301, 20_003), whole(0, 97, 20_003)),
    ),
    "extremes": (
        lambda x, i, y: x.scatter_reduce(0, i, y, "amax"),
        lambda: (real(500, 33), whole(0, 500, 5001, 33), real(5001, 33)),
    ),
    "windows": (
        lambda x: F.max_pool2d(x, 3, 2, padding=1, return_indices=True),
        lambda: (real(5, 7, 101, 67),),
    ),
    "points": (
        lambda x, grid: F.grid_sample(x, grid, align_corners=True),
        lambda: (real(2, 3, 50, 41), real(2, 95, 103, 2)),
    ),
    "channels": (
        lambda x, w: F.conv2d(x, w, padding=1, groups=7),
        lambda: (real(4, 7, 83, 59), real(7, 1, 3, 3)),
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_ones_on_several_threads(name: str, threads: int) -> None:
    function, make = LARGE[name]
    fb.manual_seed(0)
    agrees(function, *make())
