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
