"""How state and parameters are kept: in fewer bits, or so that small updates are not lost.

Each wraps any transformation, which computes as it always does.
"""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.rounding import from_blocks, round_at_random, to_blocks
from flambeau.optim.engine.step_noise import bits_of_step, place_of
from flambeau.optim.engine.transformation import Transformation, require_params
from flambeau.optim.transform.conditions import Wrapper
from flambeau.tensor.tensor import Tensor

SHORT = (dtypes.float16, dtypes.bfloat16)


def _is_short(p: Tensor) -> bool:
    return p.dtype in SHORT


# --- moments ------------------------------------------------------------------------------------


class Stored(Wrapper):
    """See :func:`store_moments`."""

    name = "store_moments"

    def __init__(self, inner: Any, dtype: Any, block: int, smallest: int) -> None:
        super().__init__(inner)
        self.dtype = dtype
        self.block = block
        self.smallest = smallest

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        self.inner.start(leaves, run, self.inside(path or self.name))
        for leaf in leaves:
            self._pack(leaf, path or self.name)

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            self._unpack(leaf, key)
        self.inner.run(leaves, run, self.inside(key))
        for leaf in leaves:
            self._pack(leaf, key)

    def _mine(self, leaf: Leaf, key: str) -> list[dict[str, Any]]:
        return [slots for name, slots in leaf.state.items() if name.startswith(key + ".")]

    def _pack(self, leaf: Leaf, key: str) -> None:
        for slots in self._mine(leaf, key):
            for slot, x in slots.items():
                if not (isinstance(x, Tensor) and x.ndim and x.is_floating_point()):
                    continue
                if self.dtype is not dtypes.int8:
                    slots[slot] = x.to(self.dtype)
                elif x.numel() >= self.smallest:
                    packed = to_blocks(x, self.block)
                    # The shape is known from an empty tensor: it must be part of the state.
                    slots[slot] = packed | {"like": x.new_zeros((0, *x.shape))}

    def _unpack(self, leaf: Leaf, key: str) -> None:
        wide = dtypes.float32 if leaf.update.itemsize == 2 else leaf.update.dtype
        for slots in self._mine(leaf, key):
            for slot, x in slots.items():
                if isinstance(x, dict) and "codes" in x:
                    slots[slot] = from_blocks(x, tuple(x["like"].shape[1:])).to(wide)
                elif isinstance(x, Tensor) and x.ndim and x.dtype is self.dtype:
                    slots[slot] = x.to(wide)


def store_moments(
    inner: Any, dtype: Any = dtypes.bfloat16, block_size: int = 256, min_size: int = 4096
) -> Transformation:
    r"""Keep a transformation's state in fewer bits; it computes in single precision.

    Args:
        inner: the transformation.
        dtype: ``bfloat16``, ``float16``, or ``int8`` for one byte for each element and a scale
            for each block, with :math:`x ≈ ± s\, (c / 127)^4`.
        block_size: elements in a block, at least 1.
        min_size: with ``int8``, smaller tensors keep their type.

    Returns:
        A transformation whose slots are in that type; with ``int8`` they are dicts with
        ``codes`` and ``scales``.

    Raises:
        ValueError: for another type, or sizes below 1.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.store_moments(transform.adam(0.1))
        >>> rule.init(fb.zeros(2))["mu"]
        {'': tensor([0., 0.], dtype=torch.bfloat16)}

    Reference: Dettmers et al., "8-bit optimizers via block-wise quantization", ICLR 2022 (whose
    codes are another list of numbers).
    """
    require(
        dtype in (*SHORT, dtypes.int8),
        "store_moments: unknown type",
        "bfloat16, float16 or int8",
        dtype,
    )
    in_range("store_moments", "block_size", block_size, 1)
    in_range("store_moments", "min_size", min_size, 1)
    return Stored(inner, dtype, block_size, min_size)


# --- parameters of few bits -----------------------------------------------------------------------


class Exact(Wrapper):
    """A wrapper whose transformation sees short parameters and gradients in single precision."""

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        here = [leaf.param for leaf in leaves]
        for leaf in leaves:
            if _is_short(leaf.param):
                self.begin(leaf, key)
                leaf.param = leaf.param.float()
        self.inner.start(leaves, run, self.inside(key))
        for leaf, p in zip(leaves, here, strict=True):
            leaf.param = p

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key = path or self.name
        here = [leaf.param for leaf in leaves]
        for leaf in leaves:
            if _is_short(leaf.param):
                leaf.set(leaf.value().float())
                leaf.param = self.exact(leaf, key)
        self.inner.run(leaves, run, self.inside(key))
        for leaf, p in zip(leaves, here, strict=True):
            if _is_short(p):
                found = self.rounded(leaf, p, run, key)
                # The difference is exact in single precision, and so is the sum that follows.
                leaf.set(found.float() - p.float())
            leaf.param = p

    def begin(self, leaf: Leaf, key: str) -> None:
        """Put the first state of a leaf with a short parameter into it."""

    def exact(self, leaf: Leaf, key: str) -> Tensor:
        """The parameter as the transformation is to see it."""
        return leaf.param.float()

    def rounded(self, leaf: Leaf, p: Tensor, run: Run, key: str) -> Tensor:
        """The new parameter in its own type; ``leaf`` has the exact one and its update."""
        raise RuntimeError(f"{self.name}: a subclass says how parameters are rounded")


class Master(Exact):
    """See :func:`master_weights`."""

    name = "master_weights"

    def begin(self, leaf: Leaf, key: str) -> None:
        leaf.state[key] = {"master": leaf.param.detach().float()}

    def exact(self, leaf: Leaf, key: str) -> Tensor:
        return leaf.state[key]["master"]

    def rounded(self, leaf: Leaf, p: Tensor, run: Run, key: str) -> Tensor:
        new = leaf.state[key]["master"] = leaf.param + leaf.value()
        return new.to(p.dtype)


def master_weights(inner: Any) -> Transformation:
    """Keep parameters of 16 bits in single precision too, and add updates there.

    Updates that are too small for the parameter's own type gather until they are not. Other
    parameters are updated as they are.

    Args:
        inner: the transformation.

    Returns:
        A transformation whose slot ``master`` holds the exact parameters.

    Raises:
        ValueError: in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule, w = transform.master_weights(transform.sgd(1.0)), fb.ones(1, dtype=fb.bfloat16)
        >>> state = rule.init(w)
        >>> for _ in range(4):
        ...     g = fb.full((1,), -1e-3, dtype=fb.bfloat16)
        ...     updates, state = rule.update(g, state, w)
        ...     w = transform.apply_updates(w, updates)
        >>> w
        tensor([1.0078], dtype=torch.bfloat16)

    Reference: Micikevicius et al., "Mixed precision training", ICLR 2018, section 3.1.
    """
    return Master(inner)


class Compensated(Exact):
    """See :func:`compensated`."""

    name = "compensated"

    def begin(self, leaf: Leaf, key: str) -> None:
        leaf.state[key] = {"lost": leaf.param.detach() * 0}

    def rounded(self, leaf: Leaf, p: Tensor, run: Run, key: str) -> Tensor:
        slots = leaf.state[key]
        exact = leaf.param + (leaf.value() + slots["lost"].float())
        new = exact.to(p.dtype)
        slots["lost"] = (exact - new.float()).to(p.dtype)
        return new


def compensated(inner: Any) -> Transformation:
    r"""Add to the next update what rounding has taken from the last one: Kahan's summation.

    .. math:: y = u + c, \quad θ' = \operatorname{round}(θ + y), \quad c ← y - (θ' - θ)

    For parameters of 16 bits; others are updated as they are. It needs half the memory of
    :func:`master_weights`.

    Args:
        inner: the transformation.

    Returns:
        A transformation whose slot ``lost`` is :math:`c`, in the parameter's type.

    Raises:
        ValueError: in ``update``, if it is given no parameters.

    Reference: Kahan, "Further remarks on reducing truncation errors", 1965; Zamirai et al.,
    "Revisiting bfloat16 training", 2020, algorithm 3.
    """
    return Compensated(inner)


class Stochastic(Exact):
    """See :func:`stochastic_rounding`."""

    name = "stochastic_rounding"

    def __init__(self, inner: Any, key: int) -> None:
        super().__init__(inner)
        self.key = key

    def rounded(self, leaf: Leaf, p: Tensor, run: Run, key: str) -> Tensor:
        exact = leaf.param + leaf.value()
        bits = bits_of_step(exact, run.step, self.key, place_of(f"{key}/{leaf.name}"))
        return round_at_random(exact, bits, p.dtype)


def stochastic_rounding(inner: Any, key: int = 0) -> Transformation:
    """Round new parameters up or down with probabilities that keep the mean.

    For parameters of 16 bits; others are updated as they are. It needs no memory. What is drawn
    is a function of the key, the parameter's name and the step.

    Args:
        inner: the transformation.
        key: a whole number; another key, other numbers.

    Raises:
        ValueError: in ``update``, if it is given no parameters.

    Reference: Gupta et al., "Deep learning with limited numerical precision", ICML 2015.
    """
    return Stochastic(inner, key)
