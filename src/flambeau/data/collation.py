"""Making a batch of samples."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from flambeau.core.dtypes import float64
from flambeau.core.errors import message
from flambeau.ops.joining import stack
from flambeau.tensor.construction import as_tensor, tensor
from flambeau.tensor.tensor import Tensor


def default_convert(data: Any) -> Any:
    """Make tensors of the arrays and NumPy numbers of a sample.

    Args:
        data: a sample; containers are looked through, anything else stays as it is.

    Example:
        >>> import flambeau as fb, numpy as np
        >>> fb.utils.data.default_convert({"a": np.ones(2), "b": "text"})
        {'a': tensor([1., 1.], dtype=torch.float64), 'b': 'text'}
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SaUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _sequence(data, [default_convert(part) for part in data])
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack samples: a new first dimension counts them.

    Tensors, arrays and numbers become one tensor (Python's floats float64), containers keep their
    structure, text stays a list.

    Args:
        batch: samples of the same structure.

    Raises:
        TypeError: for samples of other types.
        RuntimeError: if samples have different lengths or shapes.

    Example:
        >>> import flambeau as fb
        >>> fb.utils.data.default_collate([(1, "a"), (2, "b")])
        [tensor([1, 2]), ('a', 'b')]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch))
    if isinstance(first, (np.ndarray, np.generic)) and not isinstance(first, (str, bytes)):
        return _arrays(batch)
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        columns = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return _mapping(first, columns)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*[default_collate(column) for column in zip(*batch)])
    if isinstance(first, Sequence):
        _check_lengths(batch)
        columns = [default_collate(column) for column in zip(*batch)]
        return columns if isinstance(first, tuple) else _sequence(first, columns)
    raise TypeError(
        message(
            "default_collate: samples of this type cannot be stacked",
            expected="tensors, NumPy arrays, numbers, text, dicts, lists and tuples",
            got=f"{type(first).__module__}.{type(first).__qualname__}",
            help="pass a collate_fn of your own",
        )
    )


def _arrays(batch: Sequence[Any]) -> Tensor:
    first = batch[0]
    if first.dtype.kind in "SaUO":
        raise TypeError(
            message(
                "default_collate: arrays of this type cannot be stacked",
                expected="arrays of numbers or truth values",
                got=str(first.dtype),
                help="pass a collate_fn of your own",
            )
        )
    if first.ndim == 0:
        return as_tensor(np.asarray(batch))
    return stack([as_tensor(array) for array in batch])


def _check_lengths(batch: Sequence[Any]) -> None:
    lengths = {len(sample) for sample in batch}
    if len(lengths) > 1:
        raise RuntimeError(
            message(
                "default_collate: samples have different lengths",
                expected="the same number of parts in each",
                got=", ".join(map(str, sorted(lengths))),
                help="pass a collate_fn of your own, which pads them for instance",
            )
        )


def _mapping(like: Mapping[Any, Any], contents: dict[Any, Any]) -> Any:
    """A mapping of the same type, with what else belongs to it."""
    return _alike(
        like,
        isinstance(like, MutableMapping),
        lambda clone: clone.update(contents),
        lambda: type(like)(contents),  # type: ignore[call-arg]
        contents,
    )


def _sequence(like: Sequence[Any], contents: list[Any]) -> Any:
    def fill(clone: Any) -> None:
        for place, part in enumerate(contents):
            clone[place] = part

    return _alike(
        like,
        isinstance(like, MutableSequence),
        fill,
        lambda: type(like)(contents),  # type: ignore[call-arg]
        contents,
    )


def _alike(
    like: Any, mutable: bool, fill: Callable[[Any], None], make: Callable[[], Any], plain: Any
) -> Any:
    """A filled copy, one that the type makes, or a plain container where the type makes none."""
    if type(like) is type(plain):
        return plain
    try:
        if not mutable:
            return make()
        clone = copy.copy(like)
        fill(clone)
        return clone
    except TypeError:
        return plain
