"""Regions of mixed precision."""

import importlib
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.ops import deferred
from flambeau.tensor.operation import REGISTRY

autocast = importlib.import_module("flambeau.amp.autocast")


def network() -> nn.Sequential:
    fb.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def test_products_are_lower_and_losses_single() -> None:
    model, x = network(), fb.randn(5, 4)
    with fb.autocast("cpu"):
        y = model(x)
        loss = F.mse_loss(y, fb.zeros(5, 3))
        assert (x @ x.T).dtype == fb.bfloat16
        assert (x + x).dtype == fb.float32
        assert fb.cat([y, fb.zeros(5, 3)]).dtype == fb.float32
    assert (y.dtype, loss.dtype) == (fb.bfloat16, fb.float32)
    loss.backward()
    assert all(p.grad is not None and p.grad.dtype == fb.float32 for p in model.parameters())


def test_names_are_those_of_records() -> None:
    deferred.load_all()
    names = autocast.LOWER | autocast.FLOAT32 | autocast.WIDEST | autocast.AS_GIVEN
    assert names - set(REGISTRY) == set()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.kl_div(x, x, reduction="batchmean"),
        lambda x: F.poisson_nll_loss(input=x, target=x),
        lambda x: F.l1_loss(x, x),
        lambda x: F.triplet_margin_loss(x, x, x),
        lambda x: fb.kl_div(x, x),
        lambda x: x.quantile(0.5),
        lambda x: fb.linalg.cond(x),
        lambda x: F.pad(x, (1, 1), mode="reflect"),
    ],
)
def test_delicate_composites_are_single(call: Any) -> None:
    x = (fb.eye(3) + 0.5).bfloat16()
    with fb.autocast("cpu"):
        assert call(x).dtype == fb.float32
        with fb.autocast("cpu", enabled=False):
            assert F.l1_loss(x, x).dtype == fb.bfloat16
    assert F.l1_loss(x, x).dtype == fb.bfloat16


def test_composite_products_are_lower() -> None:
    with fb.autocast("cpu"):
        assert fb.linalg.vecdot(fb.ones(2, 3), fb.ones(2, 3)).dtype == fb.bfloat16


def test_double_precision_is_left_alone() -> None:
    x = fb.ones(2, 2, dtype=fb.float64)
    with fb.autocast("cpu"):
        assert (x @ x).dtype == fb.float64


def test_inner_regions_decide() -> None:
    x = fb.ones(2, 2)
    with fb.autocast("cpu"):
        with fb.autocast("cpu", enabled=False):
            assert (x @ x).dtype == fb.float32
            assert not fb.is_autocast_enabled("cpu")
        with fb.autocast("cpu", dtype=fb.float16):
            assert (x @ x).dtype == fb.float16
            assert fb.get_autocast_dtype("cpu") == fb.float16
        assert (x @ x).dtype == fb.bfloat16
    assert (x @ x).dtype == fb.float32
    assert fb.get_autocast_dtype("cpu") == fb.bfloat16


def test_a_changed_parameter_is_cast_again() -> None:
    w, x = fb.ones(1, 1, requires_grad=True), fb.ones(1, 1)
    with fb.autocast("cpu"):
        assert (x @ w).item() == 1
        with fb.no_grad():
            w.mul_(3)
        assert (x @ w).item() == 3
        with fb.no_grad():
            assert not (x @ w).requires_grad
        assert (x @ w).requires_grad


def test_an_error_leaves_the_region() -> None:
    x = fb.ones(2, 3)
    with pytest.raises(RuntimeError), fb.autocast("cpu"):
        x @ x
    assert not fb.is_autocast_enabled("cpu")
    assert (x + 1).dtype == fb.float32


def test_training_in_a_region_compiled() -> None:
    def trained(compiled: bool) -> list[float]:
        model = network()
        optimizer = fb.optim.Adam(model.parameters(), lr=0.01)
        fb.manual_seed(2)
        x, y = fb.randn(16, 4), fb.randn(16, 3)

        def step() -> fb.Tensor:
            optimizer.zero_grad()
            with fb.autocast("cpu"):
                loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run = fb.compile(step) if compiled else step
        return [run().item() for _ in range(5)]

    eager = trained(False)
    assert eager[-1] < eager[0]
    assert trained(True) == pytest.approx(eager, rel=1e-2)


def test_compiled_functions_are_cast_from_outside() -> None:
    double = fb.compile(lambda x: x @ x)
    x = fb.ones(2, 2)
    assert double(x).dtype == fb.float32
    with fb.autocast("cpu"):
        assert double(x).dtype == fb.bfloat16
    assert double(x).dtype == fb.float32


def test_decorated_functions() -> None:
    @fb.autocast("cpu")
    def product(x: fb.Tensor) -> fb.Tensor:
        """A product."""
        return x @ x

    assert product(fb.ones(2, 2)).dtype == fb.bfloat16
    assert product.__doc__ == "A product."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("cuda",), "there is no device 'cuda'"), (("cpu", fb.float64), "not bfloat16 or float16")],
)
def test_regions_that_cannot_be_are_off(arguments: tuple, words: str) -> None:
    with pytest.warns(UserWarning, match=words):
        region = fb.autocast(*arguments)
    with region:
        assert (fb.ones(2, 2) @ fb.ones(2, 2)).dtype == fb.float32


def test_device_type_is_text() -> None:
    with pytest.raises(RuntimeError) as raised:
        fb.autocast(fb.device("cpu"))  # type: ignore[arg-type]
    assert str(raised.value) == (
        "autocast: device_type must be text\n"
        "  expected: 'cpu'\n"
        "  got:      device(type='cpu')\n"
        "  help:     pass device.type of a device"
    )


@pytest.mark.parametrize(("cast", "expected"), [(fb.float32, fb.float32), (None, fb.bfloat16)])
def test_own_functions_in_regions(cast: Any, expected: Any) -> None:
    seen = []

    class Product(fb.autograd.Function):
        @staticmethod
        @fb.amp.custom_fwd(device_type="cpu", cast_inputs=cast)
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x @ y

        @staticmethod
        @fb.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            seen.append(fb.is_autocast_enabled("cpu"))
            return (g @ y.mT).to(x.dtype), (x.mT @ g).to(y.dtype)

    x = fb.eye(2).requires_grad_()
    with fb.autocast("cpu"):
        out = Product.apply(x, fb.eye(2))
    assert out.dtype == expected
    out.float().sum().backward()
    assert seen == [cast is None]
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
