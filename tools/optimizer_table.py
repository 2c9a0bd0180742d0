"""Write the table of every update rule: names, formula, state, and what it costs.

python tools/optimizer_table.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import transform

TABLE = Path(__file__).parents[1] / "docs" / "optimizers_table.md"
HEAD = """# Every update rule

Written by `tools/optimizer_table.py` from the rules themselves: the formulas stand in their
docstrings, and what the state holds is found by starting each rule for a parameter of 512 x 512
float32 numbers. *State* is how many numbers are remembered for each element of a parameter.

"""
SIZE = 512
REQUIRED = {"learning_rate": 0.1, "sync_period": 5, "slow_step_size": 0.5, "k": 2, "decay": 0.9,
            "base_optimizer": None, "max_linesearch_steps": 10, "max_backtracking_steps": 10,
            "fast_optimizer": None, "optimizer": None, "adv_optimizer": None, "eta": 0.01,
            "gamma": 0.55}  # fmt: skip
# PyTorch's class for each rule.
CLASSES = {
    "trace": "SGD", "sgd": "SGD", "scale_by_adam": "Adam, AdamW", "adamw": "AdamW", "adam": "Adam",
    "scale_by_amsgrad": "Adam(amsgrad=True)", "amsgrad": "Adam(amsgrad=True)",
    "scale_by_adamax": "Adamax", "adamax": "Adamax", "scale_by_nadam": "NAdam",
    "scale_by_radam": "RAdam", "radam": "RAdam", "scale_by_rms": "RMSprop",
    "scale_by_stddev": "RMSprop(centered=True)", "rmsprop": "RMSprop", "scale_by_rss": "Adagrad",
    "adagrad": "Adagrad", "scale_by_adadelta": "Adadelta", "adadelta": "Adadelta",
    "adafactor": "Adafactor", "scale_by_rprop": "Rprop", "rprop": "Rprop", "asgd": "ASGD",
    "muon": "Muon", "scale_by_muon": "Muon", "lbfgs": "LBFGS", "scale_by_lbfgs": "LBFGS",
    "scale_by_sparse_adam": "SparseAdam",
}  # fmt: skip
# What is no rule: combinators, conditions, ways to store state.
LEFT_OUT = {
    "GradientTransformation", "GradientTransformationExtraArgs", "chain", "freeze", "identity",
    "inject_hyperparams", "masked", "multi_transform", "named_chain", "partition", "stateless",
    "stateless_with_tree_map", "with_extra_args_support", "MultiSteps", "apply_if_finite",
    "conditionally_mask", "conditionally_transform", "store_moments", "master_weights",
    "compensated", "stochastic_rounding", "set_to_zero", "scale", "scale_by_schedule",
    "scale_by_learning_rate", "apply_every", "flatten", "monitor", "snapshot", "measure_with_ema",
    "selective_transform", "split_real_and_imaginary",
}  # fmt: skip


def rules() -> Iterator[tuple[str, Any]]:
    """Names and functions of everything that makes a transformation."""
    for name in dir(transform):
        function = getattr(transform, name)
        if name in LEFT_OUT or not inspect.isfunction(function):
            continue
        if inspect.signature(function).return_annotation == "Transformation":
            yield name, function


def made(function: Any) -> Any:
    """A rule with its defaults, and values for what has none."""
    given = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            value = REQUIRED.get(name, 0.1)
            given[name] = transform.sgd(0.1) if value is None else value
    return function(**given)


def state_per_element(rule: Any) -> tuple[list[str], float]:
    """The slots of a rule, and how many numbers they hold for each element of a matrix."""
    state = rule.init({"w": fb.zeros(SIZE, SIZE)})
    slots = state.leaves.get("w", {})
    names = list(dict.fromkeys(slot for part in slots.values() for slot in part))
    count = sum(x.numel() for x in trees.leaves(slots))
    return names, count / SIZE**2


def formula(function: Any) -> str:
    """The first formula of a docstring, in one line."""
    text = inspect.getdoc(function) or ""
    found = re.search(r"\.\. math::(.*?)(?=\n\n\S|\Z)", text, re.S)
    if not found:
        return ""
    line = " ".join(found.group(1).split())
    return "$" + line.replace("|", r"\vert ") + "$"


def row(name: str, function: Any) -> str:
    """One line of the table."""
    names, count = state_per_element(made(function))
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    # References of the docstrings' markup become code.
    summary = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", summary)
    kept = ", ".join(f"`{slot}`" for slot in names) or "none"
    peer = f"`{CLASSES[name]}`" if name in CLASSES else ""
    size = f"{count:.2f}".rstrip("0").rstrip(".") if count >= 0.005 or count == 0 else "< 0.01"
    return f"| `{name}` | {peer} | {summary} {formula(function)} | {kept} | {size} |"


def text() -> str:
    """The whole page."""
    lines = [
        "| transform | PyTorch's class | what it does | slots | state |",
        "|---|---|---|---|---|",
    ]
    lines += [row(name, function) for name, function in rules()]
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    TABLE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
