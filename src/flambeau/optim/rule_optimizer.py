"""Optimizers that are declared: options, a chain of rules, and PyTorch's names for their state."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.complex_views import view_as_complex, view_as_real
from flambeau.ops.creation import full, zeros
from flambeau.optim.engine.combinators import Chain, Partition
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.state import State
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.hyperparameters import Hyperparameters, advance
from flambeau.optim.optimizer import Optimizer, note_prepared
from flambeau.optim.transform.scaling import DECAY, Scale
from flambeau.optim.transform_optimizer import add_update, named_parameters, written
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE, unrecorded
from flambeau.tensor.tensor import Tensor


class RuleOptimizer(Optimizer):
    """An optimizer whose step is a chain of rules.

    A subclass says in :meth:`rule` what the chain is, for the options of a group, and in ``slots``
    what PyTorch calls the chain's state.

    Attributes:
        slots: ``{rule: {slot: PyTorch's name}}``.
        counts: whether the state has a ``step``.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {}
    counts: ClassVar[bool] = True

    def rule(self, options: Any) -> Chain:
        """The chain for the options of a group, which are read by name."""
        raise RuntimeError(
            message(
                f"{type(self).__name__}: the rule is incomplete",
                expected="a method rule() in the subclass",
                got="none",
            )
        )

    # --- a step -------------------------------------------------------------------------------

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Fill the empty ``state`` of a parameter that gets its first gradient."""
        if self.counts:
            double = dtypes.get_default_dtype() is dtypes.float64
            state["step"] = zeros((), dtype=dtypes.float64 if double else dtypes.float32)
        leaf = Leaf((), _real(parameter.detach()), None, {}, 0)
        rule = self.rule(group)
        rule.start([leaf], Run(None, [], 0, {}, {}), "")
        for part, slots in leaf.state.items():
            for slot, name in self.slots[part].items():
                if slot in slots:
                    value = slots[slot]
                    as_complex = parameter.is_complex() and value.shape == leaf.param.shape
                    state[name] = view_as_complex(value) if as_complex else value

    def _step_group(self, group: dict[str, Any], ready: list[tuple[Tensor, Tensor]]) -> None:
        options = Hyperparameters(group) if MODE.code & INTERPRETED else group
        rule = self.rule(options)
        named = [(part, self.slots[part]) for part, _ in rule.parts if part in self.slots]
        recorded = bool(MODE.code & GRAD)
        leaves, given, states, started = [], [], [], False
        for parameter, gradient in ready:
            state = self.state.get(parameter)
            if not state:
                state = {}
                with unrecorded():
                    self.start(parameter, state, group)
                if state:
                    self.state[parameter] = state
                    started = True
            step = advance(state["step"]) if self.counts else None
            slots = {
                part: {slot: _real(state[name]) for slot, name in names.items() if name in state}
                for part, names in named
            }
            if recorded:  # what a graph has kept must not change in the next step
                slots = {part: _cloned(each) for part, each in slots.items()}
            given.append({part: dict(each) for part, each in slots.items()})
            leaves.append(Leaf((), _real(parameter), _real(gradient), slots, step))
            states.append(state)
        if started:
            note_prepared(self.state)
        rule.run(leaves, Run(None, [], 1, {}, {}), "")
        for (parameter, _), leaf, slots, state in zip(ready, leaves, given, states):
            for part, names in named:
                for slot, value in leaf.state[part].items():
                    old = slots[part][slot]
                    if old is None or recorded:
                        as_complex = parameter.is_complex() and value.shape == leaf.param.shape
                        state[names[slot]] = view_as_complex(value) if as_complex else value
                    elif value is not old:
                        written(old, value)
            add_update(leaf.param, leaf)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for slots in self.state.values():
            if isinstance(slots.get("step"), (int, float)):  # as PyTorch stored it before 1.12
                slots["step"] = full((), float(slots["step"]), dtype=dtypes.float32)

    # --- the other face -----------------------------------------------------------------------

    def transform(self) -> Transformation:
        """What this optimizer does, as a transformation with the options it has now.

        Several groups become a partition by their parameters' names (numbers where they have
        none).

        Example:
            >>> import flambeau as fb
            >>> w = fb.ones(1, requires_grad=True)
            >>> fb.optim.AdamW([("w", w)], lr=0.1).transform()
            chain(scale_by_adam, add_decayed_weights, scale_by_learning_rate)
        """
        rules = [self.rule(group) for group in self.param_groups]
        if len(rules) == 1:
            return rules[0]
        return Partition({str(i): rule for i, rule in enumerate(rules)}, self._labels())

    def _labels(self) -> dict[str, str]:
        of_group = {id(p): str(i) for i, g in enumerate(self.param_groups) for p in g["params"]}
        return {name: of_group[id(p)] for name, p in named_parameters(self.param_groups).items()}

    def transformation_state(self) -> State:
        """The state as the transformation of :meth:`transform` has it; tensors are copies.

        Raises:
            ValueError: if parameters have made different numbers of steps: a transformation has
                one clock.
        """
        named = named_parameters(self.param_groups)
        labels, several = self._labels(), len(self.param_groups) > 1
        rule = self.transform()
        state = rule.init(named)
        steps = set()
        for name, parameter in named.items():
            mine = self.state.get(parameter, {})
            steps.add(int(mine["step"].item()) if "step" in mine else None)
            for part, slots in state.leaves.get(name, {}).items():
                own = part.removeprefix(labels[name] + ".") if several else part
                for slot, torch_name in self.slots.get(own, {}).items():
                    if mine.get(torch_name) is not None:
                        slots[slot] = mine[torch_name].detach().clone()
        if len(steps) > 1:
            raise ValueError(
                message(
                    f"{type(self).__name__}: the parameters have made different numbers of steps",
                    expected="one clock for all",
                    got=f"{sorted(s or 0 for s in steps)}",
                )
            )
        state.step.fill_(next(iter(steps), None) or 0)
        return state

    def load_transformation_state(self, state: State) -> None:
        """Take over the state of the transformation of :meth:`transform`.

        Args:
            state: tensors are copied.

        Raises:
            ValueError: if it has other parameters, transformations or slots; nothing has changed
                then.
        """
        from flambeau.optim.transform_optimizer import matched

        named = named_parameters(self.param_groups)
        labels, several = self._labels(), len(self.param_groups) > 1
        checked = matched("the state", self.transform().init(named).leaves, state.leaves)
        for group in self.param_groups:
            for parameter in group["params"]:
                if not self.state.get(parameter):
                    self.start(parameter, self.state[parameter], group)
        for name, parameter in named.items():
            mine = self.state[parameter]
            for part, slots in checked.get(name, {}).items():
                own = part.removeprefix(labels[name] + ".") if several else part
                for slot, value in slots.items():
                    key = self.slots[own][slot]
                    mine[key] = value.clone() if mine.get(key) is None else mine[key].copy_(value)
            if self.counts:
                mine["step"].fill_(state.step.item())


def _real(x: Any) -> Any:
    """Complex numbers as pairs: their parts are averaged on their own, as PyTorch does."""
    return view_as_real(x) if isinstance(x, Tensor) and x.is_complex() else x


def _cloned(slots: dict[str, Any]) -> dict[str, Any]:
    return {slot: x.clone() if isinstance(x, Tensor) else x for slot, x in slots.items()}


def recipe(*parts: Transformation | None) -> Chain:
    """A chain of the parts that are there."""
    return Chain([(part.name, part) for part in parts if part is not None])


def upward(maximize: Any) -> Transformation | None:
    """Turn gradients round if the loss is to be maximized."""
    return Scale("maximize", -1) if maximize else None


def decay(weight_decay: Any) -> Transformation | None:
    """Weight decay, if there is any."""
    return DECAY(weight_decay=weight_decay) if weight_decay != 0 else None


def descent(lr: Any) -> Transformation:
    """The learning rate, downward."""
    return Scale("scale_by_learning_rate", lr, -1)
