"""Complex parameters as pairs of real ones."""

from __future__ import annotations

from typing import Any

from flambeau.ops.complex_creation import complex_ as complex_of
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.conditions import Wrapper

PARTS = ("real", "imaginary")


class Parts(Wrapper):
    """See :func:`split_real_and_imaginary`."""

    name = "split_real_and_imaginary"

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        several, pairs = self._split(leaves, key)
        self.inner.start(several, run, self.inside(key))
        self._keep(pairs, key)

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        several, pairs = self._split(leaves, key)
        self.inner.run(several, run, self.inside(key))
        for leaf, parts in pairs:
            real, imaginary = (part.value() for part in parts)
            leaf.set(complex_of(real, imaginary))
        self._keep(pairs, key)

    def _split(self, leaves: list[Leaf], key: str) -> tuple[list[Leaf], Any]:
        """All leaves, complex ones as two; and which two belong to which."""
        several, pairs = [], []
        for leaf in leaves:
            kind = leaf.param if leaf.update is None else leaf.update
            if not kind.is_complex():
                several.append(leaf)
                continue
            mine = leaf.state.get(key, {})
            update = None if leaf.update is None else leaf.value()
            parts = [
                Leaf(
                    (*leaf.path, name), _part(leaf.param, i), _part(update, i),
                    mine.get(name, {}), leaf.step,
                )
                for i, name in enumerate(PARTS)
            ]  # fmt: skip
            several += parts
            pairs.append((leaf, parts))
        return several, pairs

    def _keep(self, pairs: Any, key: str) -> None:
        for leaf, parts in pairs:
            leaf.state[key] = {name: x.state for name, x in zip(PARTS, parts, strict=True)}


def _part(x: Any, i: int) -> Any:
    if x is None:
        return None
    return (x.imag if i else x.real).clone()


def split_real_and_imaginary(inner: Any) -> Transformation:
    """Show a transformation the real and imaginary parts of complex parameters as two real ones.

    Second moments are then those of each part, as in PyTorch, and not of the modulus.

    Args:
        inner: the transformation.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.split_real_and_imaginary(transform.scale_by_adam())
        >>> g = fb.tensor([3.0 - 4.0j])
        >>> rule.update(g, rule.init(g))[0]
        tensor([1.0000-1.j])
    """
    return Parts(inner)
