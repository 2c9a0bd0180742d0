"""A transformation as an optimizer: its state lives beside the parameters and changes in place."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from flambeau.autograd import enable_grad, no_grad
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim.engine.combinators import as_transformation
from flambeau.optim.engine.leaf import Leaf, Run, name_of
from flambeau.optim.engine.state import State
from flambeau.optim.engine.transformation import Transformation, own
from flambeau.optim.hyperparameters import advance
from flambeau.optim.loading import LoadReport
from flambeau.optim.optimizer import Optimizer
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

SHARED = "transformation"  # the key of the state that belongs to no parameter


class TransformOptimizer(Optimizer):
    """An optimizer that does what a transformation says; see :func:`from_transform`.

    Attributes:
        transformation: the transformation.
        transformation_state: its state. Its tensors change in place at each step; hyperparameters
            in it may be assigned.
    """

    def __init__(self, rule: Any, params: Any) -> None:
        self.transformation = as_transformation(rule)
        self.transformation_state = State(Tensor(), {}, {})
        super().__init__(params, {})
        self.reset()

    def reset(self, parameters: Iterable[Any] | None = None) -> None:
        """Begin anew: the state as it was before the first step.

        Args:
            parameters: parameters or names whose state is to begin anew; ``None`` for all, the
                clock included.

        Raises:
            KeyError: for a parameter that it does not have; nothing has changed then.
        """
        fresh = self.transformation.init(self._named())
        if parameters is None:
            self.transformation_state = fresh
        else:
            places = [self._place(x) for x in parameters]
            chosen = {id(group["params"][i]) for group, i in places}
            for name, p in self._named().items():
                if id(p) in chosen:
                    self.transformation_state.leaves[name] = fresh.leaves.get(name, {})
        self._share()

    def remove_parameter(self, parameter: Any) -> None:
        """No longer look after a parameter; its state is forgotten.

        Args:
            parameter: the parameter or its name.

        Raises:
            KeyError: if it is none of this optimizer's.
        """
        before = self._slots()
        super().remove_parameter(parameter)
        self._take_back(before)

    def replace_parameter(self, old: Any, new: Tensor, keep_state: bool = True) -> None:
        """Look after another tensor in place of a parameter, with its name and options.

        Args:
            old: the parameter or its name.
            new: the tensor, a leaf.
            keep_state: give it the state of the old one; where a shape does not fit, and if
                false, its state begins anew.

        Raises:
            KeyError: if ``old`` is none of this optimizer's parameters.
            ValueError: if ``new`` is one already, or not a leaf.
        """
        before = self._slots()
        group, i = self._place(old)
        gone = group["params"][i]
        super().replace_parameter(old, new, keep_state)
        if keep_state and new.shape == gone.shape:
            before[id(new)] = before.get(id(gone), {})
        self._take_back(before)

    def _slots(self) -> dict[int, Any]:
        """The slots of each parameter: numbers that stand for names may change."""
        leaves = self.transformation_state.leaves
        return {id(p): leaves.get(name, {}) for name, p in self._named().items()}

    def _take_back(self, slots: dict[int, Any]) -> None:
        named = self._named()
        fresh = self.transformation.init(named).leaves
        self.transformation_state.leaves = {
            name: slots.get(id(p), fresh.get(name, {})) for name, p in named.items()
        }
        self._share()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; their state begins now, and that of the others stays.

        Args:
            param_group: a dict with ``params``.
        """
        super().add_param_group(param_group)
        if len(self.param_groups) > 1:
            state = self.transformation_state
            fresh = self.transformation.init(self._named())
            for name, slots in fresh.leaves.items():
                state.leaves.setdefault(name, slots)
            for key, slots in fresh.shared.items():
                state.shared.setdefault(key, slots)
            self._share()

    def _named(self) -> dict[str, Tensor]:
        return named_parameters(self.param_groups)

    def _share(self) -> None:
        """Show the state where optimizers have theirs, so that it is saved and loaded."""
        state = self.transformation_state
        self.state.clear()
        for name, parameter in self._named().items():
            if name in state.leaves:
                self.state[parameter] = state.leaves[name]
        self.state[SHARED] = {"step": state.step, "shared": state.shared}  # type: ignore[index]

    def __setstate__(self, state: dict[str, Any]) -> None:
        given, groups = state["state"], state["param_groups"]
        if SHARED not in given:
            raise ValueError(
                message(
                    "TransformOptimizer: the loaded state is not that of a transformation",
                    expected=f"{SHARED!r} in its state",
                    got=f"a state with {sorted({k for v in given.values() for k in v})}",
                    help="load states of fb.optim classes into optimizers of the same class",
                )
            )
        named = {n: given[p] for n, p in named_parameters(groups).items() if p in given}
        loaded = State(given[SHARED]["step"], named, given[SHARED]["shared"])
        super().__setstate__(state)
        self.transformation_state = loaded
        self._share()

    def _adopt(
        self, state: Any, groups: list[dict[str, Any]], report: LoadReport | None, hyper: bool
    ) -> None:
        before = self.transformation_state
        options = {k: dict(v) for k, v in before.shared.items() if is_hyperparameters(k)}
        if SHARED in state:
            named = {n: state[p] for n, p in named_parameters(groups).items() if p in state}
            shared = state[SHARED]["shared"]
            match = matched if report is None else functools.partial(merged, report)
            leaves = match("a parameter's state", before.leaves, named)
            state[SHARED]["shared"] = match("shared state", before.shared, shared)
            if not hyper:
                state[SHARED]["shared"] |= options
            parameters = named_parameters(groups)
            for name, slots in leaves.items():
                state[parameters[name]] = slots
        super()._adopt(state, groups, report, hyper)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"transformation": self.transformation}

    def step(self, closure: Any = None, **extra: Any) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss again and calls ``backward()``; its value is returned.
            extra: extra arguments for the transformation, such as ``value``.

        Raises:
            RuntimeError: if a gradient does not fit its parameter; nothing has changed then.
        """
        if not extra:
            return super().step(closure)
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        gradients = [self._gradient_of(p) for g in self.param_groups for p in g["params"]]
        with no_grad():
            self._update(gradients, extra)
        return loss

    def _update_all(self, *gradients: Tensor | None) -> None:
        self._update(list(gradients), {})

    def _update(self, gradients: list[Tensor | None], extra: dict[str, Any]) -> None:
        state = self.transformation_state
        params = self._named()
        # Where nothing is recorded the state changes only after everything has been computed.
        recorded = bool(MODE.code & INTERPRETED)
        step = advance(state.step) if recorded else state.step.item() + 1
        mine = _same if recorded else own
        updates = dict(zip(params, gradients, strict=True))
        shared = {key: {s: mine(v) for s, v in x.items()} for key, x in state.shared.items()}
        paths = [(name,) for name in params]
        run = Run(trees.structure(params), paths, step, extra, shared, params, updates)
        leaves = []
        for path, (name, p) in zip(paths, params.items(), strict=True):
            if updates[name] is not None:
                kept = state.leaves.get(name, {})
                slots = {k: {s: mine(v) for s, v in x.items()} for k, x in kept.items()}
                leaves.append(Leaf(path, p, updates[name], slots, step))
        self.transformation.run(leaves, run, "")
        if not recorded:
            state.step.fill_(step)
        for leaf in leaves:
            write_slots(state.leaves.get(name_of(leaf.path), {}), leaf.state)
            add_update(leaf.param, leaf)
        write_slots(state.shared, run.shared)

    def transform(self) -> Transformation:
        """The transformation."""
        return self.transformation

    def __repr__(self) -> str:
        return f"TransformOptimizer({self.transformation!r})"


def _same(x: Any) -> Any:
    return x


def named_parameters(groups: list[dict[str, Any]]) -> dict[str, Tensor]:
    """The parameters of groups by name; by number where they have none."""
    found: dict[str, Tensor] = {}
    for group in groups:
        names = group.get("param_names")
        for index, parameter in enumerate(group["params"]):
            found[str(len(found)) if names is None else names[index]] = parameter
    return found


def matched(what: str, kept: Any, loaded: Any) -> Any:
    """Loaded state in the types of the state that is there.

    Raises:
        ValueError: if it has other parameters, transformations or slots.
    """
    missing = sorted(map(_dotted, set(trees.paths(kept)) - set(trees.paths(loaded))))
    unexpected = sorted(map(_dotted, set(trees.paths(loaded)) - set(trees.paths(kept))))
    if missing or unexpected:
        raise ValueError(
            message(
                f"TransformOptimizer: {what} does not match",
                expected=f"what it has now; missing are {missing}",
                got=f"besides that {unexpected}",
                help="load into the same transformation, or keep only what matches",
            )
        )
    values = dict(zip(trees.paths(loaded), trees.leaves(loaded), strict=True))

    def cast(path: tuple[Any, ...], old: Any) -> Any:
        new = values[path]
        both = isinstance(old, Tensor) and isinstance(new, Tensor)
        return new.to(old.dtype) if both else new

    return trees.map_with_path(cast, kept)


def merged(report: LoadReport, what: str, kept: Any, loaded: Any) -> Any:
    """State that is there, with what fits of the loaded state in its place."""
    values = dict(zip(trees.paths(loaded), trees.leaves(loaded), strict=True))
    known = set(trees.paths(kept))
    report.missing.extend(_dotted(path) for path in trees.paths(kept) if path not in values)
    report.unexpected.extend(_dotted(path) for path in values if path not in known)

    def choose(path: tuple[Any, ...], old: Any) -> Any:
        new = values.get(path, old)
        if isinstance(old, Tensor) and isinstance(new, Tensor):
            if old.shape != new.shape:
                report.mismatched.append(
                    f"{_dotted(path)} of shape {tuple(new.shape)}, not {tuple(old.shape)}"
                )
                return old
            return new.to(old.dtype)
        return new

    return trees.map_with_path(choose, kept)


def is_hyperparameters(key: str) -> bool:
    """Whether shared state under a key is what ``inject_hyperparams`` keeps there."""
    return key == "hyperparams" or key.endswith(".hyperparams")


def _dotted(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))


def add_update(parameter: Tensor, leaf: Leaf) -> None:
    """Add a leaf's update to its parameter, in place."""
    update, factor = leaf.update, leaf.factor
    if factor is None:
        parameter.add_(update)
    elif isinstance(factor, Tensor):
        parameter.add_(update * factor)
    else:
        parameter.add_(update, alpha=factor)


def write_slots(kept: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> None:
    """Write new values into the tensors of a state that stays, so that who holds them sees it."""
    for key, slots in new.items():
        into = kept[key]
        for slot, value in slots.items():
            into[slot] = written(into.get(slot), value)


def written(old: Any, value: Any) -> Any:
    """``old`` with the content of ``value``; ``value`` where that cannot be."""
    if value is old:
        return old
    if isinstance(value, Tensor) and isinstance(old, Tensor) and old.shape == value.shape:
        return old.copy_(value)
    if isinstance(old, (dict, list)) and trees.structure(old) == trees.structure(value):
        for key, each in trees.children(value).items():  # type: ignore[union-attr]
            old[key] = written(old[key], each)
        return old
    if isinstance(old, tuple) and trees.structure(old) == trees.structure(value):
        for mine, each in zip(old, value, strict=True):
            written(mine, each)
        return old if all(isinstance(x, Tensor) for x in trees.leaves(old)) else value
    if isinstance(old, Tensor) and not isinstance(value, Tensor):
        return old.fill_(value)
    return value


def from_transform(rule: Any, params: Any) -> TransformOptimizer:
    """An optimizer with PyTorch's face that does what a transformation says.

    Args:
        rule: a transformation.
        params: named parameters, parameters, or groups of them. Masks, labels and state go by
            their names (by their numbers where they have none): a mask is a dict of names.

    Returns:
        An optimizer whose ``transformation_state`` is the transformation's state.

    Raises:
        TypeError, ValueError: as :class:`Optimizer` does.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> layer = fb.nn.Linear(2, 1)
        >>> rule = transform.chain(transform.clip_by_global_norm(1.0), transform.adam(0.1))
        >>> optimizer = fb.optim.from_transform(rule, layer.named_parameters())
        >>> layer(fb.ones(3, 2)).sum().backward()
        >>> optimizer.step()
        >>> sorted(optimizer.transformation_state["mu"])
        ['bias', 'weight']
    """
    return TransformOptimizer(rule, params)
