"""Mixed precision beside PyTorch's on the CPU."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def trained(lib: Any) -> tuple[list[float], list[float]]:
    """Losses and scales of a few steps with a step that fails."""
    lib.manual_seed(3)
    nn, F = lib.nn, lib.nn.functional
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = lib.amp.GradScaler("cpu", init_scale=2.0**10, growth_interval=3)
    x, y = lib.randn(32, 6), lib.randint(0, 4, (32,))
    losses, scales = [], []
    for number in range(12):
        optimizer.zero_grad()
        with lib.autocast("cpu", dtype=lib.bfloat16):
            logits = model(x)
            assert logits.dtype == lib.bfloat16
            loss = F.cross_entropy(logits, y)
        if number == 5:
            loss = loss * float("inf")
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(float(loss))
        scales.append(scaler.get_scale())
    return losses, scales


def test_training_takes_the_same_course() -> None:
    (ours, our_scales), (theirs, their_scales) = trained(flambeau), trained(torch)
    assert our_scales == their_scales
    assert ours == pytest.approx(theirs, rel=2e-2)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x @ x,
        lambda t, x: t.mm(x, x),
        lambda t, x: t.bmm(x[None], x[None]),
        lambda t, x: t.addmm(x, x, x),
        lambda t, x: t.nn.functional.linear(x, x),
        lambda t, x: x.softmax(0),
        lambda t, x: t.nn.functional.mse_loss(x, x.bfloat16()),
        lambda t, x: t.nn.functional.nll_loss(x.bfloat16(), t.tensor([0, 1, 2])),
        lambda t, x: t.nn.functional.cross_entropy(x.bfloat16(), t.tensor([0, 1, 2])),
        lambda t, x: t.cat([x, x.bfloat16()]),
        lambda t, x: t.stack([x.bfloat16(), x.bfloat16()]),
        lambda t, x: x.bfloat16().prod(),
        lambda t, x: t.linalg.inv(x.bfloat16()),
        lambda t, x: x.exp() + 1,
        lambda t, x: t.nn.functional.layer_norm(x, (3,)),
        lambda t, x: t.einsum("ij,jk->ik", x, x),
        lambda t, x: t.nn.functional.binary_cross_entropy_with_logits(x.bfloat16(), x * 0),
        lambda t, x: t.nn.functional.kl_div(x.bfloat16(), x, reduction="sum"),
        lambda t, x: t.nn.functional.smooth_l1_loss(x.bfloat16(), x),
        lambda t, x: t.nn.functional.conv1d(x[None], x[None]),
        lambda t, x: t.nn.functional.prelu(x, x[0, :1]),
        lambda t, x: t.dot(x[0], x[0]),
        lambda t, x: t.mv(x, x[0]),
        lambda t, x: t.nn.functional.hinge_embedding_loss(x.bfloat16(), x.bfloat16().sign()),
        lambda t, x: t.nn.functional.poisson_nll_loss(x.bfloat16(), x.bfloat16()),
        lambda t, x: t.nn.functional.cosine_embedding_loss(x.bfloat16(), x.bfloat16(), t.ones(3)),
        lambda t, x: t.nn.functional.cosine_similarity(x.bfloat16(), x.bfloat16()),
        lambda t, x: x.bfloat16().quantile(0.5),
        lambda t, x: t.linalg.vecdot(x, x),
        lambda t, x: t.linalg.cholesky(x.bfloat16() * 0 + t.eye(3).bfloat16()),
        lambda t, x: t.linalg.norm(x.bfloat16()),
        lambda t, x: t.fft.fft(x.bfloat16()),
        lambda t, x: t.nn.functional.pad(x.bfloat16(), (1, 1), mode="replicate"),
        lambda t, x: t.conv_tbc(x[None], x[None], x[0]),
    ],
)
def test_types_of_results(call: Any) -> None:
    with flambeau.autocast("cpu"):
        ours = call(flambeau, flambeau.eye(3) + 0.5)
    with torch.autocast("cpu"):
        theirs = call(torch, torch.eye(3) + 0.5)
    assert str(ours.dtype).partition(".")[2] == str(theirs.dtype).partition(".")[2]
