"""PyTorch's own tables of modules and optimizers: constructed, run and differentiated by both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

import flambeau as fb
from tests.peers.coverage.comparison import Different, require_same
from tests.peers.coverage.measures import Failed, attempt, flat, require_same_gradients, weights
from tests.peers.coverage.translation import Missing, Untranslatable, Values, named

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_modules import module_db
    from torch.testing._internal.common_optimizers import optim_db

MODULES = [info for info in module_db if info.module_cls.__module__.startswith("torch.nn")]
# Its gradients are sparse tensors.
OPTIMIZERS = [info for info in optim_db if info.optim_cls is not torch.optim.SparseAdam]
STEPS = 4
# PyTorch computes parts of these in float32, or in bfloat16.
PEER_ERROR = {"ASGD": 1e-7, "Muon": 1e-2}
OUTSIDE = ("foreach", "fused", "capturable")  # which kernels PyTorch runs, not what they compute


def outcome(run: Callable[[], bool]) -> str:
    """``"passes"``, or the first reason why not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "passes" if run() else "not applicable"
        except Missing as error:
            return f"flambeau has no {error}"
        except Exception as error:  # noqa: BLE001 whatever goes wrong is what is reported
            first = str(error).splitlines()[0] if str(error) else ""
            kind = "" if isinstance(error, Different) else f"{type(error).__name__}: "
            return f"{kind}{first}"[:200]


def class_name(info: Any) -> str:
    """``nn.Linear``, ``optim.Adam``."""
    if hasattr(info, "optim_cls"):
        return f"optim.{info.optim_cls.__name__}"
    return f"nn.{info.module_cls.__name__}"


def measure(info: Any) -> str:
    """What a module or optimizer fails: the reason, ``"passes"`` or ``"not applicable"``."""
    runs = optimizer_runs if hasattr(info, "optim_cls") else module_runs
    return outcome(lambda: bool(list(runs(info))))


# --- modules ------------------------------------------------------------------------------------


def module_runs(info: Any) -> Iterator[bool]:
    """One comparison for each of a module's inputs."""
    ours = named(class_name(info))
    for training in (True, False):
        torch.manual_seed(0)
        given = info.module_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
        )
        for number, sample in enumerate(given):
            what = f"sample {number}{', training' if training else ''}"
            try:
                yield compare_module(info.module_cls, ours, sample, training, what)
            except Untranslatable:
                continue


def compare_module(theirs: Any, ours: Any, sample: Any, training: bool, what: str) -> bool:
    values = Values()
    made = sample.constructor_input
    torch.manual_seed(1)
    their = theirs(*made.args, **made.kwargs).to(torch.float64).train(training)
    fb.manual_seed(1)
    our = ours(*values(made.args), **values(made.kwargs)).to(fb.float64).train(training)
    lazy = any(torch.nn.parameter.is_lazy(p) for p in their.parameters())
    if not lazy:
        state = {k: values(v.detach().clone()) for k, v in their.state_dict().items()}
        our.load_state_dict(state)
    if sample.forward_input is None:
        return True
    call = sample.forward_input
    out = attempt(their, call.args, call.kwargs)
    if isinstance(out, Failed):
        return True
    fb.manual_seed(1)
    found = our(*values(call.args), **values(call.kwargs))
    require_same(found, out, what)
    tensors = [x for x in values.kept if isinstance(x, torch.Tensor) and x.requires_grad]
    mine = [values.known[id(x)] for x in tensors]
    their_parameters, our_parameters = dict(their.named_parameters()), dict(our.named_parameters())
    if list(their_parameters) != list(our_parameters):
        raise Different(f"{what}: parameters {list(our_parameters)}, not {list(their_parameters)}")
    their_wanted = tensors + [p for p in their_parameters.values() if p.requires_grad]
    our_wanted = mine + [p for p in our_parameters.values() if p.requires_grad]
    outs, results = flat(out, torch.Tensor), flat(found, fb.Tensor)
    if not outs or not their_wanted:
        return True
    expected = torch.autograd.grad(
        outs, their_wanted, weights(outs, torch.from_numpy), allow_unused=True
    )
    got = fb.autograd.grad(results, our_wanted, weights(results, fb.from_numpy), allow_unused=True)
    require_same_gradients(list(got), list(expected), what, 1e-8)
    return True


# --- optimizers ---------------------------------------------------------------------------------


def optimizer_runs(info: Any) -> Iterator[bool]:
    """One comparison for each of an optimizer's settings."""
    ours = named(class_name(info))
    for sample in info.optim_inputs_func(device="cpu"):
        options = {k: v for k, v in sample.kwargs.items() if k not in OUTSIDE}
        yield compare_optimizer(info.optim_cls, ours, options, sample.desc)


def compare_optimizer(theirs: Any, ours: Any, options: Any, what: str) -> bool:
    torch.manual_seed(0)
    start = [torch.randn(3, 4, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)]
    # A fused step is told to go up by an attribute; here all of them minimise.
    expected = steps(torch, theirs, [x.clone() for x in start], options)
    found = steps(fb, ours, [fb.from_numpy(x.numpy().copy()) for x in start], Values()(options))
    for x, y in zip(found, expected, strict=True):
        error = PEER_ERROR.get(theirs.__name__, 0.0)
        require_same(x.detach(), y.detach(), what, error=error)
    return True


def steps(room: Any, make: Any, tensors: list[Any], options: Any) -> list[Any]:
    """The parameters after some steps."""
    parameters = [x.requires_grad_() for x in tensors]
    optimizer = make(parameters, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((parameters[0] @ parameters[1]) ** 2).sum() + parameters[0].sin().sum()
        loss.backward()
        return loss

    for _ in range(STEPS):
        optimizer.step(closure)
    return parameters
