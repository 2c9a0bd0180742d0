"""What the namespace can do, for programs that ask."""

from __future__ import annotations

from typing import Any

from flambeau.array_api.types import KINDS, isdtype
from flambeau.core import dtypes
from flambeau.tensor.device import CPU, device


class Information:
    """Answers of the namespace about itself."""

    def capabilities(self) -> dict[str, Any]:
        """Indexing by masks and results whose shape depends on values are there."""
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": 64,
        }

    def default_device(self) -> device:
        """The CPU."""
        return CPU

    def devices(self) -> list[device]:
        """The CPU alone."""
        return [CPU]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The types of new arrays of each kind."""
        real = dtypes.get_default_dtype()
        wide = real == dtypes.float64
        return {
            "real floating": real,
            "complex floating": dtypes.complex128 if wide else dtypes.complex64,
            "integral": dtypes.int64,
            "indexing": dtypes.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The standard's types by name, of one kind or of several."""
        names = [*KINDS["bool"], *KINDS["numeric"]]
        standard = [n for n in names if n not in ("bfloat16", "float16")]
        found = {name: getattr(dtypes, "bool_" if name == "bool" else name) for name in standard}
        return {name: d for name, d in found.items() if kind is None or isdtype(d, kind)}


def __array_namespace_info__() -> Information:
    """What the namespace can do."""
    return Information()
