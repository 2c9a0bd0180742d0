"""Machine code is linked wherever the system finds room for it."""

import os
import subprocess
import sys

# Free addresses are holes of a few pages above a large mapping, and the plain below it. A part of
# an object that fits a hole and a part that does not would lie further apart than an instruction
# can reach.
SCRIPT = """
import mmap
import numpy as np
import flambeau as fb
from flambeau import nn

PAGE = mmap.PAGESIZE
taken = []

def take(pages):
    "Take pages where the system likes; where they lie."
    taken.append(mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    return address_of(taken[-1])

def address_of(pages):
    return np.frombuffer(pages, np.uint8).ctypes.data

def train():
    net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = fb.optim.Adam(net.parameters())
    x, y = fb.randn(100, 3), fb.randn(100, 1)

    @fb.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(x, y).item() for _ in range(3)]
    assert losses[0] > losses[1] > losses[2] > 0, losses
    taken.append(step)

train()
for _ in range(3000):
    take(1)
holes = []
for pages in range(1, 13):
    take(pages)
    holes.append(taken[-1])
    take(1)
plain = mmap.mmap(-1, 5 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
for hole in holes:
    hole.close()
    train()
    while take(1) > address_of(plain):
        pass
print("done")
"""


def test_parts_of_an_object_reach_each_other():
    environment = {**os.environ, "FLAMBEAU_CACHE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "done\n", done.stderr[:2000]
