"""The package has no public name that PyTorch has not, but for its own."""

import pytest

import flambeau

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

OWN: set[str] = {"History", "array_api", "checkpoint", "inspect", "progress", "sklearn", "tree"}
OWN_METHODS = {"to_device"}  # the array API standard's


def test_names_are_those_of_pytorch() -> None:
    assert {name for name in flambeau.__all__ if not hasattr(torch, name)} - OWN == set()


def test_members_of_tensors_are_those_of_pytorch() -> None:
    members = {name for name in vars(flambeau.Tensor) if not name.startswith("_")}
    assert {name for name in members if not hasattr(torch.Tensor, name)} == OWN_METHODS
