"""Single operations in eager mode against PyTorch's, one thread, microseconds per call.

Run it with ``python bench/operations.py``; words after it choose the rows that contain one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from measure import interleaved, machine, table

import flambeau as fb

Case = Callable[[Any], Callable[[], object]]


def on(shape: tuple[int, ...], call: Callable[..., object]) -> Case:
    """A call of the library and a random tensor."""

    def made(lib: Any) -> Callable[[], object]:
        x = lib.randn(*shape)
        return lambda: call(lib, x)

    return made


def indexed(shape: tuple[int, ...], count: int, call: Callable[..., object]) -> Case:
    """A call of the library, a random tensor, and indices into its first dimension."""

    def made(lib: Any) -> Callable[[], object]:
        x, places = lib.randn(*shape), lib.randint(0, shape[0], (count,))
        return lambda: call(lib, x, places)

    return made


SMALL, LARGE = (32, 64), (1000, 1000)
ELEMENTWISE = {
    "exp": lambda t, x: x.exp(),
    "tanh": lambda t, x: x.tanh(),
    "sigmoid": lambda t, x: x.sigmoid(),
    "relu": lambda t, x: x.relu(),
    "gelu": lambda t, x: t.nn.functional.gelu(x),
    "silu": lambda t, x: t.nn.functional.silu(x),
    "softplus": lambda t, x: t.nn.functional.softplus(x),
    "leaky_relu": lambda t, x: t.nn.functional.leaky_relu(x),
    "elu": lambda t, x: t.nn.functional.elu(x),
    "sin": lambda t, x: x.sin(),
    "log": lambda t, x: x.log(),
    "sqrt": lambda t, x: x.sqrt(),
    "abs": lambda t, x: x.abs(),
    "x + 1": lambda t, x: x + 1,
    "x * x": lambda t, x: x * x,
    "x / 3": lambda t, x: x / 3,
    "x ** 2": lambda t, x: x**2,
    "x ** 3": lambda t, x: x**3,
    "x % 2": lambda t, x: x % 2,
    "x > 0": lambda t, x: x > 0,
    "clamp": lambda t, x: x.clamp(-1, 1),
    "where": lambda t, x: t.where(x > 0, x, 0.0),
    "masked_fill": lambda t, x: x.masked_fill(x > 0, 0.0),
    "add_": lambda t, x: x.add_(0.0),
    "zero_": lambda t, x: t.empty_like(x).zero_(),
    "clone": lambda t, x: x.clone(),
    "to float64": lambda t, x: x.double(),
}
REDUCTIONS = {
    "sum": lambda t, x: x.sum(),
    "sum(1)": lambda t, x: x.sum(1),
    "mean(0)": lambda t, x: x.mean(0),
    "max": lambda t, x: x.max(),
    "max(1)": lambda t, x: x.max(1),
    "argmax(1)": lambda t, x: x.argmax(1),
    "std": lambda t, x: x.std(),
    "var(0)": lambda t, x: x.var(0),
    "norm": lambda t, x: x.norm(),
    "softmax(1)": lambda t, x: x.softmax(1),
    "log_softmax(1)": lambda t, x: x.log_softmax(1),
    "logsumexp(1)": lambda t, x: x.logsumexp(1),
    "cumsum(1)": lambda t, x: x.cumsum(1),
    "sort(1)": lambda t, x: x.sort(1),
    "topk(1)": lambda t, x: x.topk(5, 1),
    "(x > 0).any()": lambda t, x: (x > 0).any(),
    "(x > 0).sum()": lambda t, x: (x > 0).sum(),
}
MOVEMENT = {
    "x[0]": lambda t, x: x[0],
    "x[:, 1]": lambda t, x: x[:, 1],
    "x[1:5]": lambda t, x: x[1:5],
    "x[..., None]": lambda t, x: x[..., None],
    "view": lambda t, x: x.view(-1),
    "reshape": lambda t, x: x.reshape(-1),
    "flatten": lambda t, x: x.flatten(),
    "T": lambda t, x: x.T,
    "transpose": lambda t, x: x.transpose(0, 1),
    "permute": lambda t, x: x.permute(1, 0),
    "unsqueeze": lambda t, x: x.unsqueeze(0),
    "squeeze": lambda t, x: x.squeeze(),
    "expand": lambda t, x: x.expand(3, *x.shape),
    "contiguous of T": lambda t, x: x.T.contiguous(),
    "cat": lambda t, x: t.cat([x, x]),
    "stack": lambda t, x: t.stack([x, x]),
    "chunk": lambda t, x: x.chunk(2),
    "split": lambda t, x: x.split(8),
    "flip": lambda t, x: x.flip(0),
    "repeat": lambda t, x: x.repeat(2, 1),
    "tril": lambda t, x: x.tril(),
    "detach": lambda t, x: x.detach(),
    "x.item()": lambda t, x: x[0, 0].item(),
    "tolist": lambda t, x: x[0].tolist(),
}
CREATION = {
    "zeros": lambda t, x: t.zeros(32, 64),
    "ones_like": lambda t, x: t.ones_like(x),
    "arange": lambda t, x: t.arange(100),
    "tensor([..])": lambda t, x: t.tensor([1.0, 2.0, 3.0]),
    "randn": lambda t, x: t.randn(32, 64),
    "rand": lambda t, x: t.rand(32, 64),
    "randint": lambda t, x: t.randint(0, 10, (32,)),
    "randperm(1000)": lambda t, x: t.randperm(1000),
}
INDEXING = {
    "x[i]": lambda t, x, i: x[i],
    "index_select": lambda t, x, i: x.index_select(0, i),
    "embedding": lambda t, x, i: t.nn.functional.embedding(i, x),
    "one_hot": lambda t, x, i: t.nn.functional.one_hot(i, x.shape[0]),
    "gather": lambda t, x, i: x.gather(0, i[:, None]),
    "x[mask]": lambda t, x, i: x[x > 0],
}
PRODUCTS = {
    "x @ x.T": lambda t, x: x @ x.T,
    "bmm": lambda t, x: t.bmm(x[None], x.T[None]),
    "einsum": lambda t, x: t.einsum("ij,kj->ik", x, x),
    "mv": lambda t, x: x @ x[0],
    "outer": lambda t, x: t.outer(x[0], x[1]),
}


def cases() -> dict[str, Case]:
    """All rows of the table."""
    rows: dict[str, Case] = {}
    for size, shape in (("", SMALL), (" 1M", LARGE)):
        for group in (ELEMENTWISE, REDUCTIONS):
            rows.update({name + size: on(shape, call) for name, call in group.items()})
    for group in (MOVEMENT, CREATION, PRODUCTS):
        rows.update({name: on(SMALL, call) for name, call in group.items()})
    rows.update({name: indexed((100, 64), 32, call) for name, call in INDEXING.items()})
    rows["x[i] 1M"] = indexed((10_000, 100), 10_000, INDEXING["x[i]"])
    rows["randn 1M"] = on(SMALL, lambda t, x: t.randn(1000, 1000))
    rows["randperm 1M"] = on(SMALL, lambda t, x: t.randperm(1_000_000))
    return rows


def main(words: list[str]) -> None:
    """Measure and print the rows, the worst first."""
    torch.set_num_threads(1)
    rows = []
    for name, case in cases().items():
        if words and not any(word in name for word in words):
            continue
        sides = {"flambeau": case(fb), "PyTorch": case(torch)}
        rows.append((name, interleaved(sides, seconds=0.3, rounds=7)))
    rows.sort(key=lambda row: row[1]["PyTorch"] / row[1]["flambeau"])
    print(machine())
    print(table("eager operation, us", rows))


if __name__ == "__main__":
    main(sys.argv[1:])
