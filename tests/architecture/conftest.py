"""A closing note on the length of files: something to look at, not a verdict."""

import statistics

import pytest

from tests.architecture.sources import python_files, shown

LONG = 500


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the files in which two ideas may share one place."""
    lengths = {
        shown(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("src", "tests", "examples", "bench")
        if path.name != "__init__.py"
    }
    if not lengths:
        return
    median = statistics.median(lengths.values())
    terminalreporter.section("length of files")
    terminalreporter.line(f"{len(lengths)} files, median {median:g} lines")
    for name, length in sorted(lengths.items(), key=lambda item: -item[1]):
        if length > LONG:
            terminalreporter.line(f"{length:5} {name}")
