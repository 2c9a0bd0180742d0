"""What users do wrong first, and what they are told: each message in full."""

# ruff: noqa: E501

from __future__ import annotations

import math

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F


def parameter() -> fb.Tensor:
    return fb.ones(3, requires_grad=True)


def changed_after_it_was_saved() -> fb.Tensor:
    y = (parameter() * 2).exp()
    y.add_(1)
    return y.sum()


def used_up() -> fb.Tensor:
    w = parameter()
    y = (w * w).sum()
    y.backward()
    return y


CASES = [
    (
        "shapes that do not multiply",
        "fb.ones(3, 4) @ fb.ones(5, 4)",
        RuntimeError,
        (
            "matmul: inner sizes differ\n"
            "  expected: x of shape (m, k) and y of shape (k, n)\n"
            "  got:      x (3, 4) and y (5, 4)\n"
            "  help:     transpose one of them with .mT"
        ),
    ),
    (
        "shapes that do not broadcast",
        "fb.ones(3, 4) + fb.ones(5)",
        RuntimeError,
        (
            "add: shapes do not broadcast\n"
            "  expected: sizes that are equal or 1, compared from the last dimension\n"
            "  got:      (3, 4) and (5,)\n"
            "  help:     insert dimensions with .unsqueeze(dim) or match sizes with .expand()"
        ),
    ),
    (
        "types that do not multiply",
        "fb.ones(2, 2, dtype=fb.int64) @ fb.ones(2, 2)",
        RuntimeError,
        (
            "mm: operands of different types\n"
            "  expected: operands of the same dtype\n"
            "  got:      torch.int64 and torch.float32\n"
            "  help:     convert one of them with .to(dtype)"
        ),
    ),
    (
        "in place on a leaf",
        "parameter().add_(1)",
        RuntimeError,
        (
            "add_: a leaf tensor that requires a gradient is used in an in-place operation\n"
            "  expected: a tensor that the backward pass can do without\n"
            "  got:      a leaf tensor that requires a gradient\n"
            "  help:     wrap the change in no_grad(), or use the out-of-place operation"
        ),
    ),
    (
        "in place on a saved tensor",
        "changed_after_it_was_saved().backward()",
        RuntimeError,
        (
            "backward: a tensor that ExpBackward0 needs was modified by an inplace operation\n"
            "  expected: the tensor of shape (3,) at version 0\n"
            "  got:      version 1\n"
            "  help:     clone() it before the in-place change, or use the out-of-place operation; set_detect_anomaly(True) shows where the operation was called"
        ),
    ),
    (
        "backward twice",
        "used_up().backward()",
        RuntimeError,
        (
            "backward: the graph was already used and its saved tensors are freed\n"
            "  expected: one backward pass through a graph\n"
            "  got:      a second one, or reading its saved tensors after the first\n"
            "  help:     pass retain_graph=True to the first backward() if you need both"
        ),
    ),
    (
        "backward on a vector",
        "(parameter() * 2).backward()",
        RuntimeError,
        (
            "backward: grad can be implicitly created only for scalar outputs\n"
            "  expected: a tensor with 1 element, or a gradient of the output's shape\n"
            "  got:      shape (3,) and no gradient\n"
            "  help:     reduce it first, for example with .sum(), or pass gradient="
        ),
    ),
    (
        "backward without history",
        "fb.ones(2).sum().backward()",
        RuntimeError,
        (
            "backward: the tensor does not require a gradient and has no grad_fn\n"
            "  expected: the result of operations on a tensor with requires_grad=True\n"
            "  got:      a tensor of shape () without history\n"
            "  help:     set requires_grad=True before computing; check for no_grad() or detach()"
        ),
    ),
    (
        "a gradient of another shape",
        "(parameter() * 2).backward(fb.ones(4))",
        RuntimeError,
        (
            "backward: the gradient has another shape than its output\n"
            "  expected: shape (3,)\n"
            "  got:      shape (4,)"
        ),
    ),
    (
        "gradients of integers",
        "fb.ones(2, dtype=fb.int64, requires_grad=True)",
        RuntimeError,
        (
            "requires_grad: only floating-point and complex tensors can require gradients\n"
            "  expected: a floating-point or complex tensor\n"
            "  got:      a tensor of type torch.int64\n"
            "  help:     convert it with .float() or .to(dtype)"
        ),
    ),
    (
        "gradients of integers, later",
        "fb.ones(2, dtype=fb.int64).requires_grad_()",
        RuntimeError,
        (
            "requires_grad: only floating-point and complex tensors can require gradients\n"
            "  expected: a floating-point or complex tensor\n"
            "  got:      a tensor of type torch.int64\n"
            "  help:     convert it with .float() or .to(dtype)"
        ),
    ),
    (
        "a label that is no class",
        "F.cross_entropy(fb.ones(2, 3), fb.tensor([0, 3]))",
        IndexError,
        (
            "cross_entropy: a label is not a class\n"
            "  expected: labels from 0 to 2, or ignore_index=-100\n"
            "  got:      3 at target[1]"
        ),
    ),
    (
        "a negative label",
        "F.nll_loss(fb.ones(2, 3), fb.tensor([0, -1]))",
        IndexError,
        (
            "nll_loss: a label is not a class\n"
            "  expected: labels from 0 to 2, or ignore_index=-100\n"
            "  got:      -1 at target[1]"
        ),
    ),
    (
        "labels that are not integers",
        "F.cross_entropy(fb.ones(2, 3), fb.tensor([0.0, 1.0]))",
        RuntimeError,
        (
            "cross_entropy: labels have a wrong type\n"
            "  expected: labels of type torch.int64 (or torch.uint8)\n"
            "  got:      torch.float32\n"
            "  help:     convert them with .long()"
        ),
    ),
    (
        "no probability",
        "F.binary_cross_entropy(fb.tensor([1.5]), fb.tensor([1.0]))",
        RuntimeError,
        (
            "binary_cross_entropy: input has an element that is no probability\n"
            "  expected: elements from 0 to 1\n"
            "  got:      1.5\n"
            "  help:     binary_cross_entropy_with_logits takes any numbers"
        ),
    ),
    (
        "a target that is no probability",
        "F.binary_cross_entropy(fb.tensor([0.5]), fb.tensor([2.0]))",
        RuntimeError,
        (
            "binary_cross_entropy: target has an element that is no probability\n"
            "  expected: elements from 0 to 1\n"
            "  got:      2.0"
        ),
    ),
    (
        "a column against a vector",
        "F.mse_loss(fb.ones(8, 1), fb.ones(8))",
        RuntimeError,
        (
            "mse_loss: input and target have different shapes\n"
            "  expected: two tensors of one shape\n"
            "  got:      input (8, 1) and target (8,)\n"
            "  help:     target.unsqueeze(1), or input.squeeze(1)"
        ),
    ),
    (
        "a column against a vector, logits",
        "F.binary_cross_entropy_with_logits(fb.ones(8, 1), fb.ones(8))",
        ValueError,
        (
            "binary_cross_entropy_with_logits: input and target have different shapes\n"
            "  expected: two tensors of one shape\n"
            "  got:      input (8, 1) and target (8,)\n"
            "  help:     target.unsqueeze(1), or input.squeeze(1)"
        ),
    ),
    (
        "an index out of range",
        "fb.ones(3, 4)[5]",
        IndexError,
        (
            "index: index 5 is out of bounds for dimension 0 with size 3\n"
            "  expected: an index from -3 to 2\n"
            "  got:      5"
        ),
    ),
    (
        "a tensor of indices out of range",
        "fb.ones(3, 4)[fb.tensor([0, 7])]",
        IndexError,
        (
            "index: index 7 is out of bounds for dimension 0 with size 3\n"
            "  expected: indices from -3 to 2\n"
            "  got:      7"
        ),
    ),
    (
        "gather out of range",
        "fb.ones(3, 4).gather(0, fb.tensor([[9]]))",
        RuntimeError,
        (
            "gather: index 9 is out of bounds for dimension 0 with size 3\n"
            "  expected: entries from 0 to 2\n"
            "  got:      9"
        ),
    ),
    (
        "a word that is not in the table",
        "nn.Embedding(3, 2)(fb.tensor([3]))",
        IndexError,
        (
            "embedding: index 3 is out of bounds for dimension 0 with size 3\n"
            "  expected: entries from 0 to 2\n"
            "  got:      3"
        ),
    ),
    (
        "a label without a place",
        "F.one_hot(fb.tensor([3]), 3)",
        RuntimeError,
        ("one_hot: a label is out of range\n  expected: labels from 0 to 2\n  got:      3"),
    ),
    (
        "wrong keys of a state",
        'nn.Linear(2, 3).load_state_dict({"weight": fb.ones(3, 2), "bia": fb.ones(3)})',
        RuntimeError,
        (
            "load_state_dict: Error(s) in loading state_dict for Linear\n"
            "  expected: the names and shapes of the module's own state_dict()\n"
            '  got:      Missing key(s) in state_dict: "bias".\n'
            '            Unexpected key(s) in state_dict: "bia".\n'
            "  help:     nothing was changed; strict=False passes over missing and unexpected keys"
        ),
    ),
    (
        "wrong sizes in a state",
        'nn.Linear(2, 3).load_state_dict({"weight": fb.ones(2, 2), "bias": fb.ones(3)})',
        RuntimeError,
        (
            "load_state_dict: Error(s) in loading state_dict for Linear\n"
            "  expected: the names and shapes of the module's own state_dict()\n"
            "  got:      size mismatch for weight: torch.Size([2, 2]) in the checkpoint, torch.Size([3, 2]) in the module.\n"
            "  help:     nothing was changed; build the module with the sizes of the saved one"
        ),
    ),
    (
        "inputs that do not fit a layer",
        "nn.Linear(3, 2)(fb.ones(4, 5))",
        RuntimeError,
        (
            "linear: sizes of input and weight do not fit\n"
            "  expected: input of shape (..., in_features) and weight of shape (out_features, in_features)\n"
            "  got:      input (4, 5) and weight (2, 3)"
        ),
    ),
    (
        "a view that strides do not allow",
        "fb.ones(2, 3).t().view(6)",
        RuntimeError,
        (
            "view: view size is not compatible with input tensor's size and stride\n"
            "  expected: sizes that split or join dimensions which lie in memory without gaps\n"
            "  got:      shape (3, 2), strides (1, 3), view size (6,)\n"
            "  help:     use .reshape(...), which copies where it must"
        ),
    ),
    (
        "the largest of nothing",
        "fb.ones(0).max()",
        RuntimeError,
        (
            "max: the tensor is empty\n"
            "  expected: at least one element\n"
            "  got:      shape (0,)\n"
            "  help:     name the dimension to reduce with dim=, if that one is not empty"
        ),
    ),
    (
        "an item of several",
        "fb.ones(2).item()",
        RuntimeError,
        (
            "item: a tensor with one element is needed\n"
            "  expected: 1 element\n"
            "  got:      2 elements, shape (2,)\n"
            "  help:     reduce it first, or use tolist()"
        ),
    ),
    (
        "the truth of several",
        "bool(fb.ones(2))",
        RuntimeError,
        (
            "bool: the truth of a tensor with several or no elements is ambiguous\n"
            "  expected: 1 element\n"
            "  got:      2 elements, shape (2,)\n"
            "  help:     use .any() or .all()"
        ),
    ),
    (
        "an array that would lose the gradient",
        "parameter().numpy()",
        RuntimeError,
        (
            "numpy: a tensor that requires a gradient cannot become an array\n"
            "  expected: a tensor that requires no gradient\n"
            "  got:      one whose changes would go unnoticed\n"
            "  help:     use x.detach().numpy(), or x.numpy(force=True)"
        ),
    ),
    (
        "a negative learning rate",
        "fb.optim.SGD([parameter()], lr=-1)",
        ValueError,
        ("SGD: invalid lr\n  expected: lr at least 0.0\n  got:      -1"),
    ),
    (
        "no parameters",
        "fb.optim.SGD([], lr=0.1)",
        ValueError,
        (
            "optimizer: the list of parameters is empty\n"
            "  expected: at least one parameter\n"
            "  got:      none\n"
            "  help:     generators can be used only once; pass model.parameters() anew"
        ),
    ),
]
NAMES = {"fb": fb, "nn": nn, "F": F} | {
    f.__name__: f for f in (parameter, changed_after_it_was_saved, used_up)
}


@pytest.mark.parametrize(
    ("code", "error", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_message(code: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        eval(code, NAMES)
    assert str(caught.value) == text


def test_documented_values() -> None:
    """Where the mathematics has no answer, these are the ones given: PyTorch's."""
    assert fb.log(fb.tensor(0.0)).item() == -math.inf
    assert math.isnan(fb.log(fb.tensor(-1.0)).item())
    assert math.isnan(fb.empty(0).mean().item())
    assert fb.empty(0).sum().item() == 0.0
    x = fb.zeros(3, requires_grad=True)
    x.norm().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    # The square root's slope at 0 is infinite, and 0 times infinity is not a number: mask the
    # argument, not the result.
    x = fb.tensor([0.0, 4.0], requires_grad=True)
    fb.where(x > 0, x.sqrt(), 0.0).sum().backward()
    assert math.isnan(x.grad[0].item())
    assert x.grad[1].item() == 0.25
    x = fb.tensor([0.0, 4.0], requires_grad=True)
    fb.where(x > 0, fb.where(x > 0, x, 1.0).sqrt(), 0.0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]
