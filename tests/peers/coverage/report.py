"""What the measures found, as ``docs/compatibility.md`` says it, and read back from there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.peers.coverage.measures import MEASURES
from tests.peers.coverage.table import ENTRIES, EXCLUDED, family, reason_out_of_scope

Results = Mapping[str, Mapping[str, str]]

# Of the entries that a measure applies to, how many shall pass.
TARGETS = {
    "forward": 0.98,
    "gradient": 0.97,
    "double gradient": 0.95,
    "variants": 0.98,
    "errors": 0.95,
}

# Where flambeau differs on purpose, or PyTorch is the one that is wrong.
EXPLAINED = {
    "addbmm": "PyTorch's in-place method gives the tensor another shape",
    "as_strided_scatter": "PyTorch's gradient counts elements that were replaced",
    "cov": "rounding: weights of type float32 in a double sum that cancels",
    "native_batch_norm": "PyTorch's gradient ignores that statistics depend on the input",
    "native_layer_norm": "PyTorch's gradient ignores that statistics depend on the input",
    "istft": "PyTorch finds no gradient for the window, a view; for a copy of it, it does",
    "linalg_householder_product": "PyTorch divides by what may be nearly zero",
    "nn_functional_gaussian_nll_loss": "shapes that differ are an error, on purpose",
    "nn_functional_linear_cross_entropy_chunked": (
        "PyTorch's gradient in chunks has no second derivative; ours has"
    ),
}

HEAD = """# What of PyTorch there is

Written by `tools/write_compatibility.py`; `make test-peers` fails if anything more does.

PyTorch tests its operations with a table (`op_db`) that comes with it: for each operation sample
inputs, and inputs that must be refused. flambeau is measured with the same table. An entry passes

- **forward** if results have PyTorch's types, shapes and values on float32, float64, int64, bool
  and complex128 tensors, as far as the entry lists them,
- **gradient** and **double gradient** if first and second derivatives agree in float64 and
  complex128,
- **variants** if the method, the in-place method, `out=` and all aliases do the same,
- **errors** if what PyTorch refuses is refused with an exception of the same type.

Compared are up to eight samples of each entry and type, spread evenly over all.
"""


def percent(passed: int, all_of: int) -> str:
    return f"{100 * passed / all_of:.1f} %" if all_of else "-"


def counts(results: Results, names: Iterable[str], measure: str) -> tuple[int, int]:
    """How many of the named entries pass a measure, of those that it applies to."""
    found = [results[name][measure] for name in names]
    applies = [text for text in found if text != "not applicable"]
    return sum(text == "passes" for text in applies), len(applies)


def counts_table(results: Results) -> list[str]:
    families = sorted({family(entry) for entry in ENTRIES})
    lines = [
        "| | " + " | ".join(MEASURES) + " |",
        "|---|" + "---|" * len(MEASURES),
    ]
    for room in [*families, "all"]:
        names = [e.formatted_name for e in ENTRIES if room in ("all", family(e))]
        cells = []
        for measure in MEASURES:
            passed, all_of = counts(results, names, measure)
            cells.append(f"{passed} of {all_of}" if all_of else "")
        shown = "**all**" if room == "all" else f"`torch.{room}`".replace("torch.torch", "torch")
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    names = [e.formatted_name for e in ENTRIES]
    shares = [percent(*counts(results, names, measure)) for measure in MEASURES]
    lines.append("| | " + " | ".join(shares) + " |")
    return lines


def failing(results: Results) -> dict[str, dict[str, str]]:
    """For each entry that fails something: the measures, with reasons."""
    found = {}
    for name, measured in results.items():
        failed = {
            m: text for m, text in measured.items() if text not in ("passes", "not applicable")
        }
        if failed:
            found[name] = failed
    return found


def failing_table(results: Results) -> list[str]:
    lines = ["| entry | fails | why |", "|---|---|---|"]
    for name, failed in sorted(failing(results).items()):
        reason = EXPLAINED.get(name) or next(iter(failed.values()))
        reason = re.sub(r"[|<>`]|\(/[^)]*\)?", "", reason)[:120]  # no paths of this machine
        lines.append(f"| `{name}` | {', '.join(failed)} | {reason} |")
    return lines


def excluded_table() -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for entry in EXCLUDED:
        by_reason.setdefault(reason_out_of_scope(entry) or "", []).append(entry.formatted_name)
    lines = ["| why | entries |", "|---|---|"]
    for reason, names in sorted(by_reason.items()):
        lines.append(f"| {reason} | {', '.join(f'`{n}`' for n in sorted(names))} |")
    return lines


def classes_table(classes: Mapping[str, str]) -> list[str]:
    """How many modules, losses and optimizers pass, and which do not."""
    kinds: dict[str, list[str]] = {"optimizers": [], "losses": [], "other modules": []}
    for name in classes:
        kind = "optimizers" if name.startswith("optim.") else "other modules"
        kinds["losses" if name.endswith("Loss") else kind].append(name)
    lines = ["| | pass | |", "|---|---|---|"]
    for kind, names in kinds.items():
        applies = [n for n in names if classes[n] != "not applicable"]
        failed = [n for n in applies if classes[n] != "passes"]
        shown = ", ".join(f"`{n}` fails" for n in failed)
        lines.append(f"| {kind} | {len(applies) - len(failed)} of {len(applies)} | {shown} |")
    return lines


def document(results: Results, classes: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [
        HEAD,
        f"{len(ENTRIES)} of {len(ENTRIES) + len(EXCLUDED)} entries are in scope.\n",
        "\n".join(counts_table(results)) + "\n",
        "## What fails\n",
        "\n".join(failing_table(results)) + "\n",
        "## Modules and optimizers\n",
        (
            "The tables of modules (`module_db`) and optimizers (`optim_db`): constructed as\n"
            "PyTorch tests them, run with the same values, in training and evaluation; outputs,\n"
            "gradients of inputs and parameters, and parameters after some steps agree.\n"
        ),
        "\n".join(classes_table(classes)) + "\n",
        "## What is not in scope\n",
        "\n".join(excluded_table()) + "\n",
    ]
    return "\n".join(parts)


def documented(text: str) -> dict[str, set[str]]:
    """For each entry the measures that the page says it fails."""
    rows = re.findall(r"^\| `(\w[^`]*)` \| ([a-z, ]+) \| [^|]*\|$", text, re.M)
    return {name: set(failed.split(", ")) for name, failed in rows}


def documented_classes(text: str) -> set[str]:
    """The modules and optimizers that the page says fail."""
    return set(re.findall(r"`((?:nn|optim)\.\w+)` fails", text))


def documented_shares(text: str) -> dict[str, float]:
    """For each measure the share of entries that the page says pass it."""
    row: Any = re.search(r"^\| \*\*all\*\* \| (.*) \|$", text, re.M)
    cells = row.group(1).split(" | ")
    shares = {}
    for measure, cell in zip(MEASURES, cells, strict=True):
        passed, _, all_of = cell.partition(" of ")
        shares[measure] = int(passed) / int(all_of)
    return shares
