"""Programs that walk the graph or change tensors in place: what both libraries must agree on."""

from __future__ import annotations

from typing import Any

from tests.autograd.scenarios import accumulator, leaf, ones, plain, scenario


@scenario
def nodes_are_the_same_objects(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    z = y.sum()
    first = z.grad_fn.next_functions[0][0]
    node = accumulator(x)
    return y.grad_fn is first, x.grad_fn, node is accumulator(x), node.variable is x


@scenario
def names_in_the_graph(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    z = (x * y + x.exp()).sum()
    names, nodes = [], [z.grad_fn]
    while nodes:
        node = nodes.pop(0)
        names.append(node.name())
        nodes += [n for n, _ in node.next_functions if n is not None]
    return names


@scenario
def which_output_of_a_node(lib: Any) -> Any:
    first, second, _ = leaf(lib).unbind()
    both = first * second
    return second.output_nr, [number for _, number in both.grad_fn.next_functions]


@scenario
def node_is_called(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    several, one = (x * y).grad_fn(ones(lib)), x.exp().grad_fn(ones(lib))
    return plain([several, (x * 2).grad_fn(ones(lib))]), isinstance(one, lib.Tensor)


@scenario
def node_that_broadcast_is_called(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib, 2.0)
    return plain((x + y).grad_fn(ones(lib)))


@scenario
def accumulator_is_called(lib: Any) -> Any:
    x = leaf(lib)
    result = accumulator(x)(ones(lib))
    return result, plain(x.grad)


@scenario
def saved_values(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    product, root, total = (x * y).grad_fn, x.sqrt().grad_fn, x.sum(0).grad_fn
    return (
        product._saved_self is x,
        product._saved_other is y,
        plain(root._saved_result[:1]),
        total._saved_dim,
        total._saved_keepdim,
        (x**3).grad_fn._saved_exponent,
    )


@scenario
def saved_value_that_was_freed(lib: Any) -> Any:
    y = leaf(lib).exp()
    node = y.grad_fn
    y.sum().backward()
    node._saved_result


@scenario
def saved_value_that_does_not_exist(lib: Any) -> Any:
    leaf(lib).exp().grad_fn._saved_nothing


@scenario
def notes_on_a_node(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.grad_fn.metadata["mine"] = 5
    return y.sum().grad_fn.next_functions[0][0].metadata["mine"]


@scenario
def gradient_edges(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    inner, outer = (lib.autograd.graph.get_gradient_edge(t) for t in (y, x))
    found = lib.autograd.grad(y.sum(), [inner, outer], retain_graph=True)
    lib.autograd.backward(inner, ones(lib))
    return inner.node is y.grad_fn, inner.output_nr, outer.node.name(), plain([found, x.grad])


@scenario
def gradient_edge_of_one_of_several(lib: Any) -> Any:
    x = leaf(lib)
    parts = x.unbind()
    edge = lib.autograd.graph.get_gradient_edge(parts[1])
    return edge.output_nr, plain(lib.autograd.grad((parts[1] * 3 + parts[0]), edge))


@scenario
def version_raised_behind_the_graph(lib: Any) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    lib.autograd.graph.increment_version(x)
    y.backward()


# --- changes in place --------------------------------------------------------------------------


@scenario
def leaf_changed_in_place(lib: Any) -> Any:
    leaf(lib).mul_(2)


@scenario
def view_of_a_leaf_changed_in_place(lib: Any) -> Any:
    leaf(lib)[:2].mul_(2)


@scenario
def leaf_changed_under_no_grad(lib: Any) -> Any:
    x = leaf(lib)
    with lib.no_grad():
        x.mul_(2)
    x.sum().backward()
    return plain([x.detach(), x.grad]), x.is_leaf


@scenario
def saved_input_changed(lib: Any) -> Any:
    y = leaf(lib) * 1
    z = (y * y).sum()
    y.add_(1)
    z.backward()


@scenario
def saved_output_changed(lib: Any) -> Any:
    y = leaf(lib).exp()
    y.add_(1)
    y.sum().backward()


@scenario
def unsaved_tensor_changed(lib: Any) -> Any:
    x = leaf(lib)
    y = x + 1
    z = y + 2
    y.mul_(5)
    (y.sum() + z.sum()).backward()
    return plain(x.grad)


@scenario
def saved_tensor_changed_through_a_view(lib: Any) -> Any:
    y = leaf(lib) * 1
    z = (y * y).sum()
    y[0] = 5.0
    z.backward()


@scenario
def saved_tensor_changed_through_detach(lib: Any) -> Any:
    y = leaf(lib) * 1
    z = (y * y).sum()
    y.detach().zero_()
    z.backward()


@scenario
def saved_tensor_changed_through_data(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 1
    z = (y * y).sum()
    y.data.zero_()
    z.backward()
    return plain(x.grad)


@scenario
def versions(lib: Any) -> Any:
    x = ones(lib)
    view = x[1:]
    view.add_(1)
    x.mul_(2)
    return x._version, view._version, x.detach()._version


@scenario
def chain_of_changes(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    z = x * 2
    z[0].mul_(y[1])
    z[1:].add_(y[:2])
    z.mul_(3)
    (z * z).sum().backward()
    return plain([x.grad, y.grad])
