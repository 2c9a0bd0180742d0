"""The state of a transformation: a tree, keyed by parameter, transformation and slot."""

from __future__ import annotations

import dataclasses
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor


@dataclasses.dataclass
class State:
    """What a transformation remembers between updates.

    Attributes:
        step: the one clock, a 0-d tensor: how many updates there were.
        leaves: ``leaves[parameter name][transformation][slot]`` is a tensor.
        shared: ``shared[transformation][slot]`` belongs to no parameter.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.adam(0.1)
        >>> params = {"w": fb.ones(2)}
        >>> updates, state = rule.update({"w": fb.ones(2)}, rule.init(params), params)
        >>> state.step, state["mu"]
        (tensor(1), {'w': tensor([0.1000, 0.1000])})
    """

    step: Tensor
    leaves: dict[str, dict[str, dict[str, Any]]]
    shared: dict[str, dict[str, Any]]

    def __getitem__(self, key: str | tuple[str, str]) -> Any:
        """A slot by its name, or by the names of its transformation and its own.

        Returns:
            The values of all parameters by name; or the value, if it belongs to no parameter.

        Raises:
            KeyError: if there is none, or several transformations have one.
        """
        where, slot = key if isinstance(key, tuple) else (None, key)
        found: dict[str, Any] = {}
        for name, by_transformation in self.leaves.items():
            for transformation, slots in by_transformation.items():
                if slot in slots and where in (None, transformation):
                    found.setdefault(transformation, {})[name] = slots[slot]
        for transformation, slots in self.shared.items():
            if slot in slots and where in (None, transformation):
                found[transformation] = slots[slot]
        if len(found) == 1:
            return next(iter(found.values()))
        places = f"in {sorted(found)}" if found else "nowhere"
        raise KeyError(
            message(
                f"state: {slot!r} is not one slot",
                expected="a slot of one transformation",
                got=f"{slot!r} {places}",
                help="name both: state[transformation, slot]",
            )
        )

    @property
    def hyperparams(self) -> dict[str, Any]:
        """The hyperparameters that ``inject_hyperparams`` put here; numbers may be assigned.

        Raises:
            KeyError: if there are none, or several transformations have some.
        """
        found = [k for k in self.shared if k == "hyperparams" or k.endswith(".hyperparams")]
        if len(found) != 1:
            raise KeyError(
                message(
                    "state: no hyperparameters",
                    expected="one transformation made by inject_hyperparams",
                    got=f"{len(found)} of them {found}" if found else "none",
                    help="read state.shared, whose keys are the transformations' names",
                )
            )
        return self.shared[found[0]]
