"""What the compiler's page says runs through NumPy is what there is, and does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flambeau.compiler.loops.indexed import _FORMS as INDEXED
from flambeau.compiler.loops.kinds import CONSTANTS, COPIES, PRODUCTS, REDUCTIONS, RESHAPES
from flambeau.compiler.loops.movement import _FORMS as MOVED
from flambeau.compiler.loops.scan import SCANS
from flambeau.compiler.passes.decompositions import DECOMPOSITIONS
from flambeau.compiler.passes.draws import _MODES as DRAWN
from flambeau.ops import deferred
from flambeau.tensor.operation import REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "compile.md"
FAMILIES = ("linalg_", "special_", "fft_")
# Native in other parts of the compiler: guarded sums, and samples compared with probabilities.
OTHERS = {"alpha_dropout_noise", "bernoulli_probabilities", "draw", "guard"}
# Operations that are compiled by being loops of compiled steps, or that no program may hold.
LOOPS = {"cond", "scan", "while_loop"}
REFUSED = {
    "bincount", "masked_select", "nonzero", "repeated_indices", "unique", "unique_consecutive",
}  # fmt: skip


@pytest.fixture(scope="module")
def listed() -> set[str]:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## What runs through NumPy")
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row)}


def test_every_name_is_an_operation(listed: set[str]) -> None:
    deferred.load_all()
    assert len(listed) > 80
    assert listed <= REGISTRY.keys()


def test_every_operation_is_native_or_listed(listed: set[str]) -> None:
    deferred.load_all()
    native = {
        *INDEXED, *MOVED, *SCANS, *CONSTANTS, *COPIES, *PRODUCTS, *REDUCTIONS, *RESHAPES,
        *DECOMPOSITIONS, *DRAWN, *OTHERS, *LOOPS, *REFUSED,
    }  # fmt: skip
    missing = [
        op.name
        for op in REGISTRY.values()
        if not (op.scalar or op.decompose or op.view)
        and (op.inputs or "generator" in op.params)  # else it is known before the program runs
        and op.name not in native | listed
        and not op.name.startswith(FAMILIES)
    ]
    assert missing == []
