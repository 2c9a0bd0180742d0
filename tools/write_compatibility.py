"""Write docs/compatibility.md: what PyTorch's own table of operations says of flambeau.

Run this after adding an operation (it needs PyTorch, and takes minutes):

    python tools/write_compatibility.py
"""

from __future__ import annotations

import sys
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "compatibility.md"


def measured(index: int) -> tuple[str, dict[str, str]]:
    """What one entry passes and fails."""
    import torch

    from tests.peers.coverage.measures import measure
    from tests.peers.coverage.table import ENTRIES

    torch.set_num_threads(1)
    return ENTRIES[index].formatted_name, measure(ENTRIES[index])


def measured_class(index: int) -> tuple[str, str]:
    """Whether one module or optimizer passes."""
    import torch

    from tests.peers.coverage import classes

    torch.set_num_threads(1)
    info = [*classes.MODULES, *classes.OPTIMIZERS][index]
    return classes.class_name(info), classes.measure(info)


def main() -> None:
    """Measure all entries on two cores, and write the page."""
    from tests.peers.coverage import classes
    from tests.peers.coverage.report import document
    from tests.peers.coverage.table import ENTRIES

    with get_context("spawn").Pool(2) as pool:
        results = dict(pool.map(measured, range(len(ENTRIES)), chunksize=12))
        count = len(classes.MODULES) + len(classes.OPTIMIZERS)
        found = dict(pool.map(measured_class, range(count), chunksize=8))
    page = document(results, found)
    PAGE.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
