"""Record what PyTorch draws in every case of ``sampling_cases`` (run by hand, with torch)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from tests.golden.sampling_cases import CASES, SEED, digest


def recorded() -> dict[str, list[str]]:
    """For each case the digest of the values and of the state afterwards."""
    found = {}
    for name, function in CASES.items():
        torch.manual_seed(SEED)
        result = function(torch, torch.nn.functional).contiguous()
        values = result.view(torch.int16) if result.dtype is torch.bfloat16 else result
        array = np.asarray(values)
        found[name] = [digest(array), digest(torch.get_rng_state().numpy())]
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    path = Path(__file__).with_name("sampling.json")
    content = {"torch": torch.__version__, "seed": SEED, "cases": recorded()}
    path.write_text(json.dumps(content, indent=1) + "\n")
