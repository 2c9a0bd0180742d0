"""Record PyTorch's layers into nn.json: `python -m tests.golden.record_nn`.

Text, initial bits, outputs and gradients.
"""

import json
from pathlib import Path

import numpy as np
import torch

from tests.nn.layers import ALL, LAYERS, example_input, weights_like

TARGET = Path(__file__).with_name("nn.json")


def encoded(tensor: torch.Tensor) -> dict[str, object]:
    array = tensor.detach().numpy()
    return {"shape": list(array.shape), "bits": array.astype("<f4").tobytes().hex()}


def record(name: str) -> dict[str, object]:
    torch.manual_seed(1)
    module = ALL[name](torch.nn)
    result: dict[str, object] = {
        "text": repr(module),
        "state": {key: encoded(value) for key, value in module.state_dict().items()},
        "next": torch.rand(1).item().hex(),
    }
    if name in LAYERS:
        torch.manual_seed(2)
        x = torch.tensor(example_input(name), requires_grad=True)
        y = module(x)
        (y * torch.tensor(weights_like(y.shape))).sum().backward()
        assert x.grad is not None
        result["output"] = encoded(y)
        result["gradient"] = encoded(x.grad)
    return result


def main() -> None:
    torch.set_num_threads(1)
    records = {name: record(name) for name in ALL}
    text = json.dumps({"torch": torch.__version__, "layers": records}, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")
    print(f"{len(records)} layers, {len(text)} bytes, NumPy {np.__version__}")


if __name__ == "__main__":
    main()
