"""The scripts of this folder, run with either library."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent
NAMES = [
    "mlp",
    "cnn",
    "vae",
    "gan",
    "lstm_language_model",
    "gru_regressor",
    "transformer_classifier",
    "gpt",
    "reinforce",
    "matrix_factorisation",
    "translation",
    "diffusion",
]


STORED = FOLDER / "losses.json"


def stored() -> dict[str, list[float]]:
    """What PyTorch printed, as :mod:`tests.scripts.record` wrote it down."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def script(name: str, library: str = "flambeau") -> ModuleType:
    """One of the scripts as a module, its imports changed to another library."""
    path = FOLDER / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    if library != "flambeau":
        source = source.replace("import flambeau as torch", f"import {library}")
        source = source.replace("flambeau", library)
    spec = importlib.util.spec_from_loader(f"{name}_with_{library}", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def first_difference(found: list[float], expected: list[float], digits: int = 5) -> str:
    """Where two lists of numbers differ in their first digits; empty if they do not.

    One unit of the last digit is no difference: a number may lie at the edge of rounding.
    """
    if len(found) != len(expected):
        return f"{len(found)} numbers and {len(expected)}"
    for place, (a, b) in enumerate(zip(found, expected)):
        unit = 10.0 ** (math.floor(math.log10(abs(b))) + 1 - digits) if b else 0.0
        if not abs(a - b) <= unit:
            return f"number {place}: {a} and {b}"
    return ""
