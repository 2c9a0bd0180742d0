"""The record of an operation, and what is derived from it for the backward pass.

Gradient rules say what they need by the names of their arguments. For an operation with inputs
``x`` and ``y`` and a parameter ``dim``, a rule may ask for

==============  ==========================================================================
``g``           the gradient of the output (a tuple of them if there are several outputs)
``x``, ``y``    an input (it is saved, and must not be changed in place afterwards)
``x_shape``     an input's shape (nothing is saved but the numbers)
``dim``         a parameter
``out``         the output (saved; a tuple if there are several)
``needs``       which inputs need a gradient, as a tuple of booleans
==============  ==========================================================================

Only what the rules of inputs that need a gradient ask for is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flambeau.core.late import LateDict
from flambeau.tensor.graph import SavedOutput, SavedOutputs

REGISTRY: dict[str, Operation] = LateDict()

Gradient = Mapping[str, Callable[..., Any]] | Callable[..., Any] | None


def camel_case(name: str) -> str:
    """``log_softmax`` -> ``LogSoftmax``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


class Operation:
    """One operation: everything that is known about it, in one place.

    Args:
        name: PyTorch's name.
        inputs: names of its tensor inputs, separated by spaces; a single name with a star
            (``"*tensors"``) for any number of them. Elementwise operations also take Python
            numbers as inputs, and optional inputs may be ``None``.
        params: names of its other arguments, separated by spaces, always passed in this order.
        evaluate: its meaning: arrays and parameters to an array (or a tuple of arrays).
        infer: specs and parameters to a :class:`flambeau.core.spec.Spec` (or a tuple of them);
            raises the errors that shapes, types and parameters can cause.
        gradient: vector-Jacobian products in Tensor operations: a mapping from input to rule, or
            one rule for all inputs that returns a tuple. ``None``: not differentiable.
        node_name: name of its graph node; ``MulBackward0`` for ``mul`` unless given.
        view: whether the output shares the input's memory.
        strict: call ``infer`` before ``evaluate`` (where NumPy would accept what we do not).
        ufunc: a NumPy ufunc that computes it on operands of one type (allows ``out=``).
        scalar: elementwise meaning for the compiler, against :mod:`flambeau.core.scalar`.
        decompose: the same in simpler operations, for the compiler.
        batching: its rule inside ``vmap`` where the general ones do not do
            (:mod:`flambeau.func.batching.rules`).
        forward: its rule in forward mode where it should not follow from ``gradient``
            (:mod:`flambeau.func.forward.rules`).
        samples: makes inputs for the contract tests (``tests/contract``).
        nondifferentiable_outputs: indices of outputs that never carry a gradient.
    """

    __slots__ = (
        "batching", "decompose", "evaluate", "forward", "gradient", "infer", "inputs", "name",
        "node_name", "nondifferentiable_outputs", "params", "plans", "samples", "scalar", "strict",
        "ufunc", "variadic", "view",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        *,
        inputs: str,
        params: str = "",
        evaluate: Callable[..., Any],
        infer: Callable[..., Any],
        gradient: Gradient = None,
        node_name: str | None = None,
        view: bool = False,
        strict: bool = False,
        ufunc: Any = None,
        scalar: Callable[..., Any] | None = None,
        decompose: Callable[..., Any] | None = None,
        batching: Callable[..., Any] | None = None,
        forward: Callable[..., Any] | None = None,
        samples: Callable[..., Any] | None = None,
        nondifferentiable_outputs: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self.variadic = inputs.startswith("*")
        self.inputs = tuple(inputs.lstrip("*").split())
        self.params = tuple(params.split())
        self.evaluate = evaluate
        self.infer = infer
        self.gradient = gradient
        self.node_name = node_name or camel_case(name) + "Backward0"
        self.view = view
        self.strict = strict
        self.ufunc = ufunc
        self.scalar = scalar
        self.decompose = decompose
        self.batching = batching
        self.forward = forward
        self.samples = samples
        self.nondifferentiable_outputs = nondifferentiable_outputs
        self.plans: dict[Any, Plan] = {}
        if name in REGISTRY:
            raise ValueError(f"operation {name!r} is registered twice")
        REGISTRY[name] = self

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def plan(self, needs: tuple[bool, ...]) -> Plan:
        """How to save and go backward when ``needs`` says which inputs want a gradient."""
        found = self.plans.get(needs)
        if found is None:
            found = self.plans[needs] = Plan(self, needs)
        return found


class Plan:
    """What one operation saves, and its backward function, for one set of needed gradients.

    Attributes:
        save: ``(inputs, out, params) -> saved``.
        backward: ``(saved, g) -> gradients of the inputs``.
        input_entries: which entries of ``saved`` are inputs (their versions are checked).
        output_entry: which entry is the output, or ``None``.
        names: what the entries of ``saved`` are: inputs, shapes, parameters, ``out``.
        saves_nothing: whether ``saved`` is empty.
        checked: whether ``saved`` holds tensors, whose versions must be looked at.
    """

    __slots__ = (
        "backward", "checked", "input_entries", "names", "needs", "operation", "output_entry",
        "partials", "save", "saves_nothing",
    )  # fmt: skip

    def __init__(self, operation: Operation, needs: tuple[bool, ...]) -> None:
        self.operation = operation
        self.needs = needs
        rules = _rules(operation, needs)
        names: list[str] = []
        for rule, _ in rules:
            for name in argument_names(rule):
                if name not in ("g", "needs") and name not in names:
                    names.append(name)
        self.input_entries = tuple(i for i, n in enumerate(names) if n in operation.inputs)
        self.output_entry = names.index("out") if "out" in names else None
        self.names = tuple(names)
        self.partials: dict[tuple[bool, ...], Callable[..., tuple[Any, ...]]] = {}
        self.save = _compile_save(operation, names)
        self.saves_nothing = not names
        self.checked = bool(self.input_entries) or self.output_entry is not None
        self.backward = _compile_backward(operation, needs, rules, names)

    def partial(self, asked: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
        """The backward function for only those inputs that are asked for."""
        found = self.partials.get(asked)
        if found is None:
            operation = self.operation
            found = _compile_backward(operation, asked, _rules(operation, asked), list(self.names))
            self.partials[asked] = found
        return found


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's arguments, read from its code (quicker than ``inspect``)."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _rules(operation: Operation, needs: tuple[bool, ...]) -> list[tuple[Callable, int | None]]:
    """The rules to run, each with the position of its input (``None``: a rule for all)."""
    gradient = operation.gradient
    if callable(gradient):
        return [(gradient, None)]
    assert gradient is not None
    return [
        (gradient[name], position)
        for position, name in enumerate(operation.inputs)
        if needs[position] and gradient.get(name) is not None
    ]


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a tensor, or ``()`` for a number."""
    array = getattr(value, "_array", None)
    return () if array is None else array.shape


def shapes_of(values: tuple[Any, ...]) -> tuple[tuple[int, ...], ...]:
    """The shapes of all ``values``."""
    return tuple([shape_of(v) for v in values])


def save_output(out: Any) -> SavedOutput | SavedOutputs:
    """Wrap an output so that saving it makes no cycle."""
    return SavedOutputs(out) if out.__class__ is tuple else SavedOutput(out)


def _source_of(operation: Operation, name: str) -> str:
    """Where a name that a gradient rule asks for is found when the node is made."""
    if name == "out":
        return "save_output(out)"
    if name in operation.params:
        return f"params[{operation.params.index(name)}]"
    base = name.removesuffix("_shape")
    if base not in operation.inputs:
        raise ValueError(f"{operation.name}: a gradient rule asks for {name!r}, which is unknown")
    what = "inputs" if operation.variadic else f"inputs[{operation.inputs.index(base)}]"
    if base == name:
        return what
    return f"shapes_of({what})" if operation.variadic else f"shape_of({what})"


def _compile_save(operation: Operation, names: list[str]) -> Callable[..., tuple[Any, ...]]:
    entries = "".join(_source_of(operation, name) + ", " for name in names)
    source = f"lambda inputs, out, params: ({entries})"
    environment = {"save_output": save_output, "shape_of": shape_of, "shapes_of": shapes_of}
    return eval(source, environment)


def _compile_backward(
    operation: Operation,
    needs: tuple[bool, ...],
    rules: list[tuple[Callable, int | None]],
    names: list[str],
) -> Callable[..., tuple[Any, ...]]:
    """A function that hands each rule the arguments it names.

    Written as source once per operation and set of needs, so that a backward pass spends no time
    on looking names up.
    """
    environment: dict[str, Any] = {"needs": needs}
    calls = ["None"] * (1 if operation.variadic else len(operation.inputs))
    for number, (rule, position) in enumerate(rules):
        environment[f"rule{number}"] = rule
        arguments = ", ".join(
            n if n in ("g", "needs") else f"saved[{names.index(n)}]" for n in argument_names(rule)
        )
        call = f"rule{number}({arguments})"
        if position is None:
            return eval(f"lambda saved, g: {call}", environment)
        calls[position] = call
    return eval(f"lambda saved, g: ({', '.join(calls)}, )", environment)
