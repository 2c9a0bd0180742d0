"""How the tests are collected, and how hypothesis searches."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.architecture.sources import compares_with_peers

# No deadlines: what takes long on a shared machine is not therefore wrong.
settings.register_profile("default", deadline=None)
# The same examples in every run, so that a change is judged by itself and not by luck.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave alone what an ordinary run must not import, because it needs PyTorch or optax.

    Documentation examples are looked for in every Python file, and so scripts that stand beside
    the tests (a recorder of golden values, say) would be imported if they were not left out here.
    """
    if collection_path.suffix != ".py":
        return None
    if not collection_path.name.startswith("test_"):
        return True
    if config.option.markexpr == "not peers" and compares_with_peers(collection_path):
        return True
    return None
