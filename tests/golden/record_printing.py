"""Record what PyTorch prints into printing.json: `python -m tests.golden.record_printing`."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from flambeau.tensor.printing import PrintOptions
from tests.golden.printing_cases import CASES_FILE, encode_array, numpy_dtype
from tests.golden.printing_of_torch import torch_text

Case = tuple[str, np.ndarray, dict[str, Any]]

INF, NAN = float("inf"), float("nan")
INTEGERS = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
REALS = ["float16", "bfloat16", "float32", "float64"]

REAL_ROWS = {
    "whole": [1, -2, 30],
    "zero": [0.0],
    "negative zero": [-0.0, 1.5],
    "no finite number": [NAN, INF, -INF],
    "whole with nan": [1, NAN, -INF, 100],
    "fractions with inf": [1.5, -0.25, NAN, INF, 0],
    "ratio of 1000": [1, 1000],
    "ratio above 1000": [1, 1001],
    "fraction ratio above 1000": [0.5, 501],
    "smallest fixed": [1e-4, 0.05],
    "below the smallest fixed": [9e-5, 0.05],
    "largest fixed": [1e8, 9e7],
    "above the largest fixed": [100000008, 9e7],
    "rounding adds a digit": [9.99996, 1.0],
    "scientific with zero and nan": [0.0, 1e-6, NAN, 250.0],
    "extreme": [6e4, 6e-8],
    "negative and positive": [[-1.5, 22.25], [333.125, -0.5]],
}


def number_cases() -> Iterator[Case]:
    for dtype in REALS:
        for name, row in REAL_ROWS.items():
            with np.errstate(over="ignore"):
                array = np.array(row, numpy_dtype(dtype))  # infinite where float16 ends
            yield f"{dtype} {name}", array, {}
    yield "float64 smallest", np.array([5e-324]), {}
    yield "float64 range", np.array([1e300, -1e-300]), {}
    yield "float32 above 2**24", np.array([16777216, 16777218], np.float32), {}
    for dtype in INTEGERS:
        limits = np.iinfo(dtype)
        yield f"{dtype} limits", np.array([limits.min, 0, 7, limits.max], dtype), {}
    yield "bool", np.array([[True, False], [False, False]]), {}
    yield "bool false", np.array([False, False]), {}


def complex_cases() -> Iterator[Case]:
    rows = {
        "whole": [1 + 2j, -3 - 40j],
        "mixed": [1 + 2.5j, -30 - 4j, complex(0, -0.0)],
        "not finite": [complex(NAN, INF), complex(1, -INF), complex(INF, NAN), 100 + 1j],
        "scientific parts": [1e-6 + 1j, 2 + 1e9j],
        "zero": [0j],
        "wrapped": [k * (1.5 - 2.25j) for k in range(17)],
    }
    for dtype in ("complex64", "complex128"):
        for name, row in rows.items():
            yield f"{dtype} {name}", np.array(row, dtype), {}
        yield f"{dtype} scalar", np.array(1.5 - 2j, dtype), {}
        yield f"{dtype} empty", np.zeros((0, 2), dtype), {}
    grid = (np.arange(1200) * (0.5 - 1j)).reshape(40, 30).astype(np.complex64)
    yield "complex64 summarised", grid, {"grad_fn_name": "MulBackward0"}


def shape_cases() -> Iterator[Case]:
    for value in (1.0, -0.0, NAN, 0.1, 1e-5, 123456789.0):
        yield f"scalar {value}", np.array(value, np.float32), {}
    yield "scalar int32", np.array(-5, np.int32), {}
    yield "scalar bool", np.array(True), {}
    for shape in [(0,), (0, 3), (2, 0), (1, 0, 4)]:
        for dtype in ("float32", "int64", "bool", "float64", "bfloat16"):
            yield f"empty {shape} {dtype}", np.zeros(shape, numpy_dtype(dtype)), {}
    for shape in [(1, 1), (2, 3), (2, 1, 3), (2, 2, 2, 2), (1, 2, 1, 2, 3), (30,), (2, 40)]:
        numbers = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 4
        yield f"shape {shape}", numbers, {}
        yield f"shape {shape} int64", (numbers * 4).astype(np.int64), {}


def summary_cases() -> Iterator[Case]:
    for shape in [(1000,), (1001,), (7, 143), (7, 144), (6, 167), (1001, 1), (2, 3, 200)]:
        yield f"summary {shape}", np.arange(np.prod(shape)).reshape(shape), {}
    for shape in [(10, 11, 12), (7, 1, 150), (2, 7, 2, 7, 8)]:
        numbers = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 8
        yield f"summary {shape}", numbers, {}
    hidden = np.ones(2000, np.float32)
    hidden[1000] = 1e9
    yield "summary hides what would be scientific", hidden, {}
    yield "summary of a huge array", np.broadcast_to(np.float64(1.5), (10**6, 10**6)), {}


def suffix_cases() -> Iterator[Case]:
    row = np.array([1, 2.5], np.float32)
    yield "leaf", row, {"requires_grad": True}
    yield "leaf float64", row.astype(np.float64), {"requires_grad": True}
    yield "node", row, {"grad_fn_name": "MulBackward0"}
    yield "node wins over leaf", row, {"grad_fn_name": "ViewBackward0", "requires_grad": True}
    yield "node of empty", np.zeros((0, 3), np.float16), {"grad_fn_name": "CloneBackward0"}
    for count in range(5, 12):
        full = np.arange(count, dtype=np.float32) + 0.5
        yield f"node after {count} numbers", full, {"grad_fn_name": "DivBackward0"}
        yield f"dtype after {count} numbers", full.astype(np.float64), {"requires_grad": True}
    for default in REALS:
        for dtype in (*REALS, "complex64", "complex128"):
            array = np.ones(1, numpy_dtype(dtype))
            yield f"{dtype} under default {default}", array, {"default_dtype": default}


def option_cases() -> Iterator[Case]:
    grid = (np.arange(12, dtype=np.float32).reshape(3, 4) - 5) / 3
    for options in [
        PrintOptions(precision=0),
        PrintOptions(precision=8),
        PrintOptions(sci_mode=True),
        PrintOptions(linewidth=20),
        PrintOptions(linewidth=0),
        PrintOptions(threshold=5, edgeitems=1),
        PrintOptions(threshold=5, edgeitems=0),
        PrintOptions(edgeitems=0),
        PrintOptions(threshold=11, edgeitems=2, precision=2),
    ]:
        yield f"grid with {tuple(options)}", grid, {"options": options}
    for linewidth in range(23, 45, 2):
        narrow = {"options": PrintOptions(linewidth=linewidth)}
        pairs = np.array([1.5 - 2.25j, 3 + 4j, -0.5 + 1j], np.complex64)
        yield f"complex in {linewidth} columns", pairs, narrow
        empty = np.zeros((0, 3), np.float64)
        yield f"notes in {linewidth} columns", empty, narrow | {"requires_grad": True}
    wide = np.array([1e-6, 12345.678, 1e9], np.float32)
    yield "never scientific", wide, {"options": PrintOptions(sci_mode=False)}
    whole = np.array([0, 1, -2, NAN], np.float32)
    yield "always scientific", whole, {"options": PrintOptions(sci_mode=True)}
    yield "zeros never scientific", whole[:1], {"options": PrintOptions(sci_mode=True)}
    full = PrintOptions(threshold=INF, linewidth=200)
    yield "full", np.arange(1100, dtype=np.int16), {"options": full}
    hidden = PrintOptions(threshold=0, edgeitems=0)
    yield "scalar hidden", np.array(3, np.int8), {"options": hidden}


def record(case: Case) -> dict[str, Any]:
    """One case as JSON can hold it, with PyTorch's text."""
    name, array, arguments = case
    expected = torch_text(array, **arguments)
    if "options" in arguments:
        arguments = arguments | {"options": arguments["options"]._asdict()}
    return {"name": name, **encode_array(array), "arguments": arguments, "expected": expected}


def main() -> None:
    groups = [
        number_cases,
        complex_cases,
        shape_cases,
        summary_cases,
        suffix_cases,
        option_cases,
    ]
    cases = [record(case) for group in groups for case in group()]
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names)
    lines = ",\n".join(json.dumps(case) for case in cases)
    CASES_FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
