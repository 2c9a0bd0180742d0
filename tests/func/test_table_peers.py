"""PyTorch's own table of operations under every transformation, live against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.peers

from tests.func.table import measure  # noqa: E402
from tests.peers.coverage.table import ENTRIES  # noqa: E402

EVERY = ("jvp", "vjp", "jacobian", "hessian", "vmap")
# Which transformations of an entry are not PyTorch's, and why.
EXCEPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "as_strided_scatter": (
        ("vjp", "jacobian", "vmap"),
        "PyTorch's reverse mode is not the transpose of its forward mode, which is ours",
    ),
    "native_layer_norm": (EVERY, "PyTorch does not differentiate its mean and deviation"),
    "native_batch_norm": (EVERY, "PyTorch does not differentiate its mean and deviation"),
    "nn_functional_batch_norm": (("vmap",), "PyTorch's vmap refuses running averages, too"),
    "nn_functional_instance_norm": (("vmap",), "PyTorch's vmap refuses running averages, too"),
    "nn_functional_rrelu": (("vmap",), "PyTorch draws a slope for each example all the same"),
    "nn_functional_linear_cross_entropy_chunked_none": (
        ("jvp",),
        "PyTorch's forward mode gives zero, and its second reverse pass is not defined",
    ),
    "masked_select": (("vmap",), "examples have results of different sizes"),
    "normal": (("vmap",), "one draw for all, around means that differ"),
    "normal_number_mean": (("vmap",), "one draw for all, with deviations that differ"),
    "bernoulli": (("vmap",), "one draw for all, of probabilities that differ"),
}
AT_ONCE = 12
# The table's translation of masks reads the values of its arguments.
MEASURED = [e for e in ENTRIES if not e.name.startswith("masked.")]
GROUPS = [MEASURED[i : i + AT_ONCE] for i in range(0, len(MEASURED), AT_ONCE)]


def name_of(group: Any) -> str:
    return f"{group[0].formatted_name}-{group[-1].formatted_name}"


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_transformations_are_pytorch_s(group: Any) -> None:
    for entry in group:
        known = EXCEPTIONS.get(entry.formatted_name, ((), ""))[0]
        failed = {k: v for k, v in measure(entry).items() if k not in known}
        assert not failed, (entry.formatted_name, failed)
