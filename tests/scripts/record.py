"""Write down what the scripts print with PyTorch: ``python -m tests.scripts.record``."""

from __future__ import annotations

import json

import torch

from tests.scripts.running import NAMES, STORED, script


def main() -> None:
    torch.set_num_threads(1)
    losses = {name: script(name, "torch").train() for name in NAMES}
    lines = [f'"{name}": {json.dumps([float(f"{x:.8g}") for x in losses[name]])}' for name in NAMES]
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
