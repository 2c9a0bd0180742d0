"""The graph as users walk it."""

from __future__ import annotations

import pytest

import flambeau as fb
from flambeau.autograd import graph


def leaf() -> fb.Tensor:
    return fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64, requires_grad=True)


def test_saved_values_under_pytorchs_and_our_names() -> None:
    x, y = leaf(), leaf()
    node = (x * y).grad_fn
    assert node._saved_self is x
    assert node._saved_input is x
    assert node._saved_other is y
    exponential = x.exp()
    assert exponential.grad_fn._saved_result.tolist() == exponential.tolist()
    assert exponential.grad_fn._saved_result.grad_fn is exponential.grad_fn
    with pytest.raises(AttributeError, match="'ExpBackward0' object has no attribute '_saved_dim'"):
        exponential.grad_fn._saved_dim


def test_saved_values_changed_or_freed() -> None:
    y = leaf() * 1
    node = (y * y).grad_fn
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        node._saved_self
    z = leaf().exp()
    z.sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        z.grad_fn._saved_result


def test_node_called_gives_what_a_pass_would() -> None:
    x, y = leaf(), leaf()
    g = fb.tensor([1.0, -1.0, 2.0], dtype=fb.float64)
    product = x * y
    called = product.grad_fn(g)
    for ours, expected in zip(called, fb.autograd.grad(product, [x, y], g)):
        assert ours.tolist() == expected.tolist()


def test_edge_keeps_the_graph_and_not_the_tensor() -> None:
    x = leaf()
    y = x * 2
    edge = graph.get_gradient_edge(y)
    total = (y * 3).sum()
    del y
    (found,) = fb.autograd.grad(total, edge)
    assert found.tolist() == [3.0] * 3
    assert edge.output_nr == 0


def test_edge_needs_a_gradient() -> None:
    with pytest.raises(RuntimeError) as caught:
        graph.get_gradient_edge(fb.ones(2))
    assert str(caught.value) == (
        "get_gradient_edge: the tensor does not require a gradient\n"
        "  expected: a tensor with requires_grad=True\n"
        "  got:      one without"
    )


def test_versions_of_several() -> None:
    a, b = fb.ones(2), fb.ones(2)
    graph.increment_version([a, b])
    graph.increment_version(b)
    assert (a._version, b._version) == (1, 2)


def test_text_of_nodes() -> None:
    x = leaf()
    assert repr((x * 2).grad_fn).startswith("<MulBackward0 object at 0x")
    node = graph.get_gradient_edge(x).node
    assert repr(node).startswith("<AccumulateGrad object at 0x")
    assert node.next_functions == ()
