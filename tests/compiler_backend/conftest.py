"""The machine code of these tests stays out of the user's cache."""

import pytest


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "objects"
    monkeypatch.setenv("FLAMBEAU_CACHE_DIR", str(folder))
    return folder
