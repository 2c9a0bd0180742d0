"""Names that PyTorch keeps beside newer ones, pieces of a dimension, and elements one by one."""

import warnings
from typing import Any

import numpy as np
import pytest

import flambeau as fb

VALUES = np.random.default_rng(0).normal(size=(7, 3))


def test_ranges_that_contain_their_end() -> None:
    with pytest.warns(UserWarning, match="it contains its end"):
        assert fb.range(0, 1, 0.25).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fb.range(5, 1, -2).tolist() == [5.0, 3.0, 1.0]
        assert fb.range(1, 3, dtype=fb.int64).dtype == fb.int64
        with pytest.raises(RuntimeError) as raised:
            fb.range(1, 3, -1)
    assert str(raised.value) == (
        "range: the step does not lead to the end\n"
        "  expected: a step towards the end, not 0\n"
        "  got:      from 1 to 3 by -1"
    )


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (7, 3), (3, 7), (4, 3)])
def test_filling_the_diagonal(shape: tuple[int, int], wrap: bool) -> None:
    expected = np.zeros(shape)
    np.fill_diagonal(expected, 2.0, wrap)
    x = fb.zeros(shape)
    assert x.fill_diagonal_(2.0, wrap) is x
    np.testing.assert_array_equal(x.numpy(), expected)


def test_filling_the_diagonal_of_more_dimensions() -> None:
    expected = np.zeros((3, 3, 3))
    np.fill_diagonal(expected, 2.0)
    np.testing.assert_array_equal(fb.zeros(3, 3, 3).fill_diagonal_(2.0).numpy(), expected)
    with pytest.raises(RuntimeError, match="fill_diagonal_: no such diagonal"):
        fb.zeros(2, 3, 3).fill_diagonal_(1.0)


def test_functions_of_single_elements() -> None:
    x, y = fb.tensor([[1.0, 4.0]]), fb.tensor([3.0, 2.0])
    assert x.apply_(lambda v: v * 2) is x
    assert x.tolist() == [[2.0, 8.0]]
    assert x.map_(y, max).tolist() == [[3.0, 8.0]]
    assert x.map2_(y, y, lambda a, b, c: a - b * c).tolist() == [[-6.0, 4.0]]
    with pytest.raises(RuntimeError, match="map_: the result does not fit the tensor"):
        y.map_(fb.zeros(2, 2), max)
    with pytest.raises(RuntimeError, match="apply_: a Python function has no gradient"):
        fb.ones(1, requires_grad=True).apply_(abs)


@pytest.mark.parametrize(
    ("reduce", "numpy"),
    [("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min), ("prod", np.prod)],
)
def test_pieces(reduce: str, numpy: Any) -> None:
    expected = np.stack([numpy(part, axis=0) for part in np.split(VALUES, [2, 3])])
    x = fb.from_numpy(VALUES)
    pieces: list[Any] = [{"lengths": fb.tensor([2, 1, 4])}, {"offsets": fb.tensor([0, 2, 3, 7])}]
    for given in pieces:
        np.testing.assert_allclose(fb.segment_reduce(x, reduce, **given).numpy(), expected)
    x = fb.from_numpy(VALUES.T.copy()).requires_grad_()
    lengths = fb.tensor([[2, 1, 4]] * 3)
    found = fb.segment_reduce(x, reduce, lengths=lengths, axis=1)
    np.testing.assert_allclose(found.detach().numpy(), expected.T)
    assert fb.autograd.gradcheck(
        lambda x: fb.segment_reduce(x, reduce, lengths=lengths, axis=1), (x,)
    )


def test_pieces_without_elements_and_beside_others() -> None:
    x = fb.tensor([1.0, 2.0, 4.0, 8.0])
    lengths = fb.tensor([0, 4])
    assert fb.segment_reduce(x, "prod", lengths=lengths).tolist() == [1.0, 64.0]
    assert fb.segment_reduce(x, "max", lengths=lengths, initial=5).tolist() == [5.0, 8.0]
    assert fb.segment_reduce(x, "mean", lengths=lengths)[0].isnan()
    assert fb.segment_reduce(x, "sum", offsets=fb.tensor([1, 3])).tolist() == [6.0]
    with pytest.raises(RuntimeError) as raised:
        fb.segment_reduce(x, "sum", lengths=fb.tensor([1, 2]))
    assert str(raised.value) == (
        "segment_reduce: lengths do not add up\n"
        "  expected: lengths >= 0 whose sum is 4\n"
        "  got:      [1, 2]"
    )


def test_memory_as_an_object() -> None:
    x = fb.arange(6.0).reshape(2, 3)
    memory = x[1].storage()
    assert memory.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert memory.data_ptr() == x.data_ptr() == x.untyped_storage().data_ptr()
    memory[0] = 7.0
    assert x[0, 0] == 7.0
    assert (len(memory), memory.nbytes(), len(memory.untyped())) == (6, 24, 24)
    assert repr(fb.tensor([1, 2]).storage()) == (
        " 1\n 2\n[torch.storage.TypedStorage(dtype=torch.int64, device=cpu) of size 2]"
    )
    assert fb.zeros(1, 2, 3, 4).to(memory_format=fb.channels_last).dim_order() == (0, 2, 3, 1)


def test_members_that_are_absent_say_what_to_use() -> None:
    with pytest.raises(AttributeError) as raised:
        fb.ones(2).to_sparse()
    assert str(raised.value) == (
        "a tensor has no 'to_sparse': tensors are dense; embeddings take sparse=True for "
        "optim.SparseAdam"
    )
    assert not hasattr(fb.ones(2), "indices")
    with pytest.raises(AttributeError, match="there is one process"):
        _ = fb.distributed.init_process_group
    assert not fb.distributed.is_available()
    with pytest.raises(AttributeError, match="no 'DistributedDataParallel': there is one process"):
        _ = fb.nn.parallel.DistributedDataParallel


def test_types_of_constants_and_names_of_types() -> None:
    assert isinstance(fb.strided, fb.layout)
    assert isinstance(fb.channels_last, fb.memory_format)
    assert fb.typename(fb.ones(1)) == "torch.FloatTensor"
    fb.set_default_tensor_type("torch.DoubleTensor")
    try:
        assert fb.ones(1).dtype == fb.float64
    finally:
        fb.set_default_tensor_type(fb.FloatTensor)
    with pytest.raises(TypeError, match="set_default_tensor_type: no such class"):
        fb.set_default_tensor_type(3)


def test_control_flow_with_operands() -> None:
    x = fb.tensor([1.0, -2.0])
    assert fb.cond(x.sum() > 0, lambda x: x, lambda x: -x, (x,)).tolist() == [-1.0, 2.0]
    start = fb.tensor(0), x
    count, found = fb.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), start)
    assert (count.item(), found.tolist()) == (3, [8.0, -16.0])


def test_options_of_compilers_are_accepted() -> None:
    def double(x):
        return x * 2

    assert fb.compile(double, disable=True) is double
    found = fb.compile(double, fullgraph=True, dynamic=False, backend="eager", mode="default")
    assert found(fb.ones(2)).tolist() == [2.0, 2.0]


def test_dual_numbers() -> None:
    from flambeau.autograd import forward_ad

    x, v = fb.tensor([0.5, 1.0]), fb.tensor([2.0, -1.0])
    with forward_ad.dual_level():
        primal, tangent = forward_ad.unpack_dual(forward_ad.make_dual(x, v).exp())
    np.testing.assert_allclose(primal.numpy(), np.exp(x.numpy()))
    np.testing.assert_allclose(tangent.numpy(), np.exp(x.numpy()) * v.numpy())
    assert forward_ad.unpack_dual(x).tangent is None
    with pytest.raises(RuntimeError, match="make_dual: no derivatives are carried here"):
        forward_ad.make_dual(x, v)


def test_other_paths() -> None:
    from flambeau.nn.attention import SDPBackend, sdpa_kernel
    from flambeau.nn.modules.utils import _pair
    from flambeau.nn.utils import clip_grad, convert_parameters, fusion

    assert _pair(3) == (3, 3)
    assert fusion.fuse_conv_bn_eval is fb.nn.utils.fuse_conv_bn_eval
    assert clip_grad.clip_grad_norm_ is fb.nn.utils.clip_grad_norm_
    assert convert_parameters.parameters_to_vector is fb.nn.utils.parameters_to_vector
    assert fb.optim.lr_scheduler._LRScheduler is fb.optim.lr_scheduler.LRScheduler
    with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
        pass
    with pytest.raises(AssertionError, match="sdpa_kernel: no such way"), sdpa_kernel("math"):
        pass
    fb.testing.assert_allclose(fb.tensor([1.0, float("nan")]), [1.0, float("nan")])
    with pytest.raises(AssertionError):
        fb.testing.assert_allclose(fb.ones(2), fb.zeros(2))


@pytest.mark.filterwarnings("ignore:.*write the factor by name")
def test_factors_before_tensors() -> None:
    x, y, m = fb.tensor([1.0, 2.0]), fb.tensor([10.0, 20.0]), fb.eye(2)
    assert fb.add(x, 2, y).tolist() == x.add(2, y).tolist() == [21.0, 42.0]
    assert fb.sub(x, 2, y).tolist() == [-19.0, -38.0]
    assert x.clone().add_(-0.5, y).tolist() == [-4.0, -8.0]
    assert x.clone().sub_(0.5, y).tolist() == [-4.0, -8.0]
    assert fb.addcmul(x, 2, x, y).tolist() == x.clone().addcmul_(2, x, y).tolist() == [21.0, 82.0]
    assert fb.addcdiv(x, 2, y, x).tolist() == x.clone().addcdiv_(2, y, x).tolist() == [21.0, 22.0]
    expected = [[7.0, 2.0], [2.0, 7.0]]
    assert fb.addmm(2, fb.ones(2, 2), 5, m, m).tolist() == expected
    assert fb.ones(2, 2).addmm_(2, 5, m, m).tolist() == expected
    assert fb.ones(2, 2).addmm(2, m, m).tolist() == [[3.0, 2.0], [2.0, 3.0]]
    assert fb.addmv(2, x, 3, m, y).tolist() == [32.0, 64.0]


def test_factors_before_tensors_are_told_to_move() -> None:
    x = fb.ones(2)
    with pytest.warns(UserWarning, match="add_: write the factor by name") as warned:
        x.add_(-0.1, x)
    assert warned[0].filename == __file__
    with pytest.raises(TypeError) as raised:
        fb.add(x, 2, 3)
    assert str(raised.value) == (
        "add: too many arguments\n"
        "  expected: 2 tensors, and factors by name\n"
        "  got:      Tensor, int, int"
    )


def test_whether_a_function_is_being_compiled() -> None:
    assert not fb.compiler.is_compiling()
    seen: list[bool] = []

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        seen.append(fb.compiler.is_compiling())
        return x + 1

    step(fb.ones(2))
    assert seen == [True]


def test_bases_of_layers_have_their_inner_names() -> None:
    from flambeau.nn.modules.batchnorm import _BatchNorm
    from flambeau.nn.modules.loss import _Loss

    modules = fb.nn.modules
    assert isinstance(fb.nn.Conv1d(1, 1, 1), modules.conv._ConvNd)
    assert isinstance(fb.nn.BatchNorm2d(1), _BatchNorm)
    assert isinstance(fb.nn.MSELoss(), _Loss)
    assert isinstance(fb.nn.LSTM(1, 1), modules.rnn.RNNBase)
    assert isinstance(fb.nn.Dropout2d(), modules.dropout._DropoutNd)
    assert modules.utils._single(2) == (2,)
    assert fb.utils.data.sampler.Sampler is fb.utils.data.Sampler
    assert fb.autograd.grad_mode.no_grad is fb.no_grad


def test_members_are_found_without_a_detour() -> None:
    assert not hasattr(fb.Tensor, "__getattr__")  # it would slow every operation down
    assert not hasattr(fb.Tensor, "to_sparse")
    x = fb.ones(2)
    x.values = 3
    assert x.values == 3
