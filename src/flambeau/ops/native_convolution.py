"""Convolutions by native products over images as they lie in memory, without columns.

An image is copied once, with zeros around it and, for strides, its phases apart. Each element of a
kernel then sees a stretch of memory, and the products of a place are sums over a table of such
stretches (:mod:`flambeau.compiler.product_kernels`). Between rows of places lie some that nobody
asked for; they are computed too and left behind.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from flambeau.core.native import kernels, plain
from flambeau.core.shapes import contiguous_strides
from flambeau.ops.native_copies import FLOATS, copy

Ints = tuple[int, ...]

LEAST_WORK = 2**18  # multiply-adds from which on native code is worth its calls
MOST_WASTE = 3  # places computed for one that is wanted
BLOCK_BYTES = 2**19  # of the samples that are worked on together: what a core's cache holds


class Pass(NamedTuple):
    """One part of the output: its places lie evenly, all computed from the same taps.

    Attributes:
        taps: flat numbers of the kernel's elements that meet these places.
        table: where each channel's and tap's stretch begins, of a group.
        counts: how many places, in each dimension.
        first: of the output, where the first of them lies.
        steps: how far apart they are there, in each dimension.
        whole: whether they are the output, so that nothing has to be copied.
    """

    taps: np.ndarray
    table: np.ndarray
    counts: Ints
    first: int
    steps: Ints
    whole: bool


class Plan(NamedTuple):
    """How an image is laid out, and what is computed from it.

    Attributes:
        sizes: of the image.
        laid: sizes of each phase with the zeros around it; the image's own if it stays where it is.
        phases: for each phase where in it the image begins, and in the image; and their counts.
        step: from one element of a phase to the next, in the image.
        stays: whether the image is read where it is.
        passes: the parts of the output.
        out: sizes of the output.
    """

    sizes: Ints
    laid: Ints
    phases: tuple[tuple[Ints, Ints, Ints], ...]
    step: Ints
    stays: bool
    passes: tuple[Pass, ...]
    out: Ints


# --- plans -----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _forward_plan(
    channels: int, sizes: Ints, kernel: Ints, places: Ints, stride: Ints, padding: Ints,
    dilation: Ints, all_channels: int,
) -> Plan | None:  # fmt: skip
    """From an image to the places of a kernel; ``channels`` are those of a group."""
    dims = range(len(sizes))
    reach = [(places[d] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1 for d in dims]
    laid = tuple([-(-max(reach[d], sizes[d] + padding[d]) // stride[d]) for d in dims])
    stays = max(stride) == 1 and not any(padding)
    laid = sizes if stays else laid
    taps = list(product(*[range(k) for k in kernel]))
    ahead = [tuple([t[d] * dilation[d] for d in dims]) for t in taps]
    remainders = sorted({tuple([a[d] % stride[d] for d in dims]) for a in ahead})
    steps, plane = contiguous_strides(laid), prod(laid)
    phases = []
    for phase in remainders:
        into = tuple([-(-max(padding[d] - phase[d], 0) // stride[d]) for d in dims])
        of = tuple([stride[d] * into[d] + phase[d] - padding[d] for d in dims])
        count = [
            min(laid[d] - into[d], -(-(sizes[d] - of[d]) // stride[d])) for d in dims
        ]  # fmt: skip
        phases.append((into, of, tuple([max(c, 0) for c in count])))
    where = [
        remainders.index(tuple([a[d] % stride[d] for d in dims])) * all_channels * plane
        + sum([a[d] // stride[d] * steps[d] for d in dims])
        for a in ahead
    ]
    table = _table(channels, plane, where)
    whole = laid[-1] == places[-1] or len(places) == 1 or places[-2] == 1
    part = Pass(np.arange(len(taps)), table, places, 0, contiguous_strides(places), whole)
    found = Plan(sizes, laid, tuple(phases), stride, stays, (part,), places)
    return None if _is_wasteful(found) else found


@lru_cache(maxsize=256)
def _backward_plan(
    channels: int, places: Ints, kernel: Ints, sizes: Ints, stride: Ints, padding: Ints,
    dilation: Ints,
) -> Plan | None:  # fmt: skip
    """From the places of a kernel to the image; ``channels`` are those of a group's outputs."""
    dims = range(len(sizes))
    taps = list(product(*[range(k) for k in kernel]))
    spans = []  # for each phase of the image: its first and last place, in steps
    for phase in product(*[range(s) for s in stride]):
        low = tuple([-(-max(padding[d] - phase[d], 0) // stride[d]) for d in dims])
        high = tuple([(padding[d] + sizes[d] - 1 - phase[d]) // stride[d] for d in dims])
        if all([a <= b for a, b in zip(low, high)]):
            spans.append((phase, low, high))
    most = [dilation[d] * (kernel[d] - 1) // stride[d] for d in dims]
    left = tuple([max(0, most[d] - min([low[d] for _, low, _ in spans])) for d in dims])
    ends = [max([high[d] for _, _, high in spans]) + 1 for d in dims]
    laid = tuple([left[d] + max(places[d], ends[d]) for d in dims])
    stays = laid == places
    steps, plane, out_steps = contiguous_strides(laid), prod(laid), contiguous_strides(sizes)
    passes = []
    for phase, low, high in spans:
        met = [
            i for i, t in enumerate(taps)
            if all([(t[d] * dilation[d] - phase[d]) % stride[d] == 0 for d in dims])
        ]  # fmt: skip
        where = [
            sum(
                [
                    (left[d] + low[d] - (taps[i][d] * dilation[d] - phase[d]) // stride[d])
                    * steps[d]
                    for d in dims
                ]
            )
            for i in met
        ]
        counts = tuple([b - a + 1 for a, b in zip(low, high)])
        first = sum([(stride[d] * low[d] + phase[d] - padding[d]) * out_steps[d] for d in dims])
        apart = tuple([s * t for s, t in zip(stride, out_steps)])
        narrow = len(counts) == 1 or counts[-2] == 1 or laid[-1] == counts[-1]
        whole = max(stride) == 1 and narrow
        table = _table(channels, plane, where)
        passes.append(Pass(np.array(met, np.int64), table, counts, first, apart, whole))
    phases = ((left, (0,) * len(dims), places),)
    found = Plan(places, laid, phases, (1,) * len(dims), stays, tuple(passes), sizes)
    return None if _is_wasteful(found) else found


def _table(channels: int, plane: int, where: list[int]) -> np.ndarray:
    taps = np.array(where, np.int64)
    return (np.arange(channels, dtype=np.int64)[:, None] * plane + taps).reshape(-1)


def _stretch(part: Pass, laid: Ints) -> int:
    """How long the places of a plane are, with what lies between."""
    if len(laid) == 1:
        return part.counts[0]
    return (part.counts[-2] - 1) * laid[-1] + part.counts[-1]


def _is_wasteful(plan: Plan) -> bool:
    """Whether most of what would be computed is not asked for."""
    computed = sum([_stretch(p, plan.laid) * prod(p.counts[:-2]) for p in plan.passes])
    return computed > MOST_WASTE * prod(plan.out)


# --- running them ------------------------------------------------------------------------------


def native_for(work: int, kind: np.dtype) -> ModuleType | None:
    """The native kernels, if so many multiply-adds of a type are worth it."""
    return kernels() if work >= LEAST_WORK and kind in FLOATS else None


def correlate(
    x: np.ndarray, w: np.ndarray, places: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray | None:  # fmt: skip
    """Each kernel's products with what it sees; ``None`` where native code is not worth it."""
    count, outputs = x.shape[0], w.shape[0]
    native = native_for(count * prod(places) * w.size, x.dtype)
    if native is None:
        return None
    channels = x.shape[1]
    plan = _forward_plan(
        channels // groups, x.shape[2:], w.shape[2:], places, stride, padding, dilation, channels
    )
    if plan is None:
        return None
    factors = [plain(w)]
    return _run(native, plan, plain(x), factors, groups, outputs)


def scatter(
    g: np.ndarray, w: np.ndarray, sizes: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray | None:  # fmt: skip
    """The transpose of :func:`correlate` in its input."""
    count, outputs = g.shape[:2]
    native = native_for(count * prod(g.shape[2:]) * w.size, g.dtype)
    if native is None:
        return None
    each, kernel = w.shape[1], w.shape[2:]
    plan = _backward_plan(outputs // groups, g.shape[2:], kernel, sizes, stride, padding, dilation)
    if plan is None:
        return None
    turned = w.reshape(groups, outputs // groups, each, -1).swapaxes(1, 2)
    factors = [plain(turned[..., part.taps]) for part in plan.passes]
    return _run(native, plan, plain(g), factors, groups, each * groups)


def _run(
    native: ModuleType, plan: Plan, x: np.ndarray, factors: list[np.ndarray], groups: int,
    outputs: int,
) -> np.ndarray:  # fmt: skip
    """All passes, block of samples by block of samples."""
    count, channels = x.shape[:2]
    out = np.empty((count, outputs, *plan.out), x.dtype)
    plane = prod(plan.laid)
    image = len(plan.phases) * channels * plane
    strips = [prod(p.counts[:-2]) * _stretch(p, plan.laid) for p in plan.passes]
    strip = outputs * max(strips)
    block = max(1, min(count, BLOCK_BYTES // ((image + strip) * x.itemsize)))
    room = None if plan.stays else np.zeros(block * image, x.dtype)
    wide = np.empty(0 if all([p.whole for p in plan.passes]) else block * strip, x.dtype)
    start, flat, result = np.zeros(outputs, x.dtype), x.reshape(-1), out.reshape(-1)
    for first in range(0, count, block):
        samples = min(block, count - first)
        source, ahead = flat, first * image
        if room is not None:
            _lay_out(native, plan, room, flat, first, samples, channels)
            source, ahead = room, 0
        for part, factor, length in zip(plan.passes, factors, strips):
            target, begin = (result, first * outputs * length) if part.whole else (wide, 0)
            bases = _bases(plan, part, samples, groups, channels, outputs)
            if ahead or begin:
                bases = bases + np.array((begin, 0, ahead, 0))
            native.products(
                target, factor.reshape(-1), source, part.table, bases.reshape(-1), start,
                outputs // groups, _stretch(part, plan.laid), part.table.size, length,
            )  # fmt: skip
            if not part.whole:
                _collect(native, plan, part, result, wide, first, samples, outputs, length)
    return out


@lru_cache(maxsize=256)
def _item_offsets(counts: Ints, steps: Ints, stretch: int) -> tuple[np.ndarray, np.ndarray]:
    """For each plane of places: where its results begin, and the image."""
    inner = [np.zeros(1, np.int64)]
    for count, step in zip(counts[:-2], steps[:-2]):
        inner.append((inner[-1][:, None] + np.arange(count) * step).reshape(-1))
    return np.arange(inner[-1].size) * stretch, inner[-1]


def _bases(
    plan: Plan, part: Pass, samples: int, groups: int, channels: int, outputs: int
) -> np.ndarray:
    """Where the operands of each sample's, group's and plane's product begin."""
    plane = prod(plan.laid)
    return _cached_bases(
        part.counts, plan.laid, _stretch(part, plan.laid), samples, groups,
        channels // groups * plane, len(plan.phases) * channels * plane, outputs // groups,
        part.table.size,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _cached_bases(
    counts: Ints, laid: Ints, stretch: int, samples: int, groups: int, group_size: int,
    image: int, each: int, depth: int,
) -> np.ndarray:  # fmt: skip
    targets, sources = _item_offsets(counts, contiguous_strides(laid), stretch)
    planes = targets.size
    n = np.arange(samples)[:, None, None]
    group = np.arange(groups)[:, None]
    found = np.empty((samples, groups, planes, 4), np.int64)
    found[..., 0] = (n * groups + group) * (each * planes * stretch) + targets
    found[..., 1] = group * (each * depth)
    found[..., 2] = n * image + group * group_size + sources
    found[..., 3] = group * each
    return found.reshape(-1, 4)


def _lay_out(
    native: ModuleType, plan: Plan, room: np.ndarray, x: np.ndarray, first: int, samples: int,
    channels: int,
) -> None:  # fmt: skip
    """Copy samples to where they are read, each phase apart; what lies around stays zero."""
    plane, size = prod(plan.laid), prod(plan.sizes)
    steps, of_steps = contiguous_strides(plan.laid), contiguous_strides(plan.sizes)
    image = len(plan.phases) * channels * plane
    of_steps_apart = [s * t for s, t in zip(plan.step, of_steps)]
    for number, (into, of, counts) in enumerate(plan.phases):
        to = number * channels * plane + sum([i * s for i, s in zip(into, steps)])
        begin = first * channels * size + sum([o * s for o, s in zip(of, of_steps)])
        copy(
            native, room, x, (samples, channels, *counts), (to, image, plane, *steps),
            (begin, channels * size, size, *of_steps_apart),
        )  # fmt: skip


def _collect(
    native: ModuleType, plan: Plan, part: Pass, out: np.ndarray, wide: np.ndarray, first: int,
    samples: int, outputs: int, length: int,
) -> None:  # fmt: skip
    """Copy the places that were asked for to the output."""
    size = prod(plan.out)
    inner = (1,) if len(plan.out) == 1 else (plan.laid[-1], 1)
    between = contiguous_strides(part.counts[:-2]) if len(part.counts) > 2 else ()
    stretch = _stretch(part, plan.laid)
    of = (0, length, *[b * stretch for b in between], *inner)
    to = (first * outputs * size + part.first, size, *part.steps)
    copy(native, out, wide, (samples * outputs, *part.counts), to, of)


# --- the kernels' gradient ------------------------------------------------------------------------


def kernel_gradient(
    x: np.ndarray, g: np.ndarray, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray | None:  # fmt: skip
    """The transpose of :func:`correlate` in its kernels.

    The image lies with its channels side by side, so that what neighbours in a kernel's row see
    is one stretch; the products run over all places and samples.
    """
    count, channels = x.shape[:2]
    outputs, places = g.shape[1], g.shape[2:]
    each, inputs = outputs // groups, channels // groups
    native = native_for(g.size * inputs * prod(kernel), x.dtype)
    if native is None or (inputs == 1 and groups > 1):
        return None
    x, g = plain(x), plain(g)
    laid, table, ahead, run = _gradient_plan(
        channels, groups, x.shape[2:], kernel, places, stride, padding, dilation
    )
    columns = run * inputs
    image, size = channels * prod(laid), prod(x.shape[2:])
    inner = prod(places)
    block = max(1, min(count, BLOCK_BYTES // ((image + outputs * inner) * x.itemsize)))
    room = np.zeros(block * image, x.dtype)
    found = np.empty((groups, ahead.size, each, columns), x.dtype)
    total = None
    group, tap = np.arange(groups)[:, None], np.arange(ahead.size)
    bases = np.zeros((groups, ahead.size, 4), np.int64)
    bases[..., 0] = (group * ahead.size + tap) * (each * columns)
    bases[..., 2] = group * inputs + ahead
    start, along = np.zeros(each, x.dtype), g.reshape(-1)
    steps, of_steps = contiguous_strides(laid), contiguous_strides(x.shape[2:])
    to = sum([p * s for p, s in zip(padding, steps)]) * channels
    kept = [min(n, m - p) for n, m, p in zip(x.shape[2:], laid, padding)]
    for first in range(0, count, block):
        samples = min(block, count - first)
        copy(
            native, room, x.reshape(-1), (samples, *kept[:-1], channels, kept[-1]),
            (to, image, *[s * channels for s in steps[:-1]], 1, channels),
            (first * channels * size, channels * size, *of_steps[:-1], size, 1),
        )  # fmt: skip
        bases[..., 1] = first * outputs * inner + group * (each * inner)
        native.products(
            found.reshape(-1), along, room, table, bases.reshape(-1), start, each, columns, inner,
            columns, samples, outputs * inner, image,
        )  # fmt: skip
        if first + samples == count and total is None:
            total = found
        else:
            total = found.copy() if total is None else np.add(total, found, total)
    if total is None:
        return None
    split = total.reshape(groups, ahead.size, each, run, inputs).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(split).reshape(outputs, inputs, *kernel)


@lru_cache(maxsize=256)
def _gradient_plan(
    channels: int, groups: int, sizes: Ints, kernel: Ints, places: Ints, stride: Ints,
    padding: Ints, dilation: Ints,
) -> tuple[Ints, np.ndarray, np.ndarray, int]:  # fmt: skip
    """Sizes with zeros around; where places begin, and elements of a kernel, and how many of these
    lie side by side."""
    dims = range(len(sizes))
    reach = [(places[d] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1 for d in dims]
    laid = tuple([max(reach[d], sizes[d] + 2 * padding[d]) for d in dims])
    steps = contiguous_strides(laid)
    run = kernel[-1] if dilation[-1] == 1 and groups == 1 else 1
    heads: Any = (*kernel[:-1], kernel[-1] // run)

    def offsets(counts: Ints, factors: Ints) -> np.ndarray:
        found = np.zeros(1, np.int64)
        for count, factor, step in zip(counts, factors, steps):
            found = (found[:, None] + np.arange(count) * (factor * step * channels)).reshape(-1)
        return found

    return laid, offsets(places, stride), offsets(heads, dilation), run
