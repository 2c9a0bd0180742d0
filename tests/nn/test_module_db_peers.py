"""PyTorch's own table of module calls: both libraries give the same outputs and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
module_db = pytest.importorskip("torch.testing._internal.common_modules").module_db
pytestmark = pytest.mark.peers

# The first one's table is longer than all others together; the second one's gives random numbers
# for a batch that is not there.
APART = {"LinearCrossEntropyLoss", "FractionalMaxPool3d"}
NAMES = sorted(
    info.name.removeprefix("nn.")
    for info in module_db
    if info.name.startswith("nn.") and info.name.removeprefix("nn.") not in APART
)


def calls(name: str, training: bool) -> list[Any]:
    """Constructor and forward arguments that PyTorch tests a module with."""
    (info,) = [m for m in module_db if m.module_cls is getattr(torch.nn, name)]
    torch.manual_seed(0)
    return list(
        info.module_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
        )
    )


class Conversion:
    """The same arguments for one of the libraries: fresh leaves, each tensor converted once."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.made: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        if id(value) not in self.made:
            self.made[id(value)] = self.converted(value)
        return self.made[id(value)]

    def converted(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            copy = self.library.tensor(value.detach().numpy())
            return copy.requires_grad_() if value.requires_grad else copy
        if isinstance(value, torch.nn.utils.rnn.PackedSequence):
            return self.library.nn.utils.rnn.PackedSequence(*map(self, value))
        if isinstance(value, (list, tuple)):
            return type(value)(map(self, value))
        if isinstance(value, torch.nn.TransformerEncoderLayer):
            return self.encoder_layer(value)
        if isinstance(value, torch.dtype):
            return getattr(self.library, str(value).removeprefix("torch."))
        name = getattr(value, "__name__", "")
        if callable(value) and getattr(torch.nn.functional, name, None) is value:
            return getattr(self.library.nn.functional, name)
        return value

    def encoder_layer(self, value: Any) -> Any:
        attention = value.self_attn
        made = self.library.nn.TransformerEncoderLayer(
            attention.embed_dim,
            attention.num_heads,
            value.linear1.out_features,
            value.dropout.p,
            self(value.activation),
            value.norm1.eps,
            attention.batch_first,
            value.norm_first,
            attention.in_proj_bias is not None,
        )
        state = {k: self.library.tensor(v.numpy()) for k, v in value.state_dict().items()}
        made.load_state_dict(state)
        return made


def tensors(value: Any) -> list[Any]:
    """All tensors in a result or an argument, in order."""
    if isinstance(value, (fb.Tensor, torch.Tensor)):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in tensors(v)] if isinstance(value, (list, tuple)) else []


def run(library: Any, name: str, constructor: Any, forward: Any, training: bool) -> list[Any]:
    """Text, state before and after, outputs, and gradients of inputs and parameters."""
    convert = Conversion(library)
    library.manual_seed(1)
    args, kwargs = convert(constructor.args), {k: convert(v) for k, v in constructor.kwargs.items()}
    module = getattr(library.nn, name)(*args, **kwargs).train(training).double()
    inputs = convert(forward.args)
    named = {k: convert(v) for k, v in forward.kwargs.items()}
    lazy = "Lazy" in name
    before = [] if lazy else [value.clone() for value in module.state_dict().values()]
    outputs = [t for t in tensors(module(*inputs, **named)) if t.is_floating_point()]
    weights = [np.linspace(-1, 1, t.numel()).reshape(tuple(t.shape)) for t in outputs]
    total = sum((t * library.tensor(w)).sum() for t, w in zip(outputs, weights))
    leaves = [t for t in tensors([list(inputs), named]) if t.requires_grad and t.is_leaf]
    for leaf in leaves:
        leaf.grad = None
    if total.requires_grad:
        total.backward()
    grads = [t.grad for t in [*leaves, *module.parameters()]]
    state = module.state_dict()
    shown = [repr(module), list(state), [v.numpy().tobytes() for v in before]]
    return [*shown, *state.values(), *outputs, *grads]


def assert_same(a: Any, b: Any) -> None:
    if isinstance(a, fb.Tensor):
        assert tuple(a.shape) == tuple(b.shape)
        a, b = a.detach().numpy(), b.detach().numpy()
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    else:
        assert a == b


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_same_as_pytorch(name: str, training: bool) -> None:
    found = calls(name, training)
    assert found
    for call in found:
        constructor, forward = call.constructor_input, call.forward_input
        results = [run(lib, name, constructor, forward, training) for lib in (fb, torch)]
        for a, b in zip(*results, strict=True):
            assert_same(a, b)


SEQUENCES = [
    "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell", "MultiheadAttention",
    "TransformerEncoder", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SEQUENCES)
def test_compiled_equals_eager(name: str) -> None:
    """The same calls, compiled; with gradients that are asked for outside of the function."""
    for number, call in enumerate(calls(name, training=True)[::5][:5]):
        convert = Conversion(fb)
        fb.manual_seed(number)
        named = {k: convert(v) for k, v in call.constructor_input.kwargs.items()}
        module = getattr(fb.nn, name)(*convert(call.constructor_input.args), **named).double()
        inputs = convert(call.forward_input.args)
        options = {k: convert(v) for k, v in call.forward_input.kwargs.items()}
        found = []
        for run in (module, fb.compile(module)):
            fb.manual_seed(number)
            outputs = [t for t in tensors(run(*inputs, **options)) if t.is_floating_point()]
            module.zero_grad()
            sum((t**2).sum() for t in outputs).backward()
            found.append([*outputs, *(p.grad for p in module.parameters())])
        for a, b in zip(*found, strict=True):
            assert_same(a, b)
