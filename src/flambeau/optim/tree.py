"""Arithmetic with trees of tensors, as if each were one vector.

Names and arguments are those of ``optax.tree``. Trees are nested dicts, lists, tuples, named tuples
and dataclasses; ``None`` stands for a part that is not there, and stays.

>>> import flambeau as fb
>>> from flambeau.optim import tree
>>> params = {"w": fb.tensor([3., 4.]), "b": None}
>>> tree.norm(params)
tensor(5.)
>>> tree.add_scale(params, -0.5, params)
{'w': tensor([1.5000, 2.0000]), 'b': None}
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import operator
from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.ops.creation import zeros
from flambeau.ops.likes import full_like as full_like_tensor
from flambeau.ops.likes import ones_like as ones_like_tensor
from flambeau.ops.likes import zeros_like as zeros_like_tensor
from flambeau.ops.sampling import randn_like
from flambeau.optim.engine.state import State
from flambeau.optim.scalars import where as where_of_numbers
from flambeau.optim.transform.distance import dot
from flambeau.optim.transform.moments import size_squared
from flambeau.tensor.tensor import Tensor


def _map(function: Callable[..., Any], *given: Any) -> Any:
    return trees.map(lambda x, *rest: None if x is None else function(x, *rest), *given)


def _parts(tree: Any) -> list[Tensor]:
    return [x for x in trees.leaves(tree) if x is not None]


# --- sums and products --------------------------------------------------------------------------


def add(tree_x: Any, tree_y: Any, *other_trees: Any) -> Any:
    """The sum of trees."""
    return _map(lambda *parts: functools.reduce(operator.add, parts), tree_x, tree_y, *other_trees)


def sub(tree_x: Any, tree_y: Any) -> Any:
    """The difference of two trees."""
    return _map(operator.sub, tree_x, tree_y)


def mul(tree_x: Any, tree_y: Any) -> Any:
    """The product of two trees, element by element."""
    return _map(operator.mul, tree_x, tree_y)


def div(tree_x: Any, tree_y: Any) -> Any:
    """The quotient of two trees, element by element."""
    return _map(operator.truediv, tree_x, tree_y)


def scale(scalar: Any, tree: Any) -> Any:
    """A tree times a number."""
    return _map(lambda x: x * scalar, tree)


def add_scale(tree_x: Any, scalar: Any, tree_y: Any) -> Any:
    r"""One tree plus a multiple of another one: :math:`x + s y`."""
    return _map(lambda x, y: x + y * scalar, tree_x, tree_y)


# --- numbers ------------------------------------------------------------------------------------


def sum(tree: Any) -> Any:
    """The sum of all elements; 0 for a tree without any."""
    return builtins.sum((x.sum() for x in _parts(tree)), 0)


def max(tree: Any) -> Tensor:
    """The largest element."""
    return functools.reduce(lambda x, y: x.maximum(y), [x.amax() for x in _parts(tree)])


def min(tree: Any) -> Tensor:
    """The smallest element."""
    return functools.reduce(lambda x, y: x.minimum(y), [x.amin() for x in _parts(tree)])


def size(tree: Any) -> int:
    """How many elements there are."""
    return builtins.sum(x.numel() for x in _parts(tree))


def vdot(tree_x: Any, tree_y: Any) -> Any:
    r"""The inner product :math:`⟨x, y⟩`; its real part for complex trees."""
    pairs = zip(_parts(tree_x), _parts(tree_y), strict=True)
    return builtins.sum((dot(x, y) for x, y in pairs), zeros(()))


def norm(tree: Any, ord: Any = None, squared: bool = False) -> Tensor:
    """The norm of all elements together.

    Args:
        tree: a tree of tensors.
        ord: 2 or ``None``, 1, or infinity.
        squared: square it.

    Raises:
        ValueError: for another order.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.tree.norm([fb.tensor([3.]), fb.tensor([-4.])], ord=1)
        tensor(7.)
    """
    if ord in (None, 2):
        square = builtins.sum((size_squared(x).sum() for x in _parts(tree)), zeros(()))
        return square if squared else square.sqrt()
    if ord == 1:
        found = builtins.sum((x.abs().sum() for x in _parts(tree)), zeros(()))
    elif ord in (float("inf"), "inf"):
        found = max(_map(lambda x: x.abs(), tree))
    else:
        raise ValueError(f"norm: unknown order\n  expected: 1, 2 or inf\n  got:      {ord!r}")
    return found * found if squared else found


def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements of two trees are close to each other."""
    pairs = zip(_parts(a), _parts(b), strict=True)
    return all(x.allclose(y, rtol, atol, equal_nan) for x, y in pairs)


# --- trees like others --------------------------------------------------------------------------


def zeros_like(tree: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of a tree."""
    return _map(lambda x: zeros_like_tensor(x, dtype=dtype), tree)


def ones_like(tree: Any, dtype: Any = None) -> Any:
    """Ones in the shape of a tree."""
    return _map(lambda x: ones_like_tensor(x, dtype=dtype), tree)


def full_like(tree: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One number in the shape of a tree."""
    return _map(lambda x: full_like_tensor(x, fill_value, dtype=dtype), tree)


def random_like(target_tree: Any, sampler: Callable[[Tensor], Tensor] = randn_like) -> Any:
    """Random numbers in the shape of a tree, from the process's generator.

    Args:
        target_tree: a tree of tensors.
        sampler: a function of a tensor; normally distributed numbers if not given.

    Differs from optax: there is no key, since generators have a state here.
    """
    return _map(sampler, target_tree)


def cast(tree: Any, dtype: Any) -> Any:
    """A tree in another type; as it is if ``dtype`` is ``None``."""
    return tree if dtype is None else _map(lambda x: x.to(dtype), tree)


def cast_like(tree: Any, other_tree: Any) -> Any:
    """A tree in the types of another one."""
    return _map(lambda x, y: x.to(y.dtype), tree, other_tree)


def clip(tree: Any, min_value: Any = None, max_value: Any = None) -> Any:
    """A tree with every element within bounds."""
    return _map(lambda x: x.clamp(min_value, max_value), tree)


def where(condition: Any, tree_x: Any, tree_y: Any) -> Any:
    """One tree or the other, by one condition for all."""
    return _map(lambda x, y: where_of_numbers(condition, x, y), tree_x, tree_y)


# --- moments ------------------------------------------------------------------------------------


def update_moment(updates: Any, moments: Any, decay: Any, order: int) -> Any:
    r"""Running averages of powers: :math:`β m + (1 - β) g^n`."""
    return _map(lambda g, m: (g**order) * (1 - decay) + m * decay, updates, moments)


def update_moment_per_elem_norm(updates: Any, moments: Any, decay: Any, order: int) -> Any:
    r"""Running averages of powers of sizes: :math:`β m + (1 - β) |g|^n`, real for complex trees."""

    def power(g: Tensor) -> Tensor:
        return size_squared(g) ** (order // 2) if order % 2 == 0 else g.abs() ** order

    return _map(lambda g, m: power(g) * (1 - decay) + m * decay, updates, moments)


def bias_correction(moment: Any, decay: Any, count: Any) -> Any:
    r"""Averages that began with zeros, freed from that: :math:`m / (1 - β^t)`."""
    return _map(lambda m: m / (1 - decay**count), moment)


# --- states -------------------------------------------------------------------------------------


def get(state: State, key: str, default: Any = None) -> Any:
    """A slot of a transformation's state by its name, or ``default``; see :class:`State`.

    Example:
        >>> import flambeau as fb
        >>> state = fb.optim.transform.adam(0.1).init({"w": fb.zeros(1)})
        >>> fb.optim.tree.get(state, "mu"), fb.optim.tree.get(state, "trace")
        ({'w': tensor([0.])}, None)
    """
    try:
        return state[key]
    except KeyError:
        return default


def set(state: State, **slots: Any) -> State:
    """A state with other values in some slots.

    Args:
        state: it stays as it is.
        slots: values by slot: for a slot of the parameters, values by their names.

    Raises:
        KeyError: if the state has no such slot, or several.

    Example:
        >>> import flambeau as fb
        >>> state = fb.optim.transform.adam(0.1).init({"w": fb.zeros(1)})
        >>> fb.optim.tree.set(state, mu={"w": fb.ones(1)})["mu"]
        {'w': tensor([1.])}
    """
    leaves = {n: {k: dict(v) for k, v in x.items()} for n, x in state.leaves.items()}
    shared = {k: dict(v) for k, v in state.shared.items()}
    for slot, value in slots.items():
        _ = state[slot]  # one slot, or an error
        for key, kept in shared.items():
            if slot in kept:
                shared[key][slot] = value
        for name, by_part in leaves.items():
            for kept in by_part.values():
                if slot in kept:
                    kept[slot] = value[name]
    return dataclasses.replace(state, leaves=leaves, shared=shared)


def map_params(function: Callable[[Tensor], Any], state: State) -> State:
    """A state with a function applied to every tensor that belongs to a parameter.

    Example:
        >>> import flambeau as fb
        >>> state = fb.optim.transform.adam(0.1).init({"w": fb.zeros(1)})
        >>> fb.optim.tree.map_params(lambda x: x.double(), state)["nu"]
        {'w': tensor([0.], dtype=torch.float64)}
    """
    changed = trees.map(lambda x: function(x) if isinstance(x, Tensor) else x, state.leaves)
    return dataclasses.replace(state, leaves=changed)
