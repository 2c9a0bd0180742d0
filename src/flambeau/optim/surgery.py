"""Changing what an optimizer looks after, in the middle of training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.parameter_groups import check_parameter
from flambeau.tensor.tensor import Tensor


class Changeable:
    """The part of :class:`~flambeau.optim.Optimizer` that takes parameters out and in.

    Schedulers stay attached: groups keep their places, and their options, also when they become
    empty.
    """

    defaults: dict[str, Any]
    state: defaultdict[Tensor, dict[str, Any]]
    param_groups: list[dict[str, Any]]
    add_param_group: Callable[[dict[str, Any]], None]

    def _place(self, parameter: Any) -> tuple[dict[str, Any], int]:
        """The group that holds a parameter, given itself or its name, and where in it.

        Raises:
            KeyError: if none does.
        """
        for group in self.param_groups:
            names = group.get("param_names", [])
            for i, each in enumerate(group["params"]):
                if each is parameter or (
                    isinstance(parameter, str) and names[i : i + 1] == [parameter]
                ):
                    return group, i
        raise KeyError(
            message(
                f"{type(self).__name__}: not one of its parameters",
                expected="a parameter of a group, or its name",
                got=repr(parameter) if isinstance(parameter, str) else "another tensor",
            )
        )

    def reset(self, parameters: Iterable[Any] | None = None) -> None:
        """Begin anew: forget the state, as before the first step. Options stay.

        Args:
            parameters: parameters or names; ``None`` for all.

        Raises:
            KeyError: for a parameter that it does not have; nothing has changed then.

        Example:
            >>> import flambeau as fb
            >>> w = fb.ones(1, requires_grad=True)
            >>> optimizer = fb.optim.Adam([w])
            >>> w.grad = fb.ones(1)
            >>> optimizer.step()
            >>> optimizer.reset()
            >>> len(optimizer.state)
            0
        """
        if parameters is None:
            self.state.clear()
            return
        places = [self._place(x) for x in parameters]
        for group, i in places:
            self.state.pop(group["params"][i], None)

    def remove_parameter(self, parameter: Any) -> None:
        """No longer look after a parameter; its state is forgotten.

        Args:
            parameter: the parameter or its name.

        Raises:
            KeyError: if it is none of this optimizer's.
        """
        group, i = self._place(parameter)
        self.state.pop(group["params"].pop(i), None)
        if "param_names" in group:
            del group["param_names"][i]

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

        Example:
            >>> import flambeau as fb
            >>> layer = fb.nn.Linear(2, 2)
            >>> optimizer = fb.optim.Adam(layer.named_parameters())
            >>> layer.weight = fb.nn.Parameter(fb.zeros(2, 2))
            >>> optimizer.replace_parameter("weight", layer.weight)
            >>> optimizer.param_groups[0]["params"][0] is layer.weight
            True
        """
        group, i = self._place(old)
        name = type(self).__name__
        check_parameter(name, new, bool(self.defaults.get("differentiable")))
        if any(new is p for g in self.param_groups for p in g["params"]):
            raise ValueError(
                message(
                    f"{name}: the new parameter is there already",
                    expected="a tensor that this optimizer does not look after",
                    got="one that it does",
                )
            )
        before = group["params"][i]
        group["params"][i] = new
        state = self.state.pop(before, None)
        if keep_state and state is not None and new.shape == before.shape:
            self.state[new] = state
