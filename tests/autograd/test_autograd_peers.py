"""Gradients, hooks, graphs and functions: the same behaviour as PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from tests.autograd import function_scenarios, graph_scenarios, hook_scenarios
from tests.autograd.scenarios import SCENARIOS

# They add their programs to the list.
assert function_scenarios
assert graph_scenarios
assert hook_scenarios

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def outcome(lib: Any, program: Callable[[Any], Any]) -> Any:
    """What a program gives: its value, or the kind of error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return program(lib)
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            kinds = [RuntimeError, TypeError, ValueError, AttributeError]
            return next(kind.__name__ for kind in kinds if isinstance(error, kind))


@pytest.mark.parametrize("program", SCENARIOS, ids=lambda p: p.__name__)
def test_behaves_as_pytorch(program: Callable[[Any], Any]) -> None:
    assert outcome(fb, program) == outcome(torch, program)


@pytest.mark.parametrize("lib", [fb, torch], ids=["flambeau", "PyTorch"])
def test_reading_the_grad_of_an_inner_tensor_warns(lib: Any) -> None:
    y = lib.ones(1, requires_grad=True) * 2
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None
    y.retain_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert y.grad is None
