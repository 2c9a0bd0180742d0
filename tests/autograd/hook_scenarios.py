"""Programs with hooks: what both libraries must agree on."""

from __future__ import annotations

from typing import Any

from tests.autograd.scenarios import accumulator, leaf, noting, ones, plain, scenario


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
