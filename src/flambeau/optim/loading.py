"""Loaded state: which parameter it belongs to, whether it fits, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

Group = dict[str, Any]


class LoadReport(NamedTuple):
    """What did not match when state was loaded.

    Attributes:
        missing: parameters, or slots of theirs, that the loaded state has nothing for.
        unexpected: parameters, or slots, in the loaded state that are not there.
        mismatched: slots whose shape does not fit; they begin anew.
        converted: slots that were converted to another type.
    """

    missing: list[str]
    unexpected: list[str]
    mismatched: list[str]
    converted: list[str]

    @property
    def matches(self) -> bool:
        """Whether everything was loaded, and nothing else was there."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __repr__(self) -> str:
        if not any(self):
            return "<everything matched>"
        lines = [f"  {kind}: {', '.join(found)}" for kind, found in self._asdict().items() if found]
        return "\n".join(["LoadReport", *lines])


def empty_report() -> LoadReport:
    """A report that nobody has written into."""
    return LoadReport([], [], [], [])


def check_layout(name: str, given: Any) -> None:
    """Refuse what is no optimizer's state dict.

    Raises:
        KeyError: if it is none.
    """
    if "param_groups" not in given or "state" not in given:
        raise KeyError(
            message(
                f"{name}: the loaded object is no optimizer's state dict",
                expected="a dict with 'state' and 'param_groups'",
                got=f"a dict with {sorted(given)}",
            )
        )


def names_of(groups: list[Group]) -> list[str]:
    """The names of all parameters; their numbers where they have none."""
    names: list[str] = []
    for group in groups:
        given = group.get("param_names") or [None] * len(group["params"])
        for each in given:
            names.append(str(len(names)) if each is None else each)
    return names


def owners(
    name: str, groups: list[Group], saved: list[Group], strict: bool, report: LoadReport
) -> dict[Any, tuple[str, Tensor, int]]:
    """Which parameter each number in a loaded state dict stands for.

    Parameters that have names on both sides are matched by name, others by position.

    Args:
        name: the optimizer's, for errors.
        groups, saved: its groups, and the loaded ones.
        strict: refuse what does not match; otherwise leave it out.
        report: is told what was left out.

    Returns:
        From numbers to names, parameters and the numbers of their groups.

    Raises:
        ValueError: if ``strict`` and the groups do not match.
    """
    if strict:
        _check_groups(name, groups, saved)
    known = dict(
        zip(
            names_of(groups),
            [(p, i) for i, g in enumerate(groups) for p in g["params"]],
            strict=True,
        )
    )
    numbers = dict(zip(names_of(saved), [n for g in saved for n in g["params"]], strict=True))
    named = all("param_names" in g for g in (*groups, *saved))
    if strict and not named:  # group by group, so that the names of one side do not matter
        pairs = [
            (names_of(groups)[i], number)
            for i, number in enumerate(n for g in saved for n in g["params"])
        ]
        return {number: (each, *known[each]) for each, number in pairs}
    report.missing.extend(each for each in known if each not in numbers)
    report.unexpected.extend(each for each in numbers if each not in known)
    return {number: (each, *known[each]) for each, number in numbers.items() if each in known}


def _check_groups(name: str, groups: list[Group], saved: list[Group]) -> None:
    sizes, saved_sizes = [[len(g["params"]) for g in x] for x in (groups, saved)]
    if sizes != saved_sizes:
        raise ValueError(
            message(
                f"{name}: the loaded state dict has other parameter groups",
                expected=f"groups of {sizes} parameters",
                got=f"groups of {saved_sizes}",
                help="load_state_dict(..., strict=False) takes what matches by name",
            )
        )
    for group, other in zip(groups, saved, strict=True):
        names, given = group.get("param_names"), other.get("param_names")
        if names is not None and given is not None and set(names) != set(given):
            raise ValueError(
                message(
                    f"{name}: the loaded state dict belongs to parameters of other names",
                    expected=f"parameters {sorted(names)}",
                    got=f"parameters {sorted(given)}",
                    help="delete 'param_names' from its groups to match by position",
                )
            )


def fitted(
    value: Any,
    parameter: Tensor,
    expected: dict[str, Any],
    keep_types: bool,
    place: str,
    report: LoadReport,
) -> dict[str, Any]:
    """The loaded slots of one parameter, as copies in the right types.

    Args:
        value: the slots.
        parameter: whose they are.
        expected: slots as they would begin; empty if that is not known.
        keep_types: leave types as they are.
        place: the parameter's name.
        report: is told what does not fit.
    """  # fmt: skip
    found = {}
    for slot, x in value.items():
        if _shape_differs(x, expected.get(slot)):
            report.mismatched.append(
                f"{place}.{slot} of shape {tuple(x.shape)}, not {tuple(expected[slot].shape)}"
            )
            continue
        found[slot] = taken_over(x, parameter, slot, keep_types)
        if isinstance(x, Tensor) and found[slot].dtype is not x.dtype:
            report.converted.append(f"{place}.{slot} from {x.dtype} to {found[slot].dtype}")
    if expected and value:
        report.missing.extend(f"{place}.{slot}" for slot in expected if slot not in value)
        for slot, x in expected.items():
            found.setdefault(slot, x)
    return found


def _shape_differs(x: Any, expected: Any) -> bool:
    both = isinstance(x, Tensor) and isinstance(expected, Tensor)
    return both and tuple(x.shape) != tuple(expected.shape)


def taken_over(
    value: Any, parameter: Tensor | None, slot: str | None = None, keep_types: bool = False
) -> Any:
    """Loaded state for ``parameter``: a copy in its type.

    Step counts keep their type, and so does state of more precision than a 16-bit parameter.
    """
    if isinstance(value, Tensor):
        fixed = keep_types or slot == "step" or parameter is None
        if fixed or not parameter.is_floating_point():
            return value.detach().clone()
        if value.is_floating_point() and value.itemsize > parameter.itemsize == 2:
            return value.detach().clone()
        return value.detach().to(parameter.dtype, copy=True)
    if isinstance(value, dict):
        return {k: taken_over(v, parameter, k, keep_types) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(taken_over(v, parameter, slot, keep_types) for v in value)
    return value


def refuse(name: str, report: LoadReport, check: Callable[[LoadReport], list[str]]) -> None:
    """Refuse a load that has left something out.

    Raises:
        ValueError: if ``check`` finds something in the report.
    """
    found = check(report)
    if found:
        raise ValueError(
            message(
                f"{name}: the loaded state does not fit",
                expected="the slots that each parameter has, in their shapes",
                got="; ".join(found),
                help="load_state_dict(..., strict=False) takes what fits",
            )
        )
