"""Checkpoints: what a function computes on its way is not kept, but computed again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.modes import enable_grad
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.func.control.values import is_recording
from flambeau.func.level import off_graph
from flambeau.func.stretch import StretchNode, edges_before
from flambeau.ops.elementwise import elementwise
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.generator import default_generator
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of

# The identity. Values computed from it are no common subexpressions of those computed before, so
# a compiled function really computes them again.
RECOMPUTE = elementwise(
    "recompute",
    lambda x, number: x.copy(),
    params="number",
    gradient={"input": lambda g: g},
    scalar=lambda s, x, number: x,
    samples=lambda make: [
        *make.unary((-3, 3), params=(1,)),
        make.sample(inputs=(make.integers((3,)),), params=(2,)),
    ],
)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    debug: bool = False,
    context_fn: Any = None,
    **kwargs: Any,
) -> Any:
    """Call a function and keep nothing of it but its arguments and results.

    Going backward, the function runs again. Memory for its activations is needed only then, one
    checkpointed function at a time.

    Args:
        function: must compute the same each time: no side effects that change its result.
        args, kwargs: trees with tensors.
        use_reentrant: has no effect: PyTorch's older implementation does not exist here.
        preserve_rng_state: draw the same random numbers the second time.
        determinism_check, debug, context_fn: have no effect.

    Returns:
        What the function returns.

    Raises:
        RuntimeError: in the backward pass, if the second run gives other shapes.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, requires_grad=True)
        >>> fb.func.checkpoint(lambda x: x.exp().sin(), x).sum().backward()
        >>> x.grad
        tensor([-2.4784, -2.4784])

    Reference: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost.
    """
    if not MODE.code & GRAD:
        return function(*args, **kwargs)
    return _Segment(function, args, kwargs, preserve_rng_state).run()


def remat(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is checkpointed at every call: JAX's ``jax.checkpoint``.

    Example:
        >>> import flambeau as fb
        >>> fb.func.grad(fb.func.remat(lambda x: x.sin().exp()))(fb.tensor(0.))
        tensor(1.)
    """

    @functools.wraps(function)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        return (
            _Segment(function, args, kwargs, True).run()
            if MODE.code & GRAD
            else function(*args, **kwargs)
        )

    return checkpointed


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool = False, **kwargs: Any
) -> Any:
    """Apply functions one after the other, checkpointed in groups; the last group is not.

    Args:
        functions: a sequence of functions or modules, or a module that holds them.
        segments: how many groups.
        input: what the first one is given.
        use_reentrant: has no effect.
        kwargs: ``preserve_rng_state``.

    Raises:
        ValueError: if there are more groups than functions, or none.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.Sequential(fb.nn.Linear(2, 2), fb.nn.Tanh(), fb.nn.Linear(2, 1))
        >>> fb.func.checkpoint_sequential(model, 2, fb.ones(1, 2)).shape
        torch.Size([1, 1])
    """
    every: Sequence[Any] = list(
        functions.children() if hasattr(functions, "children") else functions
    )
    if not 1 <= segments <= len(every):
        raise ValueError(
            message(
                "checkpoint_sequential: a wrong number of segments",
                expected=f"1 to {len(every)}, the number of functions",
                got=str(segments),
            )
        )
    size = len(every) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(_composed(every[start : start + size]), input, **kwargs)
    return _composed(every[size * (segments - 1) :])(input)


def _composed(functions: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    return lambda x: functools.reduce(lambda value, function: function(value), functions, x)


class _Segment:
    """One checkpointed call.

    Attributes:
        inputs: the tensors among its arguments.
        outside: edges to what the function reads besides its arguments.
        draws: how to draw the same random numbers again.
    """

    def __init__(
        self, function: Callable[..., Any], args: Any, kwargs: Any, preserve_rng_state: bool
    ) -> None:
        self.function = function
        self.leaves, self.structure = trees.flatten((args, kwargs))
        self.inputs = [x for x in self.leaves if isinstance(x, Tensor)]
        self.draws = _Draws() if preserve_rng_state else None
        self.outside: list[Any] = []

    def call(self, inputs: list[Tensor]) -> tuple[list[Any], Any]:
        """The function's results for these tensors, as leaves and structure."""
        given = iter(inputs)
        leaves = [next(given) if isinstance(x, Tensor) else x for x in self.leaves]
        args, kwargs = trees.unflatten(self.structure, leaves)
        return trees.flatten(self.function(*args, **kwargs))

    def run(self) -> Any:
        """The first time: the graph is looked at and given up."""
        own = [_leaf(x) for x in self.inputs]
        first = next(SEQUENCE)
        with _noted(self.draws):
            found, shape = self.call(own)
        tensors = [x for x in found if isinstance(x, Tensor)]
        self.outside = edges_before(first, tensors, {id(x) for x in own})
        wants = [x.requires_grad for x in tensors]
        edges = [edge_of(x) for x in self.inputs]
        found = [off_graph(x) if isinstance(x, Tensor) else x for x in found]
        if any(wants) and any(edge is not None for edge in [*edges, *self.outside]):
            outputs = [x for x in found if isinstance(x, Tensor)]
            edges = [*edges, *self.outside]
            StretchNode("CheckpointBackward0", edges, outputs, self.gradients, wants)
        return trees.unflatten(shape, found)

    def gradients(self, g_outputs: list[Any]) -> list[Any]:
        """The second time: run again, and go backward through that."""
        further = bool(MODE.code & GRAD)
        number = next(SEQUENCE)
        with enable_grad():
            own = [_again(x, number, joined=further) for x in self.inputs]
            with _replayed(self.draws):
                found, _ = self.call(own)
        tensors = [x for x in found if isinstance(x, Tensor)]
        _check_shapes(tensors, g_outputs)
        roots = [
            (edge_of(x), g) for x, g in zip(tensors, g_outputs) if g is not None and x.requires_grad
        ]
        wanted = [*[edge_of(x) for x in own], *self.outside]
        results = engine.run(
            roots,
            create_graph=further,
            retain_graph=further,
            capture=[edge for edge in wanted if edge is not None],
        )
        return [None if e is None else results.get(engine.key(e)) for e in wanted]


def _leaf(x: Tensor) -> Tensor:
    """A leaf of the same value, which wants a gradient if ``x`` does."""
    leaf = off_graph(x)
    leaf._requires = x.requires_grad
    return leaf


def _again(x: Tensor, number: int, joined: bool) -> Tensor:
    """What the second run is given: joined to the graph of ``x``, or a leaf."""
    if not MODE.code & INTERPRETED:
        return apply(REGISTRY["alias"], (x,)) if joined and x.requires_grad else _leaf(x)
    same = apply(RECOMPUTE, (x,), (number,))
    if not x.requires_grad or (joined and same.requires_grad):
        return same
    leaf = wrap(same._array)
    leaf._requires = True
    return leaf


def _check_shapes(tensors: list[Tensor], g_outputs: list[Any]) -> None:
    for x, g in zip(tensors, g_outputs):
        if g is not None and tuple(x.shape) != tuple(g.shape):
            raise RuntimeError(
                message(
                    "checkpoint: the function gave another shape when it ran again",
                    expected=f"shape {tuple(g.shape)}, as at first",
                    got=f"shape {tuple(x.shape)}",
                    help="checkpointed functions must compute the same each time",
                )
            )


# --- the same random numbers again --------------------------------------------------------------


class _Draws:
    """How a call drew its random numbers.

    Where operations run at once, the generator is brought back to the state that it had. Where
    they are recorded, nothing can be drawn again; what was drawn is kept.

    Attributes:
        state: the generator's state before the first run.
        drawn: results of random operations, in order, in a recording.
    """

    def __init__(self) -> None:
        self.state = None if is_recording() else default_generator.get_state()
        self.drawn: list[Any] = []


@contextmanager
def _noted(draws: _Draws | None) -> Iterator[None]:
    """The first run."""
    if draws is None or not is_recording():
        yield
        return
    with _Listener(lambda draw: draws.drawn.append(draw()) or draws.drawn[-1]):
        yield


@contextmanager
def _replayed(draws: _Draws | None) -> Iterator[None]:
    """The second run."""
    if draws is None:
        yield
    elif is_recording():
        given = iter(draws.drawn)
        with _Listener(lambda draw: next(given)):
            yield
    elif draws.state is None:
        raise RuntimeError(
            message(
                "checkpoint: the function ran inside a recording, and is differentiated outside",
                expected="both inside a compiled function, or both outside",
                got="a backward pass outside",
            )
        )
    else:
        now = default_generator.get_state()
        default_generator.set_state(draws.state)
        try:
            yield
        finally:
            default_generator.set_state(now)


class _Listener:
    """Stands before an interpreter and answers random operations.

    Args:
        answer: takes a function that draws.
    """

    tracks = False

    def __init__(self, answer: Callable[[Callable[[], Any]], Any]) -> None:
        self.answer = answer

    def __enter__(self) -> None:
        self.outer = MODE.interpreter
        MODE.interpreter = self

    def __exit__(self, *error: object) -> None:
        MODE.interpreter = self.outer

    def __getattr__(self, name: str) -> Any:
        if name == "outer":
            raise AttributeError(name)
        return getattr(self.outer, name)

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """An operation, or what was drawn before in its place."""
        if "generator" not in op.params:
            return self.outer.apply(op, inputs, params)
        return self.answer(lambda: self.outer.apply(op, inputs, params))
