"""Convolutions and transposed convolutions: one record for both, and one for the kernels' gradient.

The two are closed under differentiation: the input's gradient of a convolution is a transposed
convolution and the other way round.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.convolution_kernels import add_bias, correlate, kernel_gradient, scatter
from flambeau.ops.reduction import SUM, is_reduced
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


# --- sizes -------------------------------------------------------------------------------------


def places_of(sizes: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    """How many places a kernel takes in each dimension."""
    parts = zip(sizes, kernel, stride, padding, dilation)
    return tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in parts])


def sizes_from(
    places: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, more: Ints
) -> Ints:
    """The sizes of a transposed convolution's output."""
    parts = zip(places, kernel, stride, padding, dilation, more)
    return tuple([(n - 1) * s - 2 * p + d * (k - 1) + m + 1 for n, k, s, p, d, m in parts])


def left_over(
    sizes: Ints, places: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> Ints:
    """The output padding with which a transposed convolution leads from places to sizes."""
    exact = sizes_from(places, kernel, stride, padding, dilation, (0,) * len(sizes))
    return tuple([n - e for n, e in zip(sizes, exact)])


# --- what must hold ----------------------------------------------------------------------------


def _name(ndim: int, transposed: bool) -> str:
    return f"conv{'_transpose' if transposed else ''}{ndim - 2}d"


def _refuse(name: str, problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got))


def _check_numbers(name: str, stride: Ints, padding: Ints, dilation: Ints, groups: int) -> None:
    for what, values, least in (
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
        ("groups", (groups,), 1),
    ):
        if min(values) < least:
            got = values[0] if len(values) == 1 else values
            raise _refuse(name, f"{what} is too small", f"{what} >= {least}", f"{what}={got}")


def _check_types(name: str, x: Any, weight: Any, bias: Any) -> None:
    operands = [("input", x), ("weight", weight)] + ([] if bias is None else [("bias", bias)])
    if any(a.dtype != x.dtype for _, a in operands) or x.dtype.kind == "b":
        kind = NotImplementedError if x.dtype.kind == "b" else RuntimeError
        raise kind(
            message(
                f"{name}: types do not fit",
                expected="numbers of one type",
                got=", ".join(f"{what} {dtypes.of(a.dtype)}" for what, a in operands),
                help="convert with .to(dtype)",
            )
        )


def _check_channels(
    name: str, x: Any, weight: Any, bias: Any, transposed: bool, groups: int
) -> None:
    first, second = weight.shape[:2]
    inputs = first if transposed else second * groups
    outputs = second * groups if transposed else first
    shapes = "(c, o / groups, ...)" if transposed else "(o, c / groups, ...)"
    got = f"input {tuple(x.shape)}, weight {tuple(weight.shape)}, groups={groups}"
    if x.shape[1] != inputs or first % groups or not first or first < groups:
        expected = f"input of shape (n, c, ...) and weight of shape {shapes}"
        raise _refuse(name, "channels do not fit", expected, got)
    if bias is not None and bias.shape != (outputs,):
        expected = f"bias of shape ({outputs},)"
        raise _refuse(name, "bias does not fit", expected, f"bias {tuple(bias.shape)}")


def _check_extent(
    name: str, x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, sizes: Ints
) -> None:
    if min(sizes) >= 1 and min(kernel) >= 1:
        return
    raise _refuse(
        name,
        "nothing is left",
        "sizes, kernel, padding and dilation that give an output of at least 1",
        f"input {tuple(x.shape)}, kernel {tuple(kernel)}, stride {stride}, padding {padding}, "
        f"dilation {dilation}: output sizes {sizes}",
    )


def _infer(
    x: Any, weight: Any, bias: Any, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int,
) -> Spec:  # fmt: skip
    name = _name(x.ndim, transposed)
    if weight.ndim != x.ndim or x.ndim < 3:
        raise _refuse(
            name,
            "weight does not fit the input",
            "a weight with as many dimensions as the input",
            f"input {tuple(x.shape)} and weight {tuple(weight.shape)}",
        )
    _check_numbers(name, stride, padding, dilation, groups)
    _check_types(name, x, weight, bias)
    _check_channels(name, x, weight, bias, transposed, groups)
    kernel = tuple(weight.shape[2:])
    if not transposed:
        sizes = places_of(x.shape[2:], kernel, stride, padding, dilation)
        _check_extent(name, x, kernel, stride, padding, dilation, sizes)
        return Spec((x.shape[0], weight.shape[0], *sizes), x.dtype)
    if any(m < 0 or m >= max(s, d) for m, s, d in zip(output_padding, stride, dilation)):
        raise _refuse(
            name,
            "output padding is too large",
            "0 <= output_padding < stride, or < dilation",
            f"output_padding={output_padding}, stride={stride}, dilation={dilation}",
        )
    sizes = sizes_from(x.shape[2:], kernel, stride, padding, dilation, output_padding)
    _check_extent(name, x, kernel, stride, padding, dilation, sizes)
    return Spec((x.shape[0], weight.shape[1] * groups, *sizes), x.dtype)


# --- the records -------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _checked_sizes(shapes: tuple[Any, ...], kinds: tuple[Any, ...], given: tuple[Any, ...]) -> Ints:
    """The sizes of the output of a convolution whose arguments have been looked at."""
    specs = [None if shape is None else Spec(shape, k) for shape, k in zip(shapes, kinds)]
    return _infer(specs[0], specs[1], specs[2], *given).shape[2:]


def _evaluate(
    x: np.ndarray, weight: np.ndarray, bias: Any, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int,
) -> np.ndarray:  # fmt: skip
    kind = x.dtype
    given = (stride, padding, dilation, transposed, output_padding, groups)
    kinds = (kind, weight.dtype, None if bias is None else bias.dtype)
    shapes = (x.shape, weight.shape, None if bias is None else bias.shape)
    sizes = _checked_sizes(shapes, kinds, given)
    if is_reduced(kind):
        x, weight = x.astype(np.float32), weight.astype(np.float32)
        bias = None if bias is None else bias.astype(np.float32)
    compute = scatter if transposed else correlate
    out = compute(x, weight, sizes, stride, padding, dilation, groups)
    if bias is not None:
        add_bias(out, bias)
    return out.astype(kind, copy=False)


def _input_gradient(
    g: Any, input_shape: Ints, weight: Any, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int,
) -> Tensor:  # fmt: skip
    sizes = tuple(input_shape[2:])
    more = (0,) * len(sizes)
    if not transposed:
        kernel = weight._array.shape[2:]
        more = left_over(sizes, g._array.shape[2:], kernel, stride, padding, dilation)
    params = (stride, padding, dilation, not transposed, more, groups)
    found = apply(CONVOLUTION, (g, conjugate(weight), None), params)
    return _cut(found, sizes) if transposed else found


def _cut(x: Any, sizes: Ints) -> Tensor:
    """Without the places that only exist because of an output padding."""
    for dim, size in enumerate(sizes, 2):
        if x._array.shape[dim] != size:
            x = x.narrow(dim, 0, size)
    return x


def _weight_gradient(
    g: Any, input: Any, weight_shape: Ints, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, groups: int,
) -> Tensor:  # fmt: skip
    seen, places = (g, conjugate(input)) if transposed else (conjugate(input), g)
    params = (tuple(weight_shape[2:]), stride, padding, dilation, groups)
    return apply(CONVOLUTION_WEIGHT, (seen, places), params)


def _bias_gradient(g: Any) -> Tensor:
    dims = (0, *range(2, g._array.ndim))
    return apply(SUM, (g,), (dims, False, None))


def _samples(make: Any) -> list[Any]:
    def sample(shape: Ints, kernel: Ints, *params: Any, bias: int = 0) -> Any:
        added = make.tensor((bias,)) if bias else None
        return make.sample((make.tensor(shape), make.tensor(kernel), added), params)

    return [
        sample((2, 3, 6), (4, 3, 3), (1,), (0,), (1,), False, (0,), 1, bias=4),
        sample((2, 4, 7), (6, 2, 2), (2,), (1,), (2,), False, (0,), 2, bias=6),
        sample((2, 3, 5), (3, 1, 3), (1,), (1,), (1,), False, (0,), 3),
        sample((2, 3, 5, 4), (2, 3, 2, 3), (2, 1), (1, 1), (1, 1), False, (0, 0), 1),
        sample((2, 3, 3, 2), (4, 3, 1, 1), (1, 1), (0, 0), (1, 1), False, (0, 0), 1),
        sample((1, 2, 3, 4, 3), (2, 2, 2, 2, 2), (1,) * 3, (1, 0, 0), (1,) * 3, False, (0,) * 3, 1),
        sample((0, 3, 6), (4, 3, 3), (1,), (0,), (1,), False, (0,), 1, bias=4),
        sample((2, 3, 4), (3, 4, 3), (1,), (0,), (1,), True, (0,), 1, bias=4),
        sample((2, 4, 3), (4, 1, 3), (2,), (1,), (1,), True, (1,), 2, bias=2),
        sample((1, 2, 3), (2, 2, 2), (1,), (0,), (2,), True, (1,), 1),
        sample((1, 3, 3), (3, 1, 2), (1,), (0,), (1,), True, (0,), 3),
        sample((1, 2, 3, 2), (2, 3, 2, 2), (2, 1), (0, 1), (1, 1), True, (1, 0), 1),
        make.sample(
            (make.transposed((2, 3, 6)), make.transposed((2, 3, 2)), None),
            ((1,), (0,), (1,), False, (0,), 1),
        ),
        *_errors(make),
    ]


def _errors(make: Any) -> list[Any]:
    x, w = make.tensor((2, 3, 6)), make.tensor((4, 3, 3))
    plain = ((1,), (0,), (1,), False, (0,), 1)
    return [
        make.error((x, make.tensor((4, 2, 3)), None), plain, RuntimeError),
        make.error((x, make.tensor((4, 3)), None), plain, RuntimeError),
        make.error((x, w, make.tensor((3,))), plain, RuntimeError),
        make.error((x, make.integers((4, 3, 3)), None), plain, RuntimeError),
        make.error((x, w, None), ((0,), (0,), (1,), False, (0,), 1), RuntimeError),
        make.error((x, make.tensor((4, 3, 7)), None), plain, RuntimeError),
        make.error((x, w, None), ((1,), (0,), (1,), False, (0,), 2), RuntimeError),
        make.error(
            (x, make.tensor((3, 3, 3)), None), ((2,), (0,), (1,), True, (2,), 1), RuntimeError
        ),
    ]


CONVOLUTION = Operation(
    "convolution",
    inputs="input weight bias",
    params="stride padding dilation transposed output_padding groups",
    evaluate=_evaluate,
    infer=_infer,
    gradient={"input": _input_gradient, "weight": _weight_gradient, "bias": _bias_gradient},
    samples=_samples,
)


def _infer_weight(
    x: Any, g: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Spec:
    return Spec((g.shape[1], x.shape[1] // groups, *kernel), x.dtype)


def _evaluate_weight(
    x: np.ndarray, g: np.ndarray, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray:  # fmt: skip
    kind = x.dtype
    if is_reduced(kind):
        x, g = x.astype(np.float32), g.astype(np.float32)
    return kernel_gradient(x, g, kernel, stride, padding, dilation, groups).astype(kind, copy=False)


def _gradient_in_image(
    g: Any, input_shape: Ints, places: Any, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Tensor:
    kernel, taken = g._array.shape[2:], places._array.shape[2:]
    more = left_over(tuple(input_shape[2:]), taken, kernel, stride, padding, dilation)
    params = (stride, padding, dilation, True, more, groups)
    return apply(CONVOLUTION, (places, g, None), params)


CONVOLUTION_WEIGHT = Operation(
    "convolution_weight",
    inputs="input places",
    params="kernel stride padding dilation groups",
    evaluate=_evaluate_weight,
    infer=_infer_weight,
    gradient={
        "input": lambda g, input_shape, places, stride, padding, dilation, groups: (
            _gradient_in_image(g, input_shape, conjugate(places), stride, padding, dilation, groups)
        ),
        "places": lambda g, input, places_shape, stride, padding, dilation, groups: _cut(
            apply(
                CONVOLUTION,
                (conjugate(input), g, None),
                (stride, padding, dilation, False, (0,) * len(stride), groups),
            ),
            tuple(places_shape[2:]),
        ),
    },
    node_name="ConvolutionBackwardBackward0",
    samples=lambda make: [
        make.sample((make.tensor((2, 3, 6)), make.tensor((2, 4, 4))), ((3,), (1,), (0,), (1,), 1)),
        make.sample((make.tensor((2, 4, 7)), make.tensor((2, 2, 4))), ((2,), (2,), (1,), (1,), 2)),
        make.sample(
            (make.tensor((1, 3, 4, 3)), make.tensor((1, 3, 3, 3))),
            ((2, 1), (1, 1), (0, 0), (1, 1), 3),
        ),
        make.sample((make.tensor((0, 3, 6)), make.tensor((0, 4, 4))), ((3,), (1,), (0,), (1,), 1)),
    ],
)
