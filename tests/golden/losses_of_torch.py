"""What PyTorch computes for the cases of the losses' tests."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.nn.loss_cases import Case, all_cases

CASES_FILE = Path(__file__).parent / "losses.json"


def numbers(library: Any, case: Case) -> list[list[float]]:
    """The loss, and the product of each gradient with a fixed direction."""
    tensors = case.tensors(library, "float64")
    loss = case.call(library, tensors, "float64")
    fixed = np.random.default_rng(3)
    direction = library.tensor(fixed.standard_normal(tuple(loss.shape)))
    gradients = library.autograd.grad(loss, [tensors[i] for i in case.wanted], direction)
    found = [loss.detach().numpy().reshape(-1).tolist()]
    for gradient in gradients:
        array = gradient.numpy()
        weights = fixed.standard_normal(array.shape)
        found.append([float((array * weights).sum()), float(np.abs(array).sum())])
    return found


def record(library: Any) -> None:
    """Write the numbers of all cases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {str(case): numbers(library, case) for case in all_cases()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    CASES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
