"""PyTorch's own table of operations, run live against flambeau.

``docs/compatibility.md`` says what fails; nothing else may.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.peers

from tests.peers.coverage import classes, report  # noqa: E402
from tests.peers.coverage.measures import measure  # noqa: E402
from tests.peers.coverage.table import ENTRIES  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
TEXT = PAGE.read_text(encoding="utf-8")
DOCUMENTED = report.documented(TEXT)
FAILING_CLASSES = report.documented_classes(TEXT)
AT_ONCE = 12
GROUPS = [ENTRIES[i : i + AT_ONCE] for i in range(0, len(ENTRIES), AT_ONCE)]


def name_of(group: Any) -> str:
    return f"{group[0].formatted_name}-{group[-1].formatted_name}"


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_nothing_fails_but_what_is_documented(group: Any) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        results = {entry.formatted_name: measure(entry) for entry in group}
    finally:
        torch.set_num_threads(threads)
    failed = report.failing(results)
    more = {
        name: {m: why for m, why in failed[name].items() if m not in DOCUMENTED.get(name, ())}
        for name in failed
    }
    assert not any(more.values()), more


CLASSES = [*classes.MODULES, *classes.OPTIMIZERS]


@pytest.mark.parametrize("info", CLASSES, ids=classes.class_name)
def test_no_class_fails_but_what_is_documented(info: Any) -> None:
    found = classes.measure(info)
    assert found in ("passes", "not applicable") or classes.class_name(info) in FAILING_CLASSES, (
        found
    )


def test_shares_of_classes() -> None:
    """98 of 100 modules, 99 of 100 losses and optimizers."""
    names = [classes.class_name(info) for info in CLASSES]
    strict = [n for n in names if n.startswith("optim.") or n.endswith("Loss")]
    assert len(FAILING_CLASSES.intersection(strict)) <= 0.01 * len(strict)
    modules = [n for n in names if n.startswith("nn.")]
    assert len(FAILING_CLASSES.intersection(modules)) <= 0.02 * len(modules)


def test_the_page_names_known_entries() -> None:
    known = {entry.formatted_name for entry in ENTRIES}
    assert set(DOCUMENTED) <= known


@pytest.mark.parametrize("name", report.TARGETS)
def test_targets(name: str) -> None:
    assert report.documented_shares(TEXT)[name] >= report.TARGETS[name]
