"""Large nests as several: independent parts by themselves, and long parts in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from flambeau.compiler.loops.access import Access
from flambeau.compiler.loops.steps import Nest
from flambeau.compiler.record.program import Instruction, Value

LARGEST_NEST = 48  # operations; more would not stay in registers


def divided(nest: Nest, access_of: Callable[[Value], Access | None]) -> list[Nest]:
    """Nests that compute together what ``nest`` computes, in an order that respects them.

    Args:
        nest: the nest.
        access_of: where a value lies, or ``None`` if it has no memory.
    """
    if len(nest.body) + len(nest.reductions) <= LARGEST_NEST or nest.scatters:
        return [nest]
    found = []
    for group in _independent(nest, access_of):
        for piece in _pieces(group):
            made = Nest(nest.domain)
            reductions = set(nest.reductions)
            made.body = [i for i in piece if i not in reductions]
            made.reductions = [i for i in piece if i in reductions]
            found.append(made)
    return found


def _pieces(group: list[Instruction]) -> Iterator[list[Instruction]]:
    count = -(-len(group) // LARGEST_NEST)
    size = -(-len(group) // count)
    for start in range(0, len(group), size):
        yield group[start : start + size]


def _independent(
    nest: Nest, access_of: Callable[[Value], Access | None]
) -> list[list[Instruction]]:
    """Instructions that share values or read one array, element by element, stay together."""
    leader: dict[object, object] = {}

    def find(x: object) -> object:
        leader.setdefault(x, x)
        while leader[x] is not x:
            leader[x] = x = leader[leader[x]]
        return x

    size = prod(nest.domain)
    inside = {i.outputs[0] for i in nest.body}
    # A reduction comes right after what it reduces, so that pieces hold both.
    order = {instruction: n for n, instruction in enumerate(nest.body)}
    made_at = {i.outputs[0]: n for i, n in order.items()}
    for instruction in nest.reductions:
        order[instruction] = max([made_at.get(v, 0) for v in instruction.values()], default=0)
    instructions = sorted(order, key=lambda i: order[i])
    for instruction in instructions:
        find(instruction)
        for output in instruction.outputs:
            leader[find(output)] = find(instruction)
        for value in instruction.values():
            if value in inside:
                leader[find(instruction)] = find(value)
                continue
            access = access_of(value)
            if access is not None and access.root.spec.size >= size:
                leader[find(instruction)] = find(access.root)
    groups: dict[object, list[Instruction]] = {}
    for instruction in instructions:
        groups.setdefault(find(instruction), []).append(instruction)
    return list(groups.values())
