"""The generated table of rules is up to date, and examples do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def module_of(path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_is_up_to_date() -> None:
    table = module_of("tools/optimizer_table.py")
    assert table.TABLE.read_text(encoding="utf-8") == table.text(), "run tools/optimizer_table.py"


def test_table_has_every_optimizer() -> None:
    text = (ROOT / "docs/optimizers_table.md").read_text(encoding="utf-8")
    for name in ("adamw", "lbfgs", "muon", "schedule_free_adamw", "prodigy", "sam", "lookahead"):
        assert f"| `{name}` |" in text


def test_the_learning_rate_is_learned() -> None:
    example = module_of("examples/learned_rate.py")
    rates, losses = example.learn(steps=12)
    assert losses[-1] < 0.5 * losses[0]
    assert rates[-1] > 2 * rates[0]


def test_gradient_of_the_learning_rate() -> None:
    example = module_of("examples/learned_rate.py")
    slope, differences = example.check()
    assert abs(slope - differences) <= 1e-6 * abs(differences)


def test_trajectories_reach_the_minima(tmp_path: Path) -> None:
    example = module_of("examples/trajectories.py")
    for name, surface in example.SURFACES.items():
        paths = example.trajectories(surface, steps=100)
        ends = {rule: surface.value(path[-1]) for rule, path in paths.items()}
        assert min(ends.values()) < 0.05 * surface.value(paths["adam"][0]), (name, ends)
    example.draw(tmp_path / "picture.png", steps=20)
    assert (tmp_path / "picture.png").stat().st_size > 10_000
