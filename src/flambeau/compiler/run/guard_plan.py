"""The guards of a plan, made from the places that a recording depends on."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.compiler.record import watch as watches
from flambeau.compiler.record.watch import MISSING, Place, Watch
from flambeau.compiler.run import layout
from flambeau.compiler.run.call import ARRAY_DATA, HEADER
from flambeau.compiler.run.number_plan import NotNative
from flambeau.compiler.run.plan_layout import WORD, Block, OtherKind
from flambeau.tensor.tensor import Tensor

# A dict that changed so often without concern to us is looked at key by key from then on.
QUIET_CHANGES = 1


class GuardPlan:
    """Tables of what must still be so; it keeps alive whatever they point at.

    Args:
        watch: the places.
        noise: for each dict, by identity, how often it changed without concern; grows.
        versions: for each dict, by identity, the version it had last time; updated.

    Raises:
        NotNative: if there is a place that only Python can look at.
    """

    def __init__(self, watch: Watch, noise: dict[int, int], versions: dict[int, int]) -> None:
        self.watch = watch
        self.noise = noise
        self.versions = versions
        self.words: list[tuple[int, int]] = []
        self.tags: list[int] = []
        self.tag_sum = 0
        self.slots: dict[int, tuple[Tensor, dict[int, int]]] = {}
        self.lists: list[tuple[int, int, int]] = []
        self.items: list[tuple[int, int, int]] = []
        self.others: list[tuple[int, int, int, int]] = []
        self.keep: list[Any] = []
        self.guarded: set[int] = set()
        dicts: dict[int, list[Place]] = {}
        for place in watch.places:
            if place.kind in (watches.ITEM, watches.KEYS, watches.PRESENT):
                dicts.setdefault(id(place.container), []).append(place)
            else:
                self._add(place)
        for places in dicts.values():
            self._add_dict(places)
        for tensor in watch.tensors.values():
            self.add_slots(tensor, "_array", "_requires")

    def add_word(self, address: int, owner: Any) -> None:
        """The word at an address must stay as it is; ``owner`` keeps it there."""
        self.words.append((address, layout.word_at(address)))
        self.keep.append(owner)

    def add_slots(self, tensor: Tensor, *names: str) -> None:
        """Slots of a tensor must stay as they are."""
        _, expected = self.slots.setdefault(id(tensor), (tensor, {}))
        for name in names:
            now = getattr(tensor, name, MISSING)
            self.keep.append(now)
            expected.setdefault(layout.slots()[name], _pointer(now))

    def blocks(self) -> list[tuple[int, ...]]:
        """Rows of neighbouring words: the slots of tensors."""
        return [
            row for tensor, expected in self.slots.values() for row in _blocks_of(tensor, expected)
        ]

    def _add_tag(self, container: dict[Any, Any], version: int) -> None:
        """The version of a dict must stay as it is."""
        self.tags.append(id(container) + layout.DICT_VERSION)
        self.tag_sum += version >> layout.dict_version_shift()
        self.guarded.add(id(container))

    def is_guarded(self, container: Any) -> bool:
        """Whether a dict as a whole is known not to have changed."""
        return id(container) in self.guarded

    # --- places -------------------------------------------------------------------------------

    def _add(self, place: Place) -> None:
        if self.watch.is_input(place):
            return
        now = place.now()
        self.keep += [place.container, place.key, now]
        if place.kind == watches.CELL:
            self.add_word(id(place.container) + layout.CELL_CONTENTS, now)
        elif place.kind == watches.ITEMS and type(place.container) is list:
            expected = np.array([id(x) for x in now] or [0], np.uint64)
            self.keep.append(expected)
            self.lists.append((id(place.container), len(now), expected.ctypes.data))
        elif place.kind == watches.ATTRIBUTE:
            self._other(OtherKind.ATTRIBUTE, place.container, place.key, _pointer(now))
        elif place.kind == watches.CONTENT:
            self._content(place.container)
        elif isinstance(place.container, set) and not place.container:
            self.add_word(id(place.container) + layout.SET_USED, place.container)
        else:
            copy = place.container.copy()
            self._other(OtherKind.EQUAL, place.container, copy, 0)

    def _other(self, kind: int, first: Any, second: Any, expected: int) -> None:
        self.keep += [first, second]
        self.others.append((kind, id(first), id(second), expected))

    def add_tensor(self, container: dict[Any, Any], key: Any, spec: Any) -> None:
        """An entry of a dict must be a tensor of that layout."""
        sizes = np.array([*spec.shape, *spec.strides, 0], np.int64)
        wanted = np.array([id(spec.dtype), len(spec.shape), sizes.ctypes.data], np.uint64)
        self.keep += [sizes, wanted, spec]
        self._other(OtherKind.TENSOR, container, key, wanted.ctypes.data)

    def _content(self, array: np.ndarray) -> None:
        if not (array.flags.c_contiguous or array.flags.f_contiguous) or array.dtype.hasobject:
            raise NotNative("the values of an array with gaps")
        copy = array.copy("K")
        self.keep += [array, copy]
        self.add_word(id(array) + HEADER + ARRAY_DATA, array)
        row = (OtherKind.BYTES, array.ctypes.data, copy.ctypes.data, array.nbytes)
        self.others.append(row)

    def _add_dict(self, places: list[Place]) -> None:
        container = places[0].container
        self.keep.append(container)
        if layout.has_dict_versions():
            version = layout.word_at(id(container) + layout.DICT_VERSION)
            before = self.versions.get(id(container), version)
            self.versions[id(container)] = version
            if version != before:
                self.noise[id(container)] = self.noise.get(id(container), 0) + 1
            if self.noise.get(id(container), 0) <= QUIET_CHANGES:
                self._add_tag(container, version)
                return
        for place in places:
            if place.kind == watches.KEYS:
                self.add_word(id(container) + layout.DICT_USED, container)
            elif place.kind == watches.PRESENT:
                absent = [name for name in place.key if name not in container]
                self.keep.append(absent)
                self.items += [(id(container), id(name), 0) for name in absent]
            elif not self.watch.is_input(place):
                now = place.now()
                self.keep += [place.key, now]
                self.items.append((id(container), id(place.key), _pointer(now)))


def _blocks_of(tensor: Tensor, expected: dict[int, int]) -> list[tuple[int, ...]]:
    """Rows that cover words of a tensor, by their offsets; none reaches beyond the tensor."""
    rows = []
    left = sorted(expected)
    while left:
        start = min(left[0], type(tensor).__basicsize__ - layout.WORD * Block.WORDS)
        places = [start + layout.WORD * i for i in range(Block.WORDS)]
        words = [expected.get(place, 0) for place in places]
        mask = [WORD if place in expected else 0 for place in places]
        rows.append((id(tensor) + start, *words, *mask))
        left = [place for place in left if place > places[-1]]
    return rows


def _pointer(value: Any) -> int:
    return 0 if value is MISSING else id(value)
