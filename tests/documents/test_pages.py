"""The programs on the pages run."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

PAGES = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["checkpoints", "data", "distributions"])
def test_programs_of_a_page(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert programs
    names = {"__name__": f"tests.documents.{name}"}
    for program in programs:
        exec(compile(program, f"{name}.md", "exec"), names)
    plt.close("all")
