"""Transformations of the entries of PyTorch's own table of operations: ours beside PyTorch's.

An entry is made a function of its differentiable tensors. Where ``torch.func`` has no rule for
an operation, PyTorch computes the same in another way: by two reverse passes, or by a loop.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

import flambeau as fb
from tests.peers.coverage.comparison import PEER_ERROR, Different, require_same
from tests.peers.coverage.measures import Call, calls, counterpart, weights
from tests.peers.coverage.translation import function

SAMPLES = 2  # of each entry
JACOBIAN_SIZE = 40  # elements that inputs and outputs of a Jacobian have at most
HESSIAN_SIZE = 12
DERIVATIVE_ERROR = 1e-7
FACTORS = (1.0, 0.9, 0.8)  # what examples differ by


class Function:
    """An entry as a function of tensors, in one of the libraries.

    Args:
        room: ``torch`` or ``flambeau``.
        f, wrapper, process: the operation, and what the table does before and after it.
        arguments, options: of a sample.
        wanted: the tensors among them that the function takes.
    """

    def __init__(
        self, room: Any, f: Any, wrapper: Any, process: Any, arguments: Any, options: Any,
        wanted: list[Any],
    ) -> None:  # fmt: skip
        self.room, self.f, self.wrapper, self.process = room, f, wrapper, process
        self.arguments, self.options, self.wanted = arguments, options, wanted
        self.values = [x.detach().clone() for x in wanted]

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The continuous results."""
        given = {id(x): v for x, v in zip(self.wanted, values, strict=True)}
        arguments, options = self._filled(self.arguments, given), self._filled(self.options, given)
        self.room.manual_seed(1)
        return tuple(self._flat(self.process(self.wrapper(self.f, *arguments, **options))))

    def total(self, *values: Any) -> Any:
        """A weighted sum of all results."""
        outputs = self(*values)
        tensor = torch.from_numpy if self.room is torch else fb.from_numpy
        parts = [(x * w).sum() for x, w in zip(outputs, weights(self.plain, tensor), strict=True)]
        return sum(p.real if p.is_complex() else p for p in parts)

    def run(self) -> list[Any]:
        """The results at the sample's own values; they are the shapes for all that follows."""
        self.plain = list(self(*self.values))
        return self.plain

    def _filled(self, x: Any, given: dict[int, Any]) -> Any:
        if isinstance(x, self.room.Tensor):
            return given.get(id(x), x.detach())
        if isinstance(x, dict):
            return {key: self._filled(value, given) for key, value in x.items()}
        if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
            return type(x)([self._filled(value, given) for value in x])
        return x

    def _flat(self, x: Any) -> Iterator[Any]:
        if isinstance(x, self.room.Tensor):
            if x.is_floating_point() or x.is_complex():
                yield x
        elif isinstance(x, (tuple, list, dict)):
            for item in x.values() if isinstance(x, dict) else x:
                yield from self._flat(item)


Pair = tuple[Function, Function]


def functions(entry: Any, kind: torch.dtype) -> Iterator[Pair]:
    """Ours and PyTorch's function for a few samples."""
    ours = counterpart(entry)
    found = 0
    for call in calls(entry, kind, True):
        wanted, mine = call.differentiable()
        if not wanted or found == SAMPLES:
            continue
        pair = _pair(entry, ours, call, wanted, mine)
        try:
            plain = pair[1].run()
        except Exception:  # noqa: BLE001 - PyTorch refuses some of its own samples
            continue
        if plain and all(x.numel() for x in (*plain, *wanted)):
            try:
                pair[0].run()
            except (RuntimeError, ValueError):  # which of them run is another test's business
                continue
            found += 1
            yield pair


def _pair(entry: Any, ours: Any, call: Call, wanted: list[Any], mine: list[Any]) -> Pair:
    wrapper, process = entry.gradcheck_wrapper, call.process
    return (
        Function(fb, ours, function(wrapper), function(process), call.ours, call.our_options, mine),
        Function(torch, entry.op, wrapper, process, call.theirs, call.their_options, wanted),
    )


def like(f: Function, xs: list[Any]) -> tuple[Any, ...]:
    """The same values in either library, of the shapes of ``xs``."""
    tensor = torch.from_numpy if f.room is torch else fb.from_numpy
    return tuple(weights(xs, tensor))


class Refused(Exception):
    """PyTorch cannot compute it in any way."""


def _ways(*ways: Callable[[], Any]) -> list[Any]:
    """What PyTorch gives, in each way that it can go.

    Its forward mode and its reverse mode do not always agree; ours is then that of the other.
    """
    found = []
    for way in ways:
        try:
            found.append(way())
        except Exception:  # noqa: BLE001 - whatever it cannot do, another way may
            continue
    if not found:
        raise Refused
    return found


def _every(f: Function) -> tuple[int, ...]:
    return tuple(range(len(f.values)))


def _is_large(f: Function, most: int, outputs: bool) -> bool:
    """Whether a matrix of derivatives would be large, or complex."""
    groups = (f.values, f.plain) if outputs else (f.values,)
    return any(x.is_complex() for x in (*f.values, *f.plain)) or any(
        sum(x.numel() for x in xs) > most for xs in groups
    )


def forward_mode(ours: Function, theirs: Function) -> list[tuple[Any, list[Any]]]:
    """The derivative in a direction."""
    vs, values = like(theirs, theirs.values), tuple(theirs.values)
    expected = _ways(
        lambda: torch.func.jvp(theirs, values, vs)[1],
        lambda: torch.autograd.functional.jvp(theirs, values, vs)[1],
    )
    return [(fb.func.jvp(ours, tuple(ours.values), like(ours, ours.values))[1], expected)]


def reverse_mode(ours: Function, theirs: Function) -> list[tuple[Any, list[Any]]]:
    """The product of a vector with the Jacobian."""
    us = like(theirs, theirs.plain)
    expected = _ways(
        lambda: torch.func.vjp(theirs, *theirs.values)[1](us),
        lambda: torch.autograd.functional.vjp(theirs, tuple(theirs.values), us)[1],
    )
    return [(fb.func.vjp(ours, *ours.values)[1](like(ours, ours.plain)), expected)]


def jacobians(ours: Function, theirs: Function) -> list[tuple[Any, list[Any]]]:
    """The Jacobian, by rows and by columns."""
    if _is_large(theirs, JACOBIAN_SIZE, True):
        return []
    every = _every(theirs)
    rows = _ways(
        lambda: torch.func.jacrev(theirs, every)(*theirs.values),
        lambda: torch.autograd.functional.jacobian(theirs, tuple(theirs.values)),
    )
    columns = _ways(
        lambda: torch.func.jacfwd(theirs, every, randomness="same")(*theirs.values),
        lambda: rows[0],
    )
    return [
        (fb.func.jacrev(ours, every)(*ours.values), rows),
        (fb.func.jacfwd(ours, every, randomness="same")(*ours.values), [*columns, *rows]),
    ]


def hessians(ours: Function, theirs: Function) -> list[tuple[Any, list[Any]]]:
    """The matrix of second derivatives of a weighted sum."""
    if _is_large(theirs, HESSIAN_SIZE, False):
        return []
    every = _every(theirs)
    expected = _ways(
        lambda: torch.func.hessian(theirs.total, every)(*theirs.values),
        lambda: torch.autograd.functional.hessian(theirs.total, tuple(theirs.values)),
    )
    columns = fb.func.jacfwd(fb.func.jacrev(ours.total, every), every, randomness="same")
    return [(columns(*ours.values), expected)]


def batches(ours: Function, theirs: Function) -> list[tuple[Any, list[Any]]]:
    """The function of each of several examples, at once."""

    def stacked(room: Any, xs: list[Any]) -> list[Any]:
        return [room.stack([x * factor for factor in FACTORS]) for x in xs]

    given = stacked(torch, theirs.values)

    def loop() -> Any:
        rows = [theirs(*row) for row in zip(*given, strict=True)]
        return tuple(torch.stack(column) for column in zip(*rows, strict=True))

    expected = _ways(lambda: torch.func.vmap(theirs, randomness="same")(*given), loop)
    return [(fb.vmap(ours, randomness="same")(*stacked(fb, ours.values)), expected)]


TRANSFORMS: dict[str, Callable[[Function, Function], list[tuple[Any, list[Any]]]]] = {
    "jvp": forward_mode,
    "vjp": reverse_mode,
    "jacobian": jacobians,
    "hessian": hessians,
    "vmap": batches,
}


def measure(entry: Any) -> dict[str, str]:
    """What of an entry differs, or raises, and how; nothing where there is nothing to compare."""
    failed: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in (torch.float64, torch.complex128):
            if not entry.supports_autograd or kind not in entry.supported_backward_dtypes("cpu"):
                continue
            for pair in functions(entry, kind):
                for name, transform in TRANSFORMS.items():
                    reason = _difference(entry, transform, pair)
                    if reason is not None:
                        failed.setdefault(name, f"{kind}: {reason}"[:200])
    return failed


def _difference(entry: Any, transform: Callable[..., Any], pair: Pair) -> str | None:
    try:
        for found, expected in transform(*pair):
            _require_one(found, expected, PEER_ERROR.get(entry.name, 0.0))
    except Refused:
        return None
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is reported
        first = str(error).splitlines()[0] if str(error) else ""
        return first if isinstance(error, Different) else f"{type(error).__name__}: {first}"
    return None


def _require_one(found: Any, expected: list[Any], error: float) -> None:
    """Raise unless ours is what PyTorch gives in one of its ways; its nan says nothing."""
    for last, way in zip([False] * (len(expected) - 1) + [True], expected, strict=True):
        try:
            require_same(found, way, "", error=max(DERIVATIVE_ERROR, error))
        except Different:
            if last and not _has_nan(way):
                raise
        else:
            return


def _has_nan(x: Any) -> bool:
    if isinstance(x, torch.Tensor):
        return bool(x.isnan().any())
    return any(_has_nan(item) for item in x)
