"""Small programs over a library, each giving plain values: what both libraries must agree on.

A program is a function of the library. Its name is the behaviour that it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SCENARIOS: list[Callable[[Any], Any]] = []


def scenario(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a program to the list."""
    SCENARIOS.append(function)
    return function


def leaf(lib: Any, *values: float) -> Any:
    """A float64 leaf that wants a gradient."""
    return lib.tensor(values or (1.0, 2.0, 3.0), dtype=lib.float64, requires_grad=True)


def ones(lib: Any, *shape: int) -> Any:
    """float64 ones."""
    return lib.ones(*(shape or (3,)), dtype=lib.float64)


def plain(value: Any) -> Any:
    """Tensors inside ``value`` as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def noting(notes: list[Any], note: Any, result: Any = None) -> Callable[..., Any]:
    """A hook that writes ``note`` (called on its arguments if it can be) and returns ``result``."""

    def hook(*arguments: Any) -> Any:
        notes.append(plain(note(*arguments)) if callable(note) else note)
        return result(*arguments) if callable(result) else result

    return hook


def accumulator(x: Any) -> Any:
    """The node that adds to a leaf's ``grad``."""
    return x.view_as(x).grad_fn.next_functions[0][0]


# --- going backward twice, along parts, from several roots -------------------------------------


@scenario
def sum_saves_no_tensor_and_runs_twice(lib: Any) -> Any:
    x = leaf(lib)
    y = x.sum()
    y.backward()
    y.backward()
    return plain(x.grad)


@scenario
def mean_runs_twice(lib: Any) -> Any:
    x = leaf(lib)
    y = x.mean()
    y.backward()
    y.backward()
    return plain(x.grad)


@scenario
def product_does_not_run_twice(lib: Any) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    y.backward()
    y.backward()


@scenario
def product_with_a_number_does_not_run_twice(lib: Any) -> Any:
    y = (leaf(lib) * 2).sum()
    y.backward()
    y.backward()


@scenario
def retained_graph_runs_twice(lib: Any) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return plain(x.grad)


@scenario
def create_graph_retains(lib: Any) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    first = lib.autograd.grad(y, x, create_graph=True)[0]
    return plain([first, lib.autograd.grad(y, x)[0]]), first.requires_grad


@scenario
def grad_to_an_inner_tensor_frees_only_what_it_visited(lib: Any) -> Any:
    x = leaf(lib)
    y = x * x
    found = lib.autograd.grad((y * y).sum(), y)
    y.sum().backward()
    return plain([found, x.grad])


@scenario
def several_roots(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    lib.autograd.backward([y.sum(), (y * y).sum()], [None, lib.tensor(3.0, dtype=lib.float64)])
    return plain(x.grad)


@scenario
def root_that_is_inside_the_graph_of_another(lib: Any) -> Any:
    x = leaf(lib)
    y = x.sum()
    lib.autograd.backward([y * 2, y])
    return plain(x.grad)


@scenario
def leaf_as_root(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    x.backward()
    return plain(x.grad)


@scenario
def backward_under_no_grad(lib: Any) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    with lib.no_grad():
        y.backward()
    return plain(x.grad)


@scenario
def gradient_of_another_type_is_converted(lib: Any) -> Any:
    x = leaf(lib)
    (x * 2).backward(lib.ones(3))
    (x * 2).backward(lib.ones(3, dtype=lib.int64))
    return str(x.grad.dtype).split(".")[1], plain(x.grad)


@scenario
def gradient_of_another_shape(lib: Any) -> Any:
    (leaf(lib) * 2).backward(ones(lib, 1, 3))


@scenario
def complex_gradient_of_a_real_output(lib: Any) -> Any:
    (leaf(lib) * 2).backward(lib.ones(3, dtype=lib.complex128))


@scenario
def real_gradient_of_a_complex_output(lib: Any) -> Any:
    x = lib.ones(3, dtype=lib.complex128, requires_grad=True)
    (x * 2).backward(ones(lib))


@scenario
def no_gradient_for_three_elements(lib: Any) -> Any:
    (leaf(lib) * 2).backward()


@scenario
def no_gradient_for_a_complex_output(lib: Any) -> Any:
    x = lib.ones(1, dtype=lib.complex128, requires_grad=True)
    (x * 2).backward()


@scenario
def backward_without_a_graph(lib: Any) -> Any:
    ones(lib, 1).backward()


@scenario
def wrong_number_of_gradients(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.backward([x.sum(), x.sum()], [lib.tensor(1.0)])


# --- chosen inputs -----------------------------------------------------------------------------


@scenario
def backward_to_chosen_leaves(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    (x * y).sum().backward(inputs=[x, x])
    return plain(x.grad), y.grad


@scenario
def backward_to_an_inner_tensor(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    (y * 3).sum().backward(inputs=[y], retain_graph=True)
    (y * 3).sum().backward(inputs=y)
    return plain(y.grad), x.grad, y.retains_grad


@scenario
def backward_to_nothing(lib: Any) -> Any:
    leaf(lib).sum().backward(inputs=[])


@scenario
def backward_to_an_unused_leaf(lib: Any) -> Any:
    y = leaf(lib)
    leaf(lib).sum().backward(inputs=[y])
    return y.grad


@scenario
def grad_of_nothing(lib: Any) -> Any:
    lib.autograd.grad(leaf(lib).sum(), [])


@scenario
def grad_of_an_input_without_gradient(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.grad(x.sum(), [x, ones(lib)], allow_unused=True)


@scenario
def grad_of_an_unused_input(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.grad(x.sum(), [x, leaf(lib)])


@scenario
def grad_of_an_unused_input_allowed(lib: Any) -> Any:
    x = leaf(lib)
    return plain(lib.autograd.grad(x.sum(), [x, leaf(lib)], allow_unused=True))


@scenario
def grad_of_an_unused_input_as_zeros(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib, 1.0)
    return plain(lib.autograd.grad(x.sum(), [x, y, y * 2], materialize_grads=True))


@scenario
def zeros_for_unused_inputs_that_are_forbidden(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)


@scenario
def grad_of_the_same_input_twice(lib: Any) -> Any:
    x = leaf(lib)
    return plain(lib.autograd.grad((x * x).sum(), [x, x]))


@scenario
def grad_of_a_tensor_by_itself(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    y = x * 2
    return plain([lib.autograd.grad(x, x), lib.autograd.grad(y, y)])


@scenario
def grads_in_batches(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = x * x
    rows = lib.eye(3, dtype=lib.float64)
    found = lib.autograd.grad(y, [x, w], rows, is_grads_batched=True, allow_unused=True)
    return plain(found)


@scenario
def third_derivative(lib: Any) -> Any:
    x = leaf(lib)
    y = (x**4).sum()
    for _ in range(3):
        (y,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    return plain(y)


@scenario
def gradient_that_requires_a_gradient(lib: Any) -> Any:
    x, g = leaf(lib), leaf(lib)
    quiet = lib.autograd.grad(x * 2, x, g)[0]
    loud = lib.autograd.grad(x * 2, x, g, create_graph=True)[0]
    return quiet.requires_grad, loud.requires_grad, plain(lib.autograd.grad(loud.sum(), g))


# --- accumulation ------------------------------------------------------------------------------


@scenario
def grad_keeps_its_identity(lib: Any) -> Any:
    x = leaf(lib)
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    return first is x.grad, plain(first)


@scenario
def create_graph_gives_another_tensor(lib: Any) -> Any:
    x = leaf(lib)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward(create_graph=True)
    return first is x.grad, plain([first, x.grad]), x.grad.requires_grad


@scenario
def plain_pass_after_create_graph(lib: Any) -> Any:
    x = leaf(lib)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward()
    return first is x.grad, plain(x.grad)


@scenario
def leaves_do_not_share_a_gradient(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    (x + y).backward(ones(lib) * 1)
    x.grad.mul_(5)
    return plain([x.grad, y.grad])


@scenario
def kept_gradient_is_not_shared_with_a_leaf(lib: Any) -> Any:
    x = leaf(lib)
    y = x + 1
    y.retain_grad()
    y.backward(ones(lib))
    x.grad.mul_(5)
    return plain([x.grad, y.grad])


@scenario
def grad_has_the_layout_of_its_leaf(lib: Any) -> Any:
    rows = ones(lib, 2, 3).requires_grad_()
    columns = ones(lib, 2, 3).t().requires_grad_()
    stretched = ones(lib, 3).expand(2, 3).requires_grad_()
    for x, other in ((rows.t(), ones(lib, 3, 2)), (columns, ones(lib, 3, 2)), (stretched, 1.0)):
        (x * other).sum().backward()
    return rows.grad.stride(), columns.grad.stride(), stretched.grad.stride()


@scenario
def assigned_grad_must_fit(lib: Any) -> Any:
    leaf(lib).grad = ones(lib, 2)


@scenario
def assigned_grad_must_have_the_type(lib: Any) -> Any:
    leaf(lib).grad = lib.ones(3)


@scenario
def assigned_grad_must_be_a_tensor(lib: Any) -> Any:
    leaf(lib).grad = 1.0


@scenario
def assigned_grad_must_be_another_tensor(lib: Any) -> Any:
    x = leaf(lib)
    x.grad = x


@scenario
def integers_want_no_gradient(lib: Any) -> Any:
    lib.tensor([0, 1]).requires_grad_()


@scenario
def history_cannot_be_switched_off(lib: Any) -> Any:
    (leaf(lib) * 2).requires_grad = False


# --- kept gradients ----------------------------------------------------------------------------


@scenario
def kept_gradient_accumulates(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return plain(y.grad), y.retains_grad, x.retains_grad


@scenario
def kept_gradient_follows_an_inplace_change(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.retain_grad()
    y.mul_(3)
    (y * 5).sum().backward()
    return plain(y.grad), y.retains_grad


@scenario
def kept_gradient_of_a_view_follows_an_inplace_change(lib: Any) -> Any:
    y = leaf(lib) * 2
    part = y[:2]
    part.retain_grad()
    part.mul_(3)
    (part * 5).sum().backward()
    return plain(part.grad)


@scenario
def kept_gradient_of_a_base_follows_a_change_of_its_view(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.retain_grad()
    y[:2].mul_(3)
    (y * 5).sum().backward()
    return plain(y.grad)


@scenario
def keeping_needs_a_gradient(lib: Any) -> Any:
    ones(lib).retain_grad()


# --- hooks -------------------------------------------------------------------------------------


@scenario
def hooks_run_in_order_and_replace(lib: Any) -> Any:
    x, notes = leaf(lib), []
    x.register_hook(noting(notes, "a", lambda g: g * 2))
    x.register_hook(noting(notes, "b", lambda g: g + 1))
    (x * 1 + x * 2).sum().backward()
    return notes, plain(x.grad)


@scenario
def removed_hook_does_not_run(lib: Any) -> Any:
    x, notes = leaf(lib), []
    handle = x.register_hook(noting(notes, "a"))
    x.register_hook(noting(notes, "b"))
    handle.remove()
    handle.remove()
    x.sum().backward()
    return notes


@scenario
def hook_sees_the_whole_gradient_once(lib: Any) -> Any:
    x, notes = leaf(lib), []
    y = x * 2
    y.register_hook(noting(notes, lambda g: g))
    (y * 1 + y * 2 + y * 3).sum().backward()
    return notes, plain(x.grad)


@scenario
def kept_gradient_is_what_hooks_made(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * 5).sum().backward()
    return plain([y.grad, x.grad])


@scenario
def hook_stays_with_the_value_it_was_put_on(lib: Any) -> Any:
    y, notes = leaf(lib) * 2, []
    y.register_hook(noting(notes, lambda g: ("old", g.tolist())))
    y.mul_(3)
    y.register_hook(noting(notes, lambda g: ("new", g.tolist())))
    (y * 5).sum().backward()
    return notes


@scenario
def hook_on_a_view(lib: Any) -> Any:
    x, notes = leaf(lib), []
    y = x * 2
    part = y[1:]
    part.register_hook(noting(notes, lambda g: g, lambda g: g * 10))
    (part * 3).sum().backward()
    return notes, plain(x.grad)


@scenario
def hook_on_one_of_several_outputs(lib: Any) -> Any:
    x, notes = leaf(lib), []
    first, second, _ = x.unbind()
    second.register_hook(noting(notes, lambda g: g, lambda g: g * 10))
    (first + second * 3).backward()
    return notes, plain(x.grad)


@scenario
def hooks_with_grad(lib: Any) -> Any:
    x, y, notes = leaf(lib), leaf(lib), []
    x.register_hook(noting(notes, "wanted", lambda g: g * 2))
    y.register_hook(noting(notes, "not wanted"))
    return plain(lib.autograd.grad((x * y).sum(), x)), notes


@scenario
def hooks_before_and_behind_what_is_wanted(lib: Any) -> Any:
    notes: list[Any] = []
    y = leaf(lib) * 2
    z = y * 2
    y.register_hook(noting(notes, "behind"))
    z.register_hook(noting(notes, "wanted", lambda g: g * 2))
    return plain(lib.autograd.grad((z * 3).sum(), z)), notes


@scenario
def hook_returns_a_number(lib: Any) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: 3)
    x.sum().backward()


@scenario
def hook_returns_another_shape(lib: Any) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g[:2])
    x.sum().backward()


@scenario
def hook_returns_another_type(lib: Any) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g.float())
    x.sum().backward()


@scenario
def hook_needs_a_gradient(lib: Any) -> Any:
    ones(lib).register_hook(lambda g: g)


@scenario
def hooks_after_accumulation(lib: Any) -> Any:
    x, notes = leaf(lib), []
    x.register_post_accumulate_grad_hook(noting(notes, lambda p: (p is x, p.grad.tolist())))
    lib.autograd.grad((x * 3).sum(), x)
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    return notes


@scenario
def optimizer_step_inside_a_hook(lib: Any) -> Any:
    x = leaf(lib)
    optimizer = lib.optim.SGD([x], lr=0.5)

    def update(_: Any) -> None:
        optimizer.step()
        optimizer.zero_grad()

    x.register_post_accumulate_grad_hook(update)
    for _ in range(3):
        (x * x).sum().backward()
    return plain(x), x.grad


@scenario
def hook_after_accumulation_on_an_inner_tensor(lib: Any) -> Any:
    (leaf(lib) * 2).register_post_accumulate_grad_hook(lambda p: None)


@scenario
def hook_after_accumulation_without_gradient(lib: Any) -> Any:
    ones(lib).register_post_accumulate_grad_hook(lambda p: None)


@scenario
def hook_after_accumulation_returns_something(lib: Any) -> Any:
    x = leaf(lib)
    x.register_post_accumulate_grad_hook(lambda p: 3)
    x.sum().backward()


@scenario
def hook_of_a_node(lib: Any) -> Any:
    y, notes = leaf(lib) * 2, []
    y.grad_fn.register_hook(noting(notes, lambda before, after: (before, after)))
    y.sum().backward()
    return notes


@scenario
def hook_of_a_node_replaces(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.grad_fn.register_hook(lambda before, after: (before[0] * 10, None))
    y.sum().backward()
    return plain(x.grad)


@scenario
def hook_of_a_node_returns_a_wrong_number(lib: Any) -> Any:
    y = leaf(lib).exp()
    y.grad_fn.register_hook(lambda before, after: (before[0], before[0]))
    y.sum().backward()


@scenario
def hook_of_a_node_returns_no_tuple(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.grad_fn.register_hook(lambda before, after: 3)
    y.sum().backward()


@scenario
def hook_before_a_node(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.grad_fn.register_prehook(lambda after: (after[0] * 7,))
    y.sum().backward()
    return plain(x.grad)


@scenario
def order_of_all_hooks(lib: Any) -> Any:
    y, notes = leaf(lib) * 2, []
    y.grad_fn.register_hook(noting(notes, "after the node"))
    y.grad_fn.register_prehook(noting(notes, "before the node"))
    y.register_hook(noting(notes, "on the tensor"))
    y.sum().backward()
    return notes


@scenario
def order_of_all_hooks_on_a_leaf(lib: Any) -> Any:
    x, notes = leaf(lib), []
    node = accumulator(x)
    node.register_hook(noting(notes, "after the node"))
    node.register_prehook(noting(notes, "before the node"))
    x.register_post_accumulate_grad_hook(noting(notes, "after accumulation"))
    x.register_hook(noting(notes, "on the tensor"))
    (x * 2).sum().backward()
    return notes, node.name()


@scenario
def hooks_of_an_accumulator(lib: Any) -> Any:
    x, notes = leaf(lib), []
    x.sum().backward()
    node = accumulator(x)
    node.register_prehook(lambda after: (after[0] * 7,))
    node.register_hook(noting(notes, lambda before, after: (before, after)))
    (2 * x).sum().backward()
    return notes, plain(x.grad)


@scenario
def gradient_mode_inside_hooks(lib: Any) -> Any:
    x, notes = leaf(lib), []
    x.register_hook(noting(notes, lambda g: lib.is_grad_enabled()))
    x.sum().backward()
    lib.autograd.grad((x * x).sum(), x, create_graph=True)
    return notes


@scenario
def backward_inside_a_hook(lib: Any) -> Any:
    x, q = leaf(lib), leaf(lib)
    y = x * 2

    def hook(g: Any) -> None:
        with lib.enable_grad():
            (q * q).sum().backward()

    y.register_hook(hook)
    y.sum().backward()
    return plain([x.grad, q.grad])


# --- the graph ---------------------------------------------------------------------------------


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
