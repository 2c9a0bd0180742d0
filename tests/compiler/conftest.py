"""The machine code of these tests stays out of the user's cache."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.getbasetemp() / "objects"
    monkeypatch.setenv("FLAMBEAU_CACHE_DIR", str(folder))
    return folder
