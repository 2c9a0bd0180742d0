"""Named results of operations with several outputs; they print as PyTorch's do."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from flambeau.core.dtypes import NAME_PREFIX


class NamedResult(tuple):
    """A tuple whose entries also have names.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 3., 2.]).max(0)
        torch.return_types.max(
        values=tensor(3.),
        indices=tensor(1))
    """

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, *entries: Any) -> NamedResult:
        """Take the entries one by one, or all in one sequence."""
        if len(entries) == 1 != len(cls._fields):
            entries = tuple(entries[0])
        return tuple.__new__(cls, entries)

    def __repr__(self) -> str:
        entries = ",\n".join(f"{name}={x!r}" for name, x in zip(self._fields, self, strict=True))
        return f"{NAME_PREFIX}return_types.{type(self).__name__}(\n{entries})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self)


def _result(name: str, *fields: str) -> type[NamedResult]:
    members = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
    namespace = {"__slots__": (), "__module__": __name__, "_fields": fields, **members}
    return type(name, (NamedResult,), namespace)


max = _result("max", "values", "indices")
min = _result("min", "values", "indices")
aminmax = _result("aminmax", "min", "max")
cummax = _result("cummax", "values", "indices")
cummin = _result("cummin", "values", "indices")
histogramdd = _result("histogramdd", "hist", "bin_edges")
histogram = _result("histogram", "hist", "bin_edges")
kthvalue = _result("kthvalue", "values", "indices")
median = _result("median", "values", "indices")
mode = _result("mode", "values", "indices")
nanmedian = _result("nanmedian", "values", "indices")
sort = _result("sort", "values", "indices")
topk = _result("topk", "values", "indices")
geqrf = _result("geqrf", "a", "tau")
frexp = _result("frexp", "mantissa", "exponent")
linalg_cholesky_ex = _result("linalg_cholesky_ex", "L", "info")
linalg_eig = _result("linalg_eig", "eigenvalues", "eigenvectors")
linalg_eigh = _result("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_inv_ex = _result("linalg_inv_ex", "inverse", "info")
linalg_ldl_factor = _result("linalg_ldl_factor", "LD", "pivots")
linalg_ldl_factor_ex = _result("linalg_ldl_factor_ex", "LD", "pivots", "info")
linalg_lstsq = _result("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
linalg_lu = _result("linalg_lu", "P", "L", "U")
linalg_lu_factor = _result("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = _result("linalg_lu_factor_ex", "LU", "pivots", "info")
linalg_qr = _result("linalg_qr", "Q", "R")
linalg_slogdet = _result("linalg_slogdet", "sign", "logabsdet")
linalg_solve_ex = _result("linalg_solve_ex", "result", "info")
linalg_svd = _result("linalg_svd", "U", "S", "Vh")
lu_unpack = _result("lu_unpack", "P", "L", "U")
qr = _result("qr", "Q", "R")
slogdet = _result("slogdet", "sign", "logabsdet")
svd = _result("svd", "U", "S", "V")
triangular_solve = _result("triangular_solve", "solution", "cloned_coefficient")
