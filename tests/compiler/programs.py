"""Random programs of tensor operations: what they compute, and how two runs are compared.

A program is drawn from the shapes and types of its tensors only, so that it is the same program
whether its tensors hold numbers or are being recorded.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.tensor.tensor import Tensor

SHAPES = [(), (1,), (5,), (17,), (3, 4), (4, 1), (1, 7), (2, 3, 4), (33, 5), (2, 1, 19), (6, 6)]
REAL = [fb.float64, fb.float64, fb.float64, fb.float32, fb.bfloat16]
PRECISION = {"float64": 1e-12, "float32": 2e-5, "float16": 8e-3, "bfloat16": 6e-2}


def inputs_of(seed: int) -> list[Tensor]:
    """Tensors of several types and shapes; those of float64 may want gradients."""
    random, numbers = Random(seed), np.random.default_rng(seed)
    found = []
    for _ in range(random.randint(2, 4)):
        shape = random.choice(SHAPES)
        kind = random.choice([*REAL, fb.int64, fb.bool])
        if kind is fb.bool:
            array = numbers.integers(0, 2, shape).astype(bool)
        elif kind is fb.int64:
            array = numbers.integers(-5, 6, shape)
        else:
            plain = numbers.uniform(-2, 2, shape)
            array = np.asarray(plain).astype(kind.numpy)
        tensor = fb.from_numpy(np.asarray(array).copy())
        found.append(tensor.requires_grad_() if kind is fb.float64 else tensor)
    return found


class RandomProgram:
    """A function of tensors that does the same at each call.

    Args:
        seed: decides everything.
        length: how many operations.
    """

    def __init__(self, seed: int, length: int) -> None:
        self.seed = seed
        self.length = length

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """Outputs, and the gradients of their sum."""
        random = Random(self.seed + 1)
        known = list(inputs)
        for _ in range(self.length):
            made = self.step(random, known)
            known += made if isinstance(made, list) else [made]
        results = random.sample(known, min(3, len(known))) + known[-2:]
        results = [x.clone() if any(x is y for y in inputs) else x for x in results]
        wanted = [x for x in inputs if x.requires_grad]
        sources = [x for x in results if x.requires_grad]
        if sources and wanted:
            total = sum((x.to(fb.float64) * 0.5).sum() for x in sources)
            results += [
                g for g in fb.autograd.grad(total, wanted, allow_unused=True) if g is not None
            ]
        return [x.detach() for x in results]

    def step(self, random: Random, known: list[Tensor]) -> Any:
        """One operation on tensors that are there."""
        family = random.choice(
            [unary, unary, binary, binary, comparison, reduction, reduction, view, view, inplace,
             pick, product, conversion, joined, normalised]
        )  # fmt: skip
        return family(random, random.choice(known), known)


def unary(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    if not x.is_floating_point():
        return random.choice([fb.neg, fb.abs, fb.square])(x) % 7 if x.dtype is not fb.bool else ~x
    name = random.choice(
        ["sin", "tanh", "sigmoid", "exp", "relu", "abs", "neg", "log", "sqrt", "gelu", "clamp"]
    )
    if name in ("log", "sqrt"):
        return getattr(fb, name)(x * x + 0.5)
    if name == "exp":
        return fb.exp(-x.abs())
    if name == "gelu":
        return fb.nn.functional.gelu(x)
    if name == "clamp":
        return x.clamp(-1.1, 1.3)
    return getattr(fb, name)(x)


def fitting(random: Random, x: Tensor, known: list[Tensor]) -> Any:
    """Something that broadcasts with x: another tensor or a number."""
    found = [y for y in known if _broadcasts(x.shape, y.shape)]
    return random.choice([*found, *found, 2, 0.75, -1.5])


def _broadcasts(x: Any, y: Any) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(x), reversed(y), strict=False))


def binary(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    y = fitting(random, x, known)
    name = random.choice(["add", "sub", "mul", "div", "maximum", "where", "addcmul"])
    if name in ("maximum", "sub") and (
        x.dtype is fb.bool or not isinstance(y, Tensor) or y.dtype is fb.bool
    ):
        name = "add"
    if name == "div":
        return x / (y * y + 1.25)
    if name == "maximum":
        return fb.where(x > 0.1003, x, y)
    if name == "where":
        return fb.where(x > 0.2371, x, y)
    if name == "addcmul":
        return x * 0.5 + x * y
    return getattr(fb, name)(x, y)


def comparison(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    name = random.choice(["lt", "ge", "ne", "gt"])
    return getattr(fb, name)(x, random.choice([0.12345, -0.73211, 1.51234]))


def reduction(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    dims = random.sample(range(x.ndim), random.randint(0, x.ndim))
    keepdim = random.random() < 0.5
    name = random.choice(["sum", "mean", "amax", "any", "all", "sum", "logsumexp", "var", "prod"])
    if name in ("any", "all"):
        reduce = getattr(fb, name)
        return reduce(x, dim=dims, keepdim=keepdim) if dims else reduce(x)
    if name == "prod":
        return (x.sigmoid() + 0.5).prod(dims[0], keepdim) if dims else (x.sigmoid() + 0.5).prod()
    if name != "sum" and not x.is_floating_point():
        x = x.to(fb.float64)
    if name == "amax":
        return fb.amax(x.detach(), dims, keepdim) if x.numel() else x.sum()
    if name == "logsumexp":
        return fb.logsumexp(x, dims, keepdim)
    if name == "var":
        return fb.var(x, dims, correction=0, keepdim=keepdim)
    return getattr(fb, name)(x, dims, keepdim) if dims else getattr(fb, name)(x)


def view(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    names = ["unsqueeze", "reshape", "expand"]
    if x.ndim >= 1:
        names += ["narrow", "slice", "flip", "select", "squeeze", "flatten", "chunk"]
    if x.ndim >= 2:
        names += ["transpose", "permute", "T", "transpose", "diagonal"]
    name = random.choice(names)
    dim = random.randrange(x.ndim) if x.ndim else 0
    if name == "unsqueeze":
        return x.unsqueeze(random.randint(0, x.ndim))
    if name == "reshape":
        return x.reshape(-1) if random.random() < 0.5 else x.reshape((*x.shape, 1))
    if name == "expand":
        return x.expand((3, *x.shape))
    if name == "narrow":
        start = random.randrange(x.shape[dim]) if x.shape[dim] else 0
        return x.narrow(
            dim, start, random.randint(0 if x.shape[dim] < 2 else 1, x.shape[dim] - start)
        )
    if name == "slice":
        return x[::2]
    if name == "flip":
        return x.flip(dim)
    if name == "select":
        return x.select(dim, -1) if x.shape[dim] else x
    if name == "squeeze":
        return x.squeeze()
    if name == "flatten":
        return x.flatten()
    if name == "chunk":
        return x.chunk(2, dim)[0]
    if name == "transpose":
        return x.transpose(dim, random.randrange(x.ndim))
    if name == "permute":
        return x.permute(random.sample(range(x.ndim), x.ndim))
    return x.transpose(0, 1) if name == "T" else x.diagonal(0, 0, 1)


def inplace(random: Random, x: Tensor, known: list[Tensor]) -> list[Tensor]:
    """A copy of x, of which a view is written to."""
    whole = x.clone()
    part = whole
    for _ in range(random.randint(0, 2)):
        if part.ndim:
            dim = random.randrange(part.ndim)
            part = random.choice(
                [lambda p, d: p.transpose(0, d), lambda p, d: p.narrow(d, 0, p.shape[d] // 2),
                 lambda p, d: p[1:], lambda p, d: p[..., ::2]]
            )(part, dim)  # fmt: skip
    y = fitting(random, part, known)
    if not isinstance(y, Tensor) or _fits(y.shape, part.shape):
        kind = part.dtype
        if isinstance(y, Tensor) and y.dtype is not kind:
            y = y.to(kind)
        if not isinstance(y, Tensor) and not part.is_floating_point():
            y = 1
        name = random.choice(["add_", "mul_", "copy_", "fill_"])
        if name == "copy_" and isinstance(y, Tensor):
            part.copy_(y)
        elif name == "fill_" and not isinstance(y, Tensor):
            part.fill_(y)
        elif part.dtype is not fb.bool:
            getattr(part, name if name in ("add_", "mul_") else "add_")(y)
    part.zero_() if random.random() < 0.2 else None
    return [whole, part]


def _fits(small: Any, large: Any) -> bool:
    """Whether one shape broadcasts to another."""
    if len(small) > len(large):
        return False
    return all(m in (1, n) for m, n in zip(reversed(small), reversed(large), strict=False))


def pick(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    """Elements by index, and the additions that are its reverse."""
    if not x.ndim or not x.shape[0]:
        return x * 1 if x.dtype is not fb.bool else x
    rows = x.shape[0]
    index = fb.tensor([random.randrange(rows) for _ in range(random.choice([1, 3, 20]))])
    name = random.choice(
        ["index_select", "index", "gather", "index_add", "scatter_add", "put", "take"]
    )
    if name == "index_select":
        return x.index_select(0, index)
    if name == "index":
        return x[index - rows] if random.random() < 0.5 else x[index]
    if x.dtype is fb.bool:
        return x
    if name == "take":
        return x[..., fb.tensor([0])] if x.shape[-1] else x
    if name == "gather":
        shape = (len(index), *[1] * (x.ndim - 1))
        return x.gather(0, index.reshape(shape).expand((len(index), *x.shape[1:])))
    if name == "index_add":
        return x.index_add(0, index, x.index_select(0, index) * 2)
    if name == "put":
        whole = x.clone()
        whole[fb.tensor([0])] = x[:1] * 2
        return whole
    return fb.zeros_like(x).scatter_add(0, fb.zeros(x.shape, dtype=fb.int64), x)


def product(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    if not x.is_floating_point() or x.dtype is fb.bfloat16 or x.ndim == 0:
        return x.to(fb.float64).sum()
    if x.ndim == 1:
        return fb.dot(x, x) if random.random() < 0.5 else fb.outer(x, x)
    return random.choice(
        [lambda: x @ x.mT, lambda: x.mT @ x,
         lambda: fb.nn.functional.linear(x, x.flatten(0, -2)[:2]),
         lambda: x @ x[(0,) * (x.ndim - 1)] if all(x.shape[:-1]) else x]
    )()  # fmt: skip


def conversion(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    if random.random() < 0.3:
        return x.clone()
    if x.is_floating_point():
        return x.to(random.choice(REAL))
    return x.to(random.choice([fb.float64, fb.int64, fb.float32, fb.int32]))


def joined(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    if random.random() < 0.5 or not x.ndim:
        return fb.stack([x, x, x], random.randint(0, x.ndim))
    return fb.cat([x, x[:1], x], 0)


def normalised(random: Random, x: Tensor, known: list[Tensor]) -> Tensor:
    if not x.is_floating_point() or not x.ndim or 0 in x.shape:
        return x
    softmax = random.choice([fb.softmax, fb.log_softmax])
    return softmax(x, random.randrange(x.ndim))


def compare(expected: list[Tensor], found: list[Tensor], program: str = "") -> None:
    """Both runs agree: integers exactly, real numbers to the precision of their types.

    Args:
        expected, found: the results.
        program: the text of the recorded program, which says what types were on the way.
    """
    assert len(expected) == len(found)
    on_the_way = set(re.findall(r":(\w+)\[", program))
    names = [x.dtype.numpy.name for x in expected] + sorted(on_the_way)
    worst = max([PRECISION.get(name, 0) for name in names], default=0)
    for x, y in zip(expected, found, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        if not x.is_floating_point():
            np.testing.assert_array_equal(x.numpy(), y.numpy())
            continue
        a, b = (t.to(fb.float64).numpy() for t in (x, y))
        finite = np.abs(a[np.isfinite(a)])
        scale = max(finite.max(), 1.0) if finite.size else 1.0
        np.testing.assert_allclose(b, a, rtol=worst, atol=worst * scale)
