"""Programs with functions of the user's own: what both libraries must agree on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.autograd.scenarios import leaf, ones, plain, scenario


def function(lib: Any, forward: Any, backward: Any, **more: Any) -> Any:
    """A ``Function`` made of plain functions."""
    methods = {"forward": forward, "backward": backward, **more}
    static = {name: staticmethod(f) for name, f in methods.items() if f is not None}
    return type("Mine", (lib.autograd.Function,), static)


def noted(notes: list[Any], note: Any, result: Any) -> Any:
    """``result``, after ``note`` was written down."""
    notes.append(note)
    return result


def saving(*names: str) -> Callable[[Any, Any], Any]:
    """A forward ``x * 1`` that saves what is named."""

    def forward(ctx: Any, x: Any) -> Any:
        y = x * 1
        ctx.save_for_backward(*[{"x": x, "y": y, "none": None}[n] for n in names])
        return y

    return forward


# --- what backward returns ---------------------------------------------------------------------


@scenario
def too_few_gradients(lib: Any) -> Any:
    function(lib, lambda c, x, y: x * y, lambda c, g: g).apply(
        leaf(lib), leaf(lib)
    ).sum().backward()


@scenario
def too_many_gradients(lib: Any) -> Any:
    function(lib, lambda c, x: x * 1, lambda c, g: (g, g)).apply(leaf(lib)).sum().backward()


@scenario
def superfluous_nones(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x: x * 1, lambda c, g: (g, None, None)).apply(x).sum().backward()
    return plain(x.grad)


@scenario
def gradient_for_a_number(lib: Any) -> Any:
    function(lib, lambda c, x, n: x * n, lambda c, g: (g, g)).apply(leaf(lib), 3).sum().backward()


@scenario
def gradient_for_a_tensor_that_wants_none(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x, n: x * n, lambda c, g: (g, g)).apply(x, ones(lib)).sum().backward()
    return plain(x.grad)


@scenario
def number_as_gradient(lib: Any) -> Any:
    function(lib, lambda c, x: x * 1, lambda c, g: 3.0).apply(leaf(lib)).sum().backward()


@scenario
def list_of_gradients(lib: Any) -> Any:
    mine = function(lib, lambda c, x, y: x * 1, lambda c, g: [g, g])
    mine.apply(leaf(lib), leaf(lib)).sum().backward()


@scenario
def gradient_of_a_wrong_shape(lib: Any) -> Any:
    function(lib, lambda c, x: x * 1, lambda c, g: g[:2]).apply(leaf(lib)).sum().backward()


@scenario
def gradient_that_is_smaller(lib: Any) -> Any:
    function(lib, lambda c, x: x * 1, lambda c, g: g[:1]).apply(leaf(lib)).sum().backward()


@scenario
def gradient_that_broadcast(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x: x * 1, lambda c, g: ones(lib, 2, 3)).apply(x).sum().backward()
    return plain(x.grad)


@scenario
def gradient_of_another_type(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x: x * 1, lambda c, g: g.float()).apply(x).sum().backward()
    return str(x.grad.dtype).split(".")[1]


@scenario
def no_gradient_at_all(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x: x * 1, lambda c, g: None).apply(x).sum().backward()
    return x.grad


@scenario
def no_forward(lib: Any) -> Any:
    function(lib, None, lambda c, g: g).apply(leaf(lib))


@scenario
def no_backward(lib: Any) -> Any:
    function(lib, lambda c, x: x * 1, None).apply(leaf(lib)).sum().backward()


@scenario
def backward_called_vjp(lib: Any) -> Any:
    x = leaf(lib)
    function(lib, lambda c, x: x * 2, None, vjp=lambda c, g: g * 9).apply(x).sum().backward()
    return plain(x.grad)


# --- what forward returns ----------------------------------------------------------------------


@scenario
def forward_returns_no_tensor(lib: Any) -> Any:
    return function(lib, lambda c, x: 3, lambda c, g: g).apply(leaf(lib))


@scenario
def forward_returns_tensors_and_text(lib: Any) -> Any:
    mine = function(lib, lambda c, x: (x * 2, "a"), lambda c, g, _: g * 2)
    x = leaf(lib)
    y, text = mine.apply(x)
    y.sum().backward()
    return text, plain(x.grad)


@scenario
def forward_returns_a_list(lib: Any) -> Any:
    found = function(lib, lambda c, x: [x * 1, x * 2], lambda c, g: g).apply(leaf(lib))
    return type(found).__name__, found[0].requires_grad


@scenario
def forward_returns_integers(lib: Any) -> Any:
    seen: list[Any] = []
    mine = function(
        lib,
        lambda c, x: (x * 1, x > 1, x.long()),
        lambda c, *gs: noted(seen, [(str(g.dtype).split(".")[1], plain(g)) for g in gs], gs[0]),
    )
    outputs = mine.apply(leaf(lib))
    outputs[0].sum().backward()
    return [o.requires_grad for o in outputs], seen


@scenario
def forward_returns_its_input(lib: Any) -> Any:
    x = leaf(lib)
    y = function(lib, lambda c, x: x, lambda c, g: g * 5).apply(x)
    y.sum().backward()
    return y is x, x.is_leaf, plain(x.grad)


@scenario
def forward_returns_an_input_that_wants_no_gradient(lib: Any) -> Any:
    w = ones(lib)
    mine = function(lib, lambda c, x, w: (x * 1, w), lambda c, g, h: (g, h))
    _, second = mine.apply(leaf(lib), w)
    alone = function(lib, lambda c, w: w, lambda c, g: g).apply(w)
    return second is w, second.requires_grad, w.requires_grad, alone is w, alone.requires_grad


@scenario
def forward_returns_a_view(lib: Any) -> Any:
    x = leaf(lib)
    y = function(lib, lambda c, x: x[:2], lambda c, g: lib.cat([g, g[:1]])).apply(x)
    y.sum().backward()
    return y._is_view(), plain(x.grad)


@scenario
def view_of_an_input_changed_in_place(lib: Any) -> Any:
    y = function(lib, lambda c, x: x[:2], lambda c, g: g).apply(leaf(lib) * 1)
    y.mul_(2)


@scenario
def view_of_an_input_whose_base_changed(lib: Any) -> Any:
    x = leaf(lib) * 1
    y = function(lib, lambda c, x: x[:2], lambda c, g: g).apply(x)
    x.mul_(2)
    y.grad_fn


@scenario
def forward_returns_a_tensor_twice(lib: Any) -> Any:
    x = leaf(lib)
    a, b = function(lib, lambda c, x: (x * 2,) * 2, lambda c, g, h: g + h).apply(x)
    (a.sum() + b.sum()).backward()
    return plain(x.grad)


@scenario
def second_output_alone(lib: Any) -> Any:
    seen: list[Any] = []
    mine = function(
        lib, lambda c, x: (x * 1, x * 2), lambda c, g, h: noted(seen, plain([g, h]), g + 2 * h)
    )
    x = leaf(lib)
    mine.apply(x)[1].sum().backward()
    return seen, plain(x.grad)


@scenario
def outputs_without_gradient_as_none(lib: Any) -> Any:
    seen: list[Any] = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(False)
        return x * 1, x * 2

    mine = function(lib, forward, lambda c, g, h: noted(seen, plain([g, h]), g))
    mine.apply(leaf(lib))[0].sum().backward()
    return seen


@scenario
def output_marked_as_not_differentiable(lib: Any) -> Any:
    seen: list[Any] = []

    def forward(ctx: Any, x: Any) -> Any:
        a, b = x * 1, x * 2
        ctx.mark_non_differentiable(b)
        return a, b

    mine = function(lib, forward, lambda c, g, h: noted(seen, plain([g, h]), g))
    a, b = mine.apply(leaf(lib))
    a.sum().backward()
    return b.requires_grad, b.grad_fn, seen


@scenario
def forward_that_records(lib: Any) -> Any:
    w = leaf(lib)

    def forward(ctx: Any, x: Any) -> Any:
        with lib.enable_grad():
            return x * w

    mine = function(lib, forward, lambda c, g: g * 2)
    x = leaf(lib)
    mine.apply(x).sum().backward()
    return plain(x.grad), w.grad, mine.apply(ones(lib)).requires_grad


# --- ctx ---------------------------------------------------------------------------------------


@scenario
def which_inputs_need_gradients(lib: Any) -> Any:
    seen: list[Any] = []
    mine = function(
        lib,
        lambda c, x, y, n: noted(seen, c.needs_input_grad, x * y),
        lambda c, g: noted(seen, c.needs_input_grad, (g, None, None)),
    )
    mine.apply(leaf(lib), ones(lib), 3).sum().backward()
    with lib.no_grad():
        mine.apply(leaf(lib), ones(lib), 3)
    return seen


@scenario
def user_attributes_of_any_name(lib: Any) -> Any:
    seen: list[Any] = []
    names = ["shape", "dtype", "saved", "edges", "plan", "hooks", "sequence", "versions", "k"]

    def forward(ctx: Any, x: Any) -> Any:
        for name in names:
            setattr(ctx, name, "mine")
        return x * 2

    def backward(ctx: Any, g: Any) -> Any:
        seen.extend(getattr(ctx, name) for name in names)
        return g * 2

    x = leaf(lib)
    y = function(lib, forward, backward).apply(x)
    y.sum().backward()
    return seen, y.grad_fn.k, plain(x.grad)


@scenario
def saved_tensors_are_the_same_objects(lib: Any) -> Any:
    seen: list[Any] = []

    def backward(ctx: Any, g: Any) -> Any:
        first, second, third = ctx.saved_tensors
        return noted(seen, (first is x, second.grad_fn is y.grad_fn, third), g)

    x = leaf(lib)
    y = function(lib, saving("x", "y", "none"), backward).apply(x)
    y.sum().backward()
    return seen


@scenario
def node_shows_what_ctx_has(lib: Any) -> Any:
    x = leaf(lib)
    node = function(lib, saving("x"), lambda c, g: g).apply(x).grad_fn
    return node.saved_tensors[0] is x, node.needs_input_grad, node.name(), type(node).__name__


@scenario
def saved_tensors_freed(lib: Any) -> Any:
    y = (
        function(lib, saving("x"), lambda c, g: noted([], c.saved_tensors, g))
        .apply(leaf(lib))
        .sum()
    )
    y.backward()
    y.backward()


@scenario
def nothing_saved_runs_twice(lib: Any) -> Any:
    x = leaf(lib)
    y = function(lib, lambda c, x: x * 1, lambda c, g: g).apply(x)
    y.backward(ones(lib))
    y.backward(ones(lib))
    return plain(x.grad)


@scenario
def number_saved(lib: Any) -> Any:
    function(lib, lambda c, x: c.save_for_backward(3), lambda c, g: g).apply(leaf(lib))


@scenario
def saved_twice_keeps_the_last(lib: Any) -> Any:
    seen: list[Any] = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.save_for_backward(x, x)
        return x * 1

    mine = function(lib, forward, lambda c, g: noted(seen, len(c.saved_tensors), g))
    mine.apply(leaf(lib)).sum().backward()
    return seen


@scenario
def saved_input_of_a_function_changed(lib: Any) -> Any:
    x = leaf(lib) * 1
    y = function(lib, saving("x"), lambda c, g: noted([], c.saved_tensors, g)).apply(x)
    x.add_(1)
    y.sum().backward()


@scenario
def saved_output_of_a_function_changed(lib: Any) -> Any:
    y = function(lib, saving("y"), lambda c, g: noted([], c.saved_tensors, g)).apply(leaf(lib))
    y.add_(1)
    y.sum().backward()


@scenario
def gradient_mode_inside(lib: Any) -> Any:
    seen: list[Any] = []
    mine = function(
        lib,
        lambda c, x: noted(seen, lib.is_grad_enabled(), x * 1),
        lambda c, g: noted(seen, lib.is_grad_enabled(), g),
    )
    x = leaf(lib)
    y = mine.apply(x).sum()
    y.backward(retain_graph=True)
    lib.autograd.grad(y, x, create_graph=True)
    return seen


@scenario
def error_inside_forward_restores_the_mode(lib: Any) -> Any:
    mine = function(lib, lambda c, x: {}[x], lambda c, g: g)
    try:
        mine.apply(leaf(lib))
    except KeyError:
        return lib.is_grad_enabled()


@scenario
def tensors_inside_a_list_are_not_seen(lib: Any) -> Any:
    return (
        function(lib, lambda c, xs: xs[0] * 1, lambda c, g: None).apply([leaf(lib)]).requires_grad
    )


@scenario
def arguments_by_name(lib: Any) -> Any:
    x = leaf(lib)
    mine = function(lib, lambda ctx, x: x * 2, lambda c, g: g * 2)
    mine.apply(x=x).sum().backward()
    return plain(x.grad)


@scenario
def hook_on_the_node_of_a_function(lib: Any) -> Any:
    seen: list[Any] = []
    y = function(lib, lambda c, x: x * 2, lambda c, g: g * 2).apply(leaf(lib))
    y.grad_fn.register_hook(lambda before, after: seen.append(plain([before, after])))
    y.sum().backward()
    return seen


# --- changes in place --------------------------------------------------------------------------


def doubling(ctx: Any, x: Any) -> Any:
    """Changes its input in place and says so."""
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


@scenario
def dirty_input(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 1
    z = function(lib, doubling, lambda c, g: g * 2).apply(y)
    z.sum().backward()
    return z is y, y.grad_fn.name(), plain([y.detach(), x.grad])


@scenario
def dirty_leaf(lib: Any) -> Any:
    function(lib, doubling, lambda c, g: g * 2).apply(leaf(lib))


@scenario
def dirty_input_that_is_not_returned(lib: Any) -> Any:
    mine = function(lib, lambda c, x: doubling(c, x) * 1, lambda c, g: g * 2)
    mine.apply(leaf(lib) * 1)


@scenario
def dirty_view(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 1
    function(lib, doubling, lambda c, g: g * 2).apply(y[:2])
    y.sum().backward()
    return plain(x.grad)


@scenario
def dirty_input_that_wants_no_gradient(lib: Any) -> Any:
    def forward(ctx: Any, x: Any, w: Any) -> Any:
        x.mul_(w)
        ctx.mark_dirty(x)
        return x

    w, x = leaf(lib), ones(lib)
    z = function(lib, forward, lambda c, g: (None, g)).apply(x, w)
    z.sum().backward()
    return z is x, x.requires_grad, plain(w.grad)


@scenario
def dirty_input_and_another_output(lib: Any) -> Any:
    x = leaf(lib) * 1
    first, second = function(
        lib, lambda c, x: (doubling(c, x), x * 1), lambda c, g, h: g * 2
    ).apply(x)
    return first is x, first.grad_fn is second.grad_fn


# --- in two parts, twice, once -----------------------------------------------------------------


@scenario
def context_set_up_apart(lib: Any) -> Any:
    seen: list[Any] = []

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.k = inputs[1]
        seen.append((inputs[0] is x, type(output).__name__, output[1], ctx.needs_input_grad))

    x = leaf(lib)
    mine = function(
        lib, lambda x, k: (x * k, 3), lambda c, g, _: (g * c.k, None), setup_context=setup
    )
    mine.apply(x, 4)[0].sum().backward()
    return seen, plain(x.grad)


@scenario
def defaults_of_forward_reach_setup_context(lib: Any) -> Any:
    x = leaf(lib)
    mine = function(
        lib,
        lambda x, k=5: x * k,
        lambda c, g: (g * c.k, None),
        setup_context=lambda c, inputs, output: setattr(c, "k", inputs[1]),
    )
    mine.apply(x).sum().backward()
    return plain(x.grad)


@scenario
def second_derivative_of_a_function(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x**2

    x = leaf(lib)
    (first,) = lib.autograd.grad(
        function(lib, forward, backward).apply(x).sum(), x, create_graph=True
    )
    return plain([first, lib.autograd.grad(first.sum(), x)])


def cube_once(lib: Any) -> Any:
    """A cube whose derivative cannot be differentiated."""

    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @lib.autograd.function.once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x**2

    return function(lib, forward, backward)


@scenario
def once_differentiable_once(lib: Any) -> Any:
    x = leaf(lib)
    y = cube_once(lib).apply(x).sum()
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    return plain(first), first.requires_grad


@scenario
def once_differentiable_twice(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = cube_once(lib).apply(x * w)
    (first,) = lib.autograd.grad((y * w).sum(), x, create_graph=True)
    first.sum().backward()
