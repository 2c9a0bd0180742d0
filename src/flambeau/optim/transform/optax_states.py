"""States in optax's layout: tuples of named tuples, one for each transformation of a chain.

Nothing of optax is imported: its states are read and written by the names of their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim.engine.combinators import Chain, Masked, Partition, inside
from flambeau.optim.engine.leaf import below, name_of
from flambeau.optim.engine.state import State
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.accumulation import MultiSteps
from flambeau.tensor.construction import tensor
from flambeau.tensor.tensor import Tensor

CLOCKS = ("count", "count_m2", "t")  # each counts the same updates
# (transformation's path, field, what optax has there, clock's place) to what shall be there
Visit = Callable[[str, str, Any, tuple[str, str] | None], Any]


def to_optax_state(state: State, rule: Transformation, like: Any) -> Any:
    """A state in optax's layout.

    Args:
        state: the state of ``rule``.
        rule: the transformation.
        like: the state that the same transformation of optax begins with; its classes and its
            structure are taken over.

    Returns:
        Such a state with NumPy arrays.

    Raises:
        ValueError: if the transformations differ, or one has no counterpart in optax.

    Example:
        >>> import flambeau as fb
        >>> from collections import namedtuple
        >>> Adam = namedtuple("ScaleByAdamState", "count mu nu")
        >>> Empty = namedtuple("EmptyState", "")
        >>> rule = fb.optim.transform.adam(0.1)
        >>> like = (Adam(0, {"w": 0.0}, {"w": 0.0}), Empty())
        >>> _, state = rule.update({"w": fb.ones(1)}, rule.init({"w": fb.ones(1)}))
        >>> fb.optim.transform.to_optax_state(state, rule, like)[0].count
        array(1, dtype=int32)
    """

    def visit(path: str, field: str, there: Any, clock: tuple[str, str] | None) -> Any:
        if field in CLOCKS:
            count = state.step if clock is None else state.shared[clock[0]][clock[1]]
            return np.asarray(count.item(), np.int32)
        if field in state.shared.get(path, {}):
            value = state.shared[path][field].numpy()
            return value.astype(np.asarray(there).dtype)
        values = {
            name: slots[path][field]
            for name, slots in state.leaves.items()
            if field in slots.get(path, {})
        }
        if not values:
            raise _unknown(path, field)
        return trees.map_with_path(
            lambda where, x: values[name_of(where)].numpy() if name_of(where) in values else x,
            there,
        )

    return _filled(rule, "", like, None, visit)


def from_optax_state(given: Any, rule: Transformation, params: Any) -> State:
    """The state of a transformation from one in optax's layout.

    Args:
        given: optax's state of the same transformation.
        rule: the transformation.
        params: the parameters, a tree like optax's.

    Returns:
        The state; its tensors are copies.

    Raises:
        ValueError: if the transformations or shapes differ, or one has no counterpart in optax.
    """
    state = rule.init(params)

    def visit(path: str, field: str, there: Any, clock: tuple[str, str] | None) -> Any:
        if field in CLOCKS:
            if clock is None:
                state.step.fill_(int(np.asarray(there)))
        elif field in state.shared.get(path, {}):
            own = state.shared[path][field]
            state.shared[path][field] = tensor(np.asarray(there)).to(own.dtype)
        else:
            values = dict(zip(map(name_of, trees.paths(there)), trees.leaves(there), strict=True))
            found = [s[path] for s in state.leaves.values() if field in s.get(path, {})]
            if not found:
                raise _unknown(path, field)
            for name, slots in state.leaves.items():
                if field in slots.get(path, {}):
                    slots[path][field] = _converted(name, field, slots[path][field], values)
        return there

    _filled(rule, "", given, None, visit)
    return state


def _converted(name: str, field: str, own: Tensor, values: dict[str, Any]) -> Tensor:
    found = np.array(values[name]) if name in values else None
    if found is None or found.shape != tuple(own.shape):
        raise ValueError(
            message(
                f"from_optax_state: {field} of {name or 'the parameter'} does not fit",
                expected=f"an array of shape {tuple(own.shape)}",
                got="nothing" if found is None else f"shape {found.shape}",
            )
        )
    return tensor(found).to(own.dtype)


def _filled(
    part: Transformation, path: str, node: Any, clock: tuple[str, str] | None, visit: Visit
) -> Any:
    """A state of optax with its fields replaced by what ``visit`` gives."""
    if type(node) is tuple:
        return _filled_chain(part, path, node, clock, visit)
    if isinstance(part, Chain) and len(part.parts) == 1:
        name, part = part.parts[0]
        path = below(path, name)
    if not isinstance(part, Partition) or isinstance(part, Masked):
        path = path or part.name
    fields: dict[str, Any] = {}
    for field, there in zip(_fields(node, part), node, strict=True):
        if field == "inner_state" and isinstance(part, Masked):
            inner = part.transformations[True]
            # The masked transformation's own state stands under the same path.
            fields[field] = _filled(inner, path, there, clock, visit)
        elif field == "inner_states" and isinstance(part, Partition):
            fields[field] = {
                label: _filled_label(part, path, label, inner, clock, visit)
                for label, inner in there.items()
            }
        elif field == "inner_opt_state" and isinstance(part, MultiSteps):
            inner = inside(path, part.inner_opt)
            mine = (path, "gradient_step")
            fields[field] = _filled(part.inner_opt, inner, there, mine, visit)
        elif field == "skip_state" and not there:
            fields[field] = there
        else:
            fields[field] = visit(path, field, there, clock)
    return type(node)(**fields)


def _filled_label(
    part: Partition, path: str, label: Any, node: Any, clock: Any, visit: Visit
) -> Any:
    inner = part.transformations[label]
    own = below(path, str(label))
    own = own if isinstance(inner, Chain) else below(own, inner.name)
    masked = getattr(node, "_fields", None) == ("inner_state",)
    if not masked:
        return _filled(inner, own, node, clock, visit)
    return type(node)(_filled(inner, own, node.inner_state, clock, visit))


def _filled_chain(
    part: Transformation, path: str, node: tuple[Any, ...], clock: Any, visit: Visit
) -> Any:
    """Chains of optax may be nested where ours are flat: their states are taken in order."""
    parts = iter(part.parts if isinstance(part, Chain) else [("", part)])

    def fill(node: Any) -> Any:
        if type(node) is tuple:
            return tuple(fill(each) for each in node)
        found = next(parts, None)
        if found is None:
            raise _another(part)
        name, each = found
        return _filled(each, below(path, name), node, clock, visit)

    result = fill(node)
    if next(parts, None) is not None:
        raise _another(part)
    return result


def _fields(node: Any, part: Transformation) -> Iterator[str]:
    fields = getattr(node, "_fields", None)
    if fields is None:
        raise _another(part)
    return iter(fields)


def _another(part: Transformation) -> ValueError:
    return ValueError(
        message(
            "optax's state: it belongs to another transformation",
            expected=f"the states of {part!r}",
            got="more, fewer or other states",
        )
    )


def _unknown(path: str, field: str) -> ValueError:
    return ValueError(
        message(
            "optax's state: a field without counterpart",
            expected=f"a slot of {path or 'the transformation'}",
            got=repr(field),
            help="the transformations differ, or this one keeps its state in another form",
        )
    )
