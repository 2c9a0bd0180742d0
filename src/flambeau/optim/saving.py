"""An optimizer's state and options as dictionaries, and back."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.loading import (
    LoadReport,
    check_layout,
    empty_report,
    fitted,
    owners,
    refuse,
    taken_over,
)
from flambeau.tensor.modes import unrecorded
from flambeau.tensor.tensor import Tensor


class Savable:
    """The part of :class:`~flambeau.optim.Optimizer` that saves and loads."""

    defaults: dict[str, Any]
    state: defaultdict[Tensor, dict[str, Any]]
    param_groups: list[dict[str, Any]]
    _hooks: dict[str, OrderedDict[int, Callable[..., Any]]]
    start: Callable[[Tensor, dict[str, Any], dict[str, Any]], None]
    __setstate__: Callable[[dict[str, Any]], None]

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups, parameters replaced by numbers, in PyTorch's layout.

        Returns:
            ``{"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}``. Tensors
            are not copied.
        """
        for hook in list(self._hooks.get("state_dict_pre", {}).values()):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers.setdefault(id(p), len(numbers)) for p in group["params"]]
            groups.append(packed)
        state = {(numbers[id(k)] if isinstance(k, Tensor) else k): v for k, v in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._hooks.get("state_dict_post", {}).values()):
            replacement = hook(self, result)
            result = result if replacement is None else replacement
        return result

    def load_state_dict(
        self,
        state_dict: dict[str, Any],
        *,
        strict: bool = True,
        hyperparameters: bool = True,
        keep_types: bool = False,
    ) -> LoadReport:
        """Take over state and options that :meth:`state_dict` gave; parameters stay as they are.

        State is matched by the parameters' names where both sides have them, else by position.
        Floating-point state is converted to its parameter's type; step counts are not, nor is
        state of more precision than a 16-bit parameter.

        Args:
            state_dict: what :meth:`state_dict` gave, here or in PyTorch.
            strict: refuse what does not match; otherwise take over what does.
            hyperparameters: take over learning rates and the other options too.
            keep_types: convert nothing.

        Returns:
            What did not match, and what was converted.

        Differs from PyTorch: names are matched; state is always copied; shapes are compared; the
        arguments after the first one, and the report, are added.

        Raises:
            ValueError: if ``strict``, and groups, their sizes, the parameters' names or the
                shapes of state differ; nothing has changed then.
            KeyError: if it is no state dict.
        """
        given = dict(state_dict)
        for hook in list(self._hooks.get("load_pre", {}).values()):
            replacement = hook(self, given)
            given = given if replacement is None else replacement
        name, report = type(self).__name__, empty_report()
        check_layout(name, given)
        saved = given["param_groups"]
        parameter_of = owners(name, self.param_groups, saved, strict, report)
        groups = self._groups_with(saved) if hyperparameters else self.param_groups
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for key, value in given["state"].items():
            if key in parameter_of:
                place, parameter, number = parameter_of[key]
                expected = self._expected(parameter, groups[number])
                state[parameter] = fitted(value, parameter, expected, keep_types, place, report)
            elif not isinstance(key, int):
                state[key] = taken_over(value, None)
        if strict:
            refuse(name, report, lambda report: [*report.mismatched, *report.missing])
        self._adopt(state, groups, None if strict else report, hyperparameters)
        for hook in list(self._hooks.get("load_post", {}).values()):
            hook(self)
        return report

    def _adopt(
        self,
        state: defaultdict[Tensor, dict[str, Any]],
        groups: list[dict[str, Any]],
        report: LoadReport | None,
        hyperparameters: bool,
    ) -> None:
        """Make loaded state and groups one's own.

        Args:
            state, groups: what was loaded and matched.
            report: is told what does not fit; ``None`` to refuse it.
            hyperparameters: whether options were loaded too.
        """
        self.__setstate__({"state": state, "param_groups": groups})

    def _expected(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The slots of a parameter as they would begin; nothing if the rule says nothing."""
        slots: dict[str, Any] = {}
        with unrecorded():
            self.start(parameter, slots, self.defaults | group)
        return slots

    def _groups_with(self, saved: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The groups with loaded options; those that none was loaded for as they are."""
        groups = []
        for i, old in enumerate(self.param_groups):
            loaded = saved[i] if len(saved) == len(self.param_groups) else {}
            kept = {k: v for k, v in old.items() if k in ("params", "param_names") or not loaded}
            options = {k: v for k, v in loaded.items() if k not in ("params", "param_names")}
            groups.append(deepcopy(options) | kept)
        return groups

    def hyperparameters(self) -> list[dict[str, Any]]:
        """The options of each group, without parameters and state; copies.

        Example:
            >>> import flambeau as fb
            >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=0.1)
            >>> saved = optimizer.hyperparameters()
            >>> optimizer.param_groups[0]["lr"] = 5.0
            >>> optimizer.load_hyperparameters(saved)
            >>> optimizer.param_groups[0]["lr"]
            0.1
        """
        return [
            deepcopy({k: v for k, v in group.items() if k not in ("params", "param_names")})
            for group in self.param_groups
        ]

    def load_hyperparameters(self, options: list[dict[str, Any]]) -> None:
        """Take over what :meth:`hyperparameters` gave; state stays.

        Raises:
            ValueError: if there is another number of groups.
        """
        if len(options) != len(self.param_groups):
            raise ValueError(
                message(
                    f"{type(self).__name__}: options of another number of groups",
                    expected=f"{len(self.param_groups)} groups",
                    got=f"{len(options)}",
                )
            )
        for group, given in zip(self.param_groups, options, strict=True):
            group.update(deepcopy(given))
