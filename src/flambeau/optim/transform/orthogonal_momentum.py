"""Momentum for matrices, orthogonalized."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.combinators import at_path, chain, partition
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.adam_optimizers import adamw
from flambeau.optim.transform.moments import added, average_, zeros_for
from flambeau.optim.transform.newton_schulz import PRECONDITIONINGS, orthogonalized
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

Hyper = dict[str, Any]
COEFFICIENTS = (3.4445, -4.775, 2.0315)


class MuonDimensionNumbers:
    """Which dimensions of a parameter are the rows and columns of a matrix.

    The others count matrices.

    Args:
        reduction_axis: the dimensions that inputs come in by, one or several.
        output_axis: the dimensions of the outputs.

    Differs from optax: the defaults are those of weights of shape (outputs, inputs).
    """

    __slots__ = ("output_axis", "reduction_axis")

    def __init__(
        self, reduction_axis: int | Sequence[int] = 1, output_axis: int | Sequence[int] = 0
    ) -> None:
        self.reduction_axis = _as_tuple(reduction_axis)
        self.output_axis = _as_tuple(output_axis)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reduction_axis}, {self.output_axis})"

    def axes(self, x: Tensor) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """The dimensions of the matrices' number, of inputs and of outputs.

        Raises:
            ValueError: if the last two overlap, or a dimension does not exist.
        """
        inputs, outputs = self.reduction_axis, self.output_axis
        known = all(-x.ndim <= d < x.ndim for d in (*inputs, *outputs))
        inputs, outputs = (tuple(d % max(x.ndim, 1) for d in dims) for dims in (inputs, outputs))
        if not known or set(inputs) & set(outputs):
            raise ValueError(
                message(
                    f"{type(self).__name__}: the parameter has no such matrices",
                    expected="different dimensions for inputs and outputs",
                    got=f"{self} for shape {tuple(x.shape)}",
                )
            )
        taken = {*inputs, *outputs}
        return tuple(d for d in range(x.ndim) if d not in taken), inputs, outputs

    def fans(self, x: Tensor) -> tuple[int, int]:
        """The number of inputs and of outputs."""
        _, inputs, outputs = self.axes(x)
        return math.prod(x.shape[d] for d in inputs), math.prod(x.shape[d] for d in outputs)


def _as_tuple(axes: int | Sequence[int]) -> tuple[int, ...]:
    return (axes,) if isinstance(axes, int) else tuple(axes)


def as_matrices(x: Tensor, numbers: MuonDimensionNumbers) -> tuple[Tensor, Any]:
    """A tensor as ``(count, inputs, outputs)``, and a function that undoes it."""
    parts = numbers.axes(x)
    order = [d for dims in parts for d in dims]
    back = sorted(range(x.ndim), key=order.__getitem__)
    shape = [math.prod(x.shape[d] for d in dims) for dims in parts]
    whole = [x.shape[d] for d in order]
    return x.permute(order).reshape(shape), lambda y: y.reshape(whole).permute(back)


def numbers_of(given: Any, leaf: Leaf, run: Run) -> MuonDimensionNumbers:
    """A parameter's dimensions, from one value for all, a tree, or a function that gives one."""
    if callable(given):
        given = given(run.updates if run.params is None else run.params)
    if given is None or isinstance(given, MuonDimensionNumbers):
        return given or MuonDimensionNumbers()
    return at_path(given, leaf.path, "muon")


def _start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        require(
            leaf.param.ndim >= 2,
            "scale_by_muon: a parameter is no matrix",
            "parameters with at least 2 dimensions",
            f"{leaf.name or 'a parameter'} of shape {tuple(leaf.param.shape)}",
            "transform.muon leaves vectors to Adam",
        )
        leaf.state[key] = {"mu": zeros_for(leaf.param, h["mu_dtype"])}
    return {}


def _muon(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    b, t = h["beta"], run.step
    for leaf in leaves:
        g = leaf.value()
        kept = leaf.state[key]["mu"]
        mu = average_(kept.to(g.dtype, copy=True), g, b)
        leaf.state[key]["mu"] = mu.to(kept.dtype)
        if h["nesterov"]:
            mean = added(mu * (b / (1 - b ** (t + 1))), g, (1 - b) / (1 - b**t))
        else:
            mean = mu / (1 - b**t)
        matrices, back = as_matrices(mean, numbers_of(h["numbers"], leaf, run))
        u = back(orthogonalized(matrices, h["triples"], h["preconditioning"], h["eps"]))
        leaf.set(u * (mean * u).sum() if h["adaptive"] else u)


class Muon(Whole):
    """See :func:`scale_by_muon`: its function of dimension numbers is no schedule."""

    def __init__(self, h: Hyper) -> None:
        numbers = h.pop("numbers")
        super().__init__("scale_by_muon", self._all, h, _start)
        self.numbers = numbers

    def _all(self, leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
        _muon(leaves, h | {"numbers": self.numbers}, run, key)


def _triples(coefficients: Any, steps: int) -> tuple[tuple[float, float, float], ...]:
    several = isinstance(coefficients[0], (tuple, list))
    triples = tuple(coefficients)[-steps:] if several else (tuple(coefficients),) * steps
    require(
        all(len(x) == 3 for x in triples) and len(triples) <= steps,
        "scale_by_muon: invalid ns_coeffs",
        f"three numbers, or at most {steps} triples of them",
        coefficients,
    )
    return triples  # type: ignore[return-value]


def scale_by_muon(
    ns_coeffs: Any = COEFFICIENTS,
    ns_steps: int = 5,
    beta: Any = 0.95,
    eps: Any = 1e-8,
    mu_dtype: Any = None,
    *,
    nesterov: bool = True,
    adaptive: bool = False,
    preconditioning: str = "frobenius",
    weight_dimension_numbers: Any = None,
) -> Transformation:
    r"""The average gradient of a matrix, with its singular values moved towards 1.

    .. math::
        m ← β m + (1 - β) g, \quad
        \hat m = \frac{β m}{1 - β^{t+1}} + \frac{(1 - β) g}{1 - β^t}, \quad
        u = \operatorname{NS}(\hat m), \quad X ← aX + (bA + cA^2) X, \; A = X X^T

    Args:
        ns_coeffs: :math:`(a, b, c)`, or such a triple for each iteration.
        ns_steps: how many iterations, at least 1.
        beta: β, in [0, 1).
        eps: added to norms, at least 0.
        mu_dtype: the type in which :math:`m` is kept.
        nesterov: look one step ahead; otherwise :math:`\hat m = m / (1 - β^t)`.
        adaptive: multiply by :math:`⟨\hat m, u⟩`, so that the step follows the gradient's scale.
        preconditioning: how :math:`X` is made smaller than 1 first: ``"frobenius"`` divides by
            that norm, ``"spectral"`` by the largest singular value, ``"aol"`` and ``"schatten"``
            by bounds that come with the first product.
        weight_dimension_numbers: a :class:`MuonDimensionNumbers`, a tree of them like that of
            the parameters, or a function of the parameters; ``None`` for (outputs, inputs).

    Raises:
        ValueError: for arguments out of range, or parameters that are no matrices.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.eye(2), fb.tensor([[0.5, -0.1], [0.2, 0.3]])
        >>> rule = fb.optim.transform.scale_by_muon()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([[ 0.8549, -0.2517],
                [ 0.3304,  0.6974]])

    Reference: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    Differs from PyTorch: the average is freed from its bias, and the iteration keeps the
    parameter's type. From optax: weights are (outputs, inputs).
    """
    check_betas("scale_by_muon", beta=beta)
    in_range("scale_by_muon", "ns_steps", ns_steps, 1)
    in_range("scale_by_muon", "eps", eps, 0)
    require(
        preconditioning in PRECONDITIONINGS,
        "scale_by_muon: unknown preconditioning",
        " or ".join(map(repr, PRECONDITIONINGS)),
        repr(preconditioning),
    )
    return Muon(
        {"triples": _triples(ns_coeffs, ns_steps), "beta": beta, "eps": eps,
         "mu_dtype": mu_dtype, "nesterov": nesterov, "adaptive": adaptive,
         "preconditioning": preconditioning, "numbers": weight_dimension_numbers}
    )  # fmt: skip


class Shaped(Transformation):
    """Multiplies the update of a matrix by a number that follows from its shape.

    Args:
        numbers: see :func:`scale_by_muon`.
        consistent_rms: the root mean square that updates shall have, or ``None``.
    """

    name = "scale_by_shape"

    def __init__(self, numbers: Any, consistent_rms: Any) -> None:
        self.numbers = numbers
        self.consistent_rms = consistent_rms

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        for leaf in leaves:
            fan_in, fan_out = numbers_of(self.numbers, leaf, run).fans(leaf.update)
            if self.consistent_rms is None:
                leaf.scale(math.sqrt(max(1.0, fan_out / fan_in)))
            else:
                leaf.scale(self.consistent_rms * math.sqrt(max(fan_in, fan_out)))


def muon(
    learning_rate: Any,
    ns_coeffs: Any = COEFFICIENTS,
    ns_steps: int = 5,
    beta: Any = 0.95,
    eps: Any = 1e-8,
    weight_decay: Any = 0.0,
    weight_decay_mask: Any = None,
    mu_dtype: Any = None,
    *,
    nesterov: bool = True,
    adaptive: bool = False,
    preconditioning: str = "frobenius",
    adam_b1: Any = 0.9,
    adam_b2: Any = 0.999,
    adam_eps_root: Any = 0.0,
    adam_weight_decay: Any = 0.0,
    adam_learning_rate: Any = None,
    muon_weight_dimension_numbers: Any = None,
    consistent_rms: Any = None,
) -> Transformation:
    r"""Muon for matrices, AdamW for everything else.

    .. math:: u = -γ \left(\sqrt{\max(1, n_{out}/n_{in})}\, \operatorname{NS}(\hat m) + λ θ\right)

    Args:
        learning_rate: γ, at least 0.
        ns_coeffs, ns_steps, beta, eps, mu_dtype, nesterov, adaptive, preconditioning: see
            :func:`scale_by_muon`.
        weight_decay, weight_decay_mask: λ of matrices; see :func:`add_decayed_weights`.
        adam_b1, adam_b2, adam_eps_root, adam_weight_decay: Adam's; see :func:`adamw`.
        adam_learning_rate: Adam's; ``None`` for γ.
        muon_weight_dimension_numbers: see :func:`scale_by_muon`; in a tree, ``None`` leaves a
            parameter to Adam. If not given, parameters with two dimensions are matrices.
        consistent_rms: multiply by this times :math:`\sqrt{\max(n_{in}, n_{out})}` instead, so
            that updates have this root mean square; 0.2 is that of Adam's.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.muon(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1474,  0.1474])

    Reference: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu
    et al., "Muon is scalable for LLM training", 2025 (consistent_rms).
    Differs from optax: weights are (outputs, inputs).
    """
    numbers = muon_weight_dimension_numbers

    def labels(params: Any) -> Any:
        if numbers is None:
            return trees.map(lambda p: "muon" if p is not None and p.ndim == 2 else "adam", params)
        found = numbers(params) if callable(numbers) else numbers
        if isinstance(found, MuonDimensionNumbers):
            return "muon"
        return trees.map_with_path(
            lambda path, p: "adam" if at_path(found, path, "muon") is None else "muon", params
        )

    matrices = chain(
        scale_by_muon(
            ns_coeffs, ns_steps, beta, eps, mu_dtype, nesterov=nesterov, adaptive=adaptive,
            preconditioning=preconditioning, weight_dimension_numbers=numbers,
        ),
        Shaped(numbers, consistent_rms),
        add_decayed_weights(weight_decay, weight_decay_mask),
        scale_by_learning_rate(learning_rate),
    )  # fmt: skip
    others = adamw(
        learning_rate if adam_learning_rate is None else adam_learning_rate, adam_b1, adam_b2, eps,
        adam_eps_root, mu_dtype, adam_weight_decay, nesterov=nesterov,
    )  # fmt: skip
    return partition({"muon": matrices, "adam": others}, labels)
