"""Printed text, against recorded PyTorch output; printing options and their errors."""

import numpy as np
import pytest

from flambeau.tensor.printing import (
    PrintOptions,
    format_parameter,
    format_tensor,
    get_printoptions,
    printoptions,
    set_printoptions,
)
from tests.golden.printing_cases import decode_array, encode_array, numpy_dtype, read_cases

CASES = read_cases()


@pytest.fixture(autouse=True)
def default_options():
    with printoptions(profile="default"):
        yield


def test_enough_cases_are_recorded():
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_text_equals_recorded(case):
    arguments = dict(case["arguments"])
    arguments["default_dtype"] = numpy_dtype(arguments.get("default_dtype", "float32"))
    if "options" in arguments:
        arguments["options"] = PrintOptions(**arguments["options"])
    assert format_tensor(decode_array(case), **arguments) == case["expected"]


@pytest.mark.parametrize("dtype", ["bool", "uint64", "bfloat16", "float16", "complex128"])
def test_arrays_are_recorded_bit_for_bit(dtype):
    array = np.array([[0.0, 1.0], [2.5, 0.1]]).astype(numpy_dtype(dtype))
    array = np.broadcast_to(array[:, None], (2, 3, 2))
    decoded = decode_array(encode_array(array))
    assert decoded.dtype == array.dtype
    assert decoded.shape == array.shape
    assert decoded.tobytes() == array.tobytes()


def test_memory_layout_does_not_show():
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for view in (array.T, array[:, ::-1], array[..., ::2]):
        native = np.array(view, np.float32, order="C")
        assert format_tensor(view) == format_tensor(native)


def test_array_is_not_changed():
    array = np.array([1.0, np.nan, 3.0])
    before = array.tobytes()
    array.flags.writeable = False
    format_tensor(array)
    assert array.tobytes() == before


def test_prefix_indents_following_lines():
    text = format_tensor(np.eye(2, dtype=np.float32), prefix="Buffer(")
    assert text == "Buffer([[1., 0.],\n        [0., 1.]])"


def test_parameter():
    array = np.array([1.0, 2.0], np.float32)
    heading = "Parameter containing:\n"
    assert format_parameter(array) == heading + "tensor([1., 2.], requires_grad=True)"
    assert format_parameter(array, requires_grad=False) == heading + "tensor([1., 2.])"


def test_default_complex_can_be_named():
    array = np.array([1j], np.complex128)
    assert format_tensor(array, default_complex=np.complex128) == "tensor([0.+1.j])"
    assert format_tensor(array) == "tensor([0.+1.j], dtype=torch.complex128)"


def test_options_in_force_are_used_unless_given():
    array = np.array([0.125], np.float32)
    set_printoptions(precision=1)
    assert format_tensor(array) == "tensor([0.1])"
    assert format_tensor(array, options=PrintOptions(precision=3)) == "tensor([0.125])"


def test_infinite_linewidth_never_wraps():
    text = format_tensor(np.arange(500), options=PrintOptions(linewidth=float("inf")))
    assert "\n" not in text
    assert text.count(",") == 499


def test_profiles():
    set_printoptions(profile="short")
    assert get_printoptions() == {
        "precision": 2,
        "threshold": 1000,
        "edgeitems": 2,
        "linewidth": 80,
        "sci_mode": None,
    }
    set_printoptions(profile="full", precision=6)
    assert get_printoptions()["threshold"] == float("inf")
    assert get_printoptions()["precision"] == 6
    set_printoptions(profile="default")
    assert get_printoptions() == PrintOptions()._asdict()


def test_unnamed_options_stay_but_sci_mode_becomes_automatic():
    set_printoptions(linewidth=100, sci_mode=True)
    set_printoptions(precision=2)
    assert get_printoptions() == PrintOptions(precision=2, linewidth=100)._asdict()


def test_options_returned_are_a_copy_that_can_be_set():
    set_printoptions(precision=3, sci_mode=True)
    options = get_printoptions()
    options["edgeitems"] = 1
    assert get_printoptions()["edgeitems"] == 3
    set_printoptions(**options)
    assert get_printoptions() == options


def test_numpy_numbers_are_taken_as_python_numbers():
    set_printoptions(precision=np.int64(2), threshold=np.float32(10), sci_mode=np.bool_(True))
    options = get_printoptions()
    assert options["precision"] == 2
    assert type(options["precision"]) is int
    assert type(options["threshold"]) is float
    assert options["sci_mode"] is True


def test_context_restores_options_even_after_an_error():
    before = get_printoptions()
    with printoptions(precision=1, sci_mode=True):
        assert get_printoptions() == PrintOptions(precision=1, sci_mode=True)._asdict()
    assert get_printoptions() == before
    with pytest.raises(ZeroDivisionError), printoptions(precision=1):
        _ = 1 / 0
    assert get_printoptions() == before


COUNT = "an integer of at least 0"
NUMBER = "a number; inf for no limit"
PROFILE = "one of 'default', 'short' and 'full'"
CHOICE = "True, False, or None for the automatic choice"


@pytest.mark.parametrize(
    ("name", "value", "error", "expected"),
    [
        ("precision", -1, ValueError, COUNT),
        ("precision", 2.0, TypeError, COUNT),
        ("precision", True, TypeError, COUNT),
        ("edgeitems", -3, ValueError, COUNT),
        ("edgeitems", "3", TypeError, COUNT),
        ("threshold", float("nan"), ValueError, NUMBER),
        ("threshold", "10", TypeError, NUMBER),
        ("linewidth", float("nan"), ValueError, NUMBER),
        ("linewidth", [80], TypeError, NUMBER),
        ("profile", "wide", ValueError, PROFILE),
        ("profile", 3, TypeError, PROFILE),
        ("sci_mode", 2, ValueError, CHOICE),
        ("sci_mode", "yes", TypeError, CHOICE),
        ("precision", np.array([1, 2]), TypeError, COUNT),
    ],
)
@pytest.mark.parametrize(
    "change", [set_printoptions, lambda **options: printoptions(**options).__enter__()]
)
def test_bad_options_are_refused_before_anything_changes(change, name, value, error, expected):
    before = get_printoptions()
    with pytest.raises(error) as raised:
        change(**{"precision": 7, name: value})
    assert str(raised.value) == (
        f"set_printoptions: {name} cannot be printed with\n"
        f"  expected: {expected}\n"
        f"  got:      {name}={value!r}\n"
        "  help:     set_printoptions(profile='default') restores every option"
    )
    assert get_printoptions() == before
