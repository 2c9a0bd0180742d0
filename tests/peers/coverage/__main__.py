"""Run the measures: ``python -m tests.peers.coverage [part of a name ...]``."""

import sys
import time

import torch

from tests.peers.coverage.measures import MEASURES, measure
from tests.peers.coverage.table import ENTRIES, family

torch.set_num_threads(1)
counts: dict[tuple[str, str], list[int]] = {}
start = time.time()
slow = []
for entry in ENTRIES:
    if len(sys.argv) > 1 and not any(
        a == entry.name if a[0] != "~" else a[1:] in entry.formatted_name for a in sys.argv[1:]
    ):
        continue
    begin = time.time()
    for name, found in measure(entry).items():
        if found == "not applicable":
            continue
        for key in ((family(entry), name), ("all", name)):
            count = counts.setdefault(key, [0, 0])
            count[0] += found == "passes"
            count[1] += 1
        if found != "passes":
            print(f"{entry.formatted_name} | {name} | {found}")
    slow.append((time.time() - begin, entry.formatted_name))
for room in sorted({room for room, _ in counts}):
    text = ", ".join(
        "{} {}/{}".format(m, *counts[room, m]) for m in MEASURES if (room, m) in counts
    )
    print(f"{room}: {text}")
print(f"{time.time() - start:.1f} s; slowest: {sorted(slow)[-6:]}")
