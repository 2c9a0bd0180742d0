"""Random programs of views, in-place changes and reads, run by PyTorch and by us."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

# Each step is a name and two numbers; what the numbers mean is decided by the tensor at hand.
VIEWS = [
    "alias", "select", "slice", "step", "transpose", "t", "unsqueeze", "squeeze", "reshape",
    "view", "flatten", "expand", "diagonal", "permute", "narrow", "split", "unbind", "detach",
    "unfold", "data",
]  # fmt: skip
CHANGES = [
    "mul_", "add_", "mul_other", "copy_", "fill_", "zero_", "set_item", "set_slice", "set_index",
    "exp_", "add_other", "set_mask", "unsqueeze_",
]  # fmt: skip
READS = ["square", "exp", "times", "sum", "index", "clone"]

Step = tuple[str, int, int, int]
steps = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(VIEWS), st.sampled_from(CHANGES), st.sampled_from(READS)),
        st.integers(0, 7),
        st.integers(0, 7),
        st.sampled_from([0, 0, 0, 0, 1]),
    ),
    min_size=1,
    max_size=9,
)


def view(name: str, x: Any, k: int) -> Any:
    """A view of ``x``, the same for both libraries."""
    ndim = x.dim()
    dim = k % ndim if ndim else 0
    size = x.shape[dim] if ndim else 1
    if name == "select":
        return x[k % x.shape[0]] if ndim and x.shape[0] else x[...]
    if name == "slice":
        return x[k % 2 :] if ndim else x[...]
    if name == "step":
        return x[..., ::2] if ndim else x[None]
    if name == "transpose":
        return x.transpose(0, -1) if ndim else x.transpose(0, 0)
    if name == "t":
        return x.t() if ndim <= 2 else x.mT
    if name == "unsqueeze":
        return x.unsqueeze(k % (ndim + 1)) if ndim < 4 else x.squeeze()
    if name == "squeeze":
        return x.squeeze() if k % 2 else x.squeeze(dim)
    if name == "reshape":
        return x.reshape(-1)
    if name == "view":
        return x.view(-1)
    if name == "flatten":
        return x.flatten(0, dim)
    if name == "expand":
        return x.expand(2, *x.shape) if ndim < 3 else x.expand(x.shape)
    if name == "diagonal":
        return x.diagonal(k % 3 - 1, 0, -1) if ndim > 1 else x[...]
    if name == "permute":
        return x.permute(tuple(range(ndim - 1, -1, -1)))
    if name == "narrow":
        return x.narrow(dim, 0, (size + 1) // 2) if ndim else x[...]
    if name == "split":
        return x.split(1)[0] if ndim and x.shape[0] else x[...]
    if name == "unbind":
        return x.unbind(0)[-1] if ndim and x.shape[0] else x[...]
    if name == "detach":
        return x.detach()
    if name == "unfold":
        return x.unfold(dim, min(2, size), 2) if ndim and ndim < 4 else x[...]
    if name == "data":
        return x.data
    return x[...]


def change(name: str, lib: Any, x: Any, other: Any, k: int) -> Any:
    """An in-place change of ``x``; what is written overlaps nothing that is read.

    (Where it does, PyTorch refuses or depends on the order of its loops; we read first.)
    """
    if name == "mul_":
        x.mul_(1.5)
    elif name == "add_":
        x.add_(0.25)
    elif name == "exp_":
        x.mul_(0.1).exp_()
    elif name == "mul_other":
        x.mul_(other.sum())
    elif name == "add_other":
        x.add_(other * 1)
    elif name == "copy_":
        x.copy_(other * 1)
    elif name == "fill_":
        x.fill_(0.5)
    elif name == "zero_":
        x.zero_()
    elif name == "set_item":
        x[k % 2] = 0.75
    elif name == "set_slice":
        x[..., : k % 3] = other.sum()
    elif name == "set_index":
        x[lib.tensor([0, k % 2, 0])] = 0.125
    elif name == "set_mask":
        x[x > 1] = 0.5
    elif name == "unsqueeze_" and x.dim() < 4:
        x = x.clone()
        x.unsqueeze_(0)
    return x


def read(name: str, lib: Any, x: Any, other: Any) -> Any:
    """A computation."""
    if name == "square":
        return x * x
    if name == "exp":
        return (x * 0.1).exp()
    if name == "times":
        return x * other.sum()
    if name == "sum":
        return x.sum()
    if name == "index":
        return x[lib.tensor([0, 0])]
    return x.clone()


class Run:
    """One library's tensors, and the tensors it has to differentiate."""

    def __init__(self, lib: Any) -> None:
        self.lib = lib
        values = np.linspace(-0.9, 1.4, 12).reshape(3, 4)
        self.leaf = lib.tensor(values.tolist(), dtype=lib.float64, requires_grad=True)
        self.constant = lib.tensor(values.T.tolist(), dtype=lib.float64)
        self.pool = [self.leaf * 1, self.constant.clone(), self.leaf]

    def step(self, name: str, i: int, k: int, quiet: int) -> str | None:
        """Take a step; the kind of error if there is one."""
        x, other = self.pool[i % len(self.pool)], self.pool[k % len(self.pool)]
        if quiet and name in VIEWS and x.requires_grad:
            # By design: in PyTorch such a view says that it requires a gradient, and leads nowhere.
            reject()
        if name in ("set_index", "set_mask") and overlaps(x):
            reject()  # deprecated in PyTorch, an error here
        try:
            if quiet:
                with self.lib.no_grad():
                    made = self.make(name, x, other, k)
            else:
                made = self.make(name, x, other, k)
            self.pool.append(made)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            if "a leaf Variable that" in str(error) and x._is_view():
                # PyTorch asks whether the view is a leaf before it brings the view's place in the
                # graph up to date, and refuses a change that it allows once grad_fn was looked at.
                reject()
            return "IndexError" if isinstance(error, IndexError) else "error"
        return None

    def make(self, name: str, x: Any, other: Any, k: int) -> Any:
        if name in VIEWS:
            return view(name, x, k)
        if name in CHANGES:
            return change(name, self.lib, x, other, k)
        return read(name, self.lib, x, other)

    def gradient(self) -> Any:
        """The leaf's gradient of all tensors together, or the fact that there is an error."""
        try:
            terms = [(x * x).sum() for x in self.pool if x.requires_grad]
            total = sum(terms, self.leaf.sum())
            total.backward()
        except RuntimeError:
            return "error"
        return None if self.leaf.grad is None else np.asarray(self.leaf.grad)


def overlaps(x: Any) -> bool:
    """Whether a tensor was expanded."""
    return any(s == 0 and n > 1 for n, s in zip(x.shape, x.stride(), strict=True))


def without_number(name: str | None) -> str | None:
    return name and name.rstrip("0123456789")


def name_of(x: Any) -> str | None:
    return None if x.grad_fn is None else x.grad_fn.name()


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_random_programs(program: list[Step]) -> None:
    theirs, ours = Run(torch), Run(fb)
    for step in program:
        expected = theirs.step(*step)
        found = ours.step(*step)
        assert (found is None) == (expected is None), (step, expected, found)
        if expected == "IndexError":
            assert found == "IndexError"
            return  # PyTorch may have written a part before it saw the index
    for position, (a, b) in enumerate(zip(theirs.pool, ours.pool, strict=True)):
        where = (position, program)
        assert tuple(a.shape) == tuple(b.shape), where
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert a.requires_grad == b.requires_grad, where
        assert a._version == b._version, where
        try:
            names = name_of(a)
        except RuntimeError:
            with pytest.raises(RuntimeError):
                name_of(b)
            continue
        # Overloads of one function differ in the number at the end.
        assert without_number(names) == without_number(name_of(b)), where
    expected, found = theirs.gradient(), ours.gradient()
    if isinstance(expected, str) or isinstance(found, str):
        assert str(expected) == str(found)
        return
    scale = np.abs(expected).max() if np.isfinite(expected).all() else 1
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * scale)
