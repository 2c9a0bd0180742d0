"""The whole text of a tensor or parameter: prefix, elements, and what they do not tell."""

import numpy as np
from numpy.typing import DTypeLike

from flambeau.tensor.printing.brackets import format_brackets
from flambeau.tensor.printing.options import PrintOptions, current_options

# Types are printed with the prefix users of PyTorch know: output is equal character for character.
DTYPE_PREFIX = "torch."
PARAMETER_HEADING = "Parameter containing:\n"


def format_tensor(
    array: np.ndarray,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    default_dtype: DTypeLike = np.float32,
    default_complex: DTypeLike | None = None,
    options: PrintOptions | None = None,
    prefix: str = "tensor(",
) -> str:
    """The text of a tensor with these elements.

    Shape:
        - array: any, including ``()`` and shapes with a 0.

    Args:
        array: boolean, integer, floating (bfloat16 included) or complex elements.
        requires_grad: whether the tensor asks for a gradient; told when there is no `grad_fn_name`.
        grad_fn_name: name of the graph node that made the tensor, such as ``"MulBackward0"``.
        default_dtype: the floating type that is not named in the text.
        default_complex: the complex type that is not named; by default complex128 where
            `default_dtype` is float64, else complex64.
        options: printing options; by default those of `set_printoptions`.
        prefix: text before the elements; following lines are indented by its length.

    Example:
        >>> import numpy as np
        >>> from flambeau.tensor.printing import format_tensor
        >>> print(format_tensor(np.array([[1.5, -2.0], [0.0, np.nan]])))
        tensor([[ 1.5000, -2.0000],
                [ 0.0000,     nan]], dtype=torch.float64)
        >>> print(format_tensor(np.zeros((0, 3), np.float32), grad_fn_name="MulBackward0"))
        tensor([], size=(0, 3), grad_fn=<MulBackward0>)
    """
    options = current_options() if options is None else options
    indent = len(prefix)
    summarised = array.size > options.threshold
    if array.size == 0:
        elements = "[]"
    elif summarised and options.edgeitems == 0 and array.ndim > 0:
        elements = "[...]"
    else:
        elements = format_brackets(array, options, summarised=summarised, indent=indent)

    notes = []
    # The brackets tell the shape, unless they are empty or may hide everything.
    if array.ndim != 1 if array.size == 0 else options.edgeitems == 0:
        notes.append(f"size={array.shape}")
    if not _is_told_by_elements(array, np.dtype(default_dtype), default_complex):
        notes.append(f"dtype={DTYPE_PREFIX}{array.dtype.name}")
    if grad_fn_name is not None:
        notes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        notes.append("requires_grad=True")
    return _append_notes(prefix + elements, notes, options.linewidth, indent) + ")"


def format_parameter(
    array: np.ndarray,
    *,
    requires_grad: bool = True,
    default_dtype: DTypeLike = np.float32,
    default_complex: DTypeLike | None = None,
    options: PrintOptions | None = None,
) -> str:
    """The text of a parameter: a heading line, then the text of its tensor.

    Shape:
        - array: any.

    Args: as of `format_tensor`.

    Example:
        >>> import numpy as np
        >>> from flambeau.tensor.printing import format_parameter
        >>> print(format_parameter(np.float32([1, 2])))
        Parameter containing:
        tensor([1., 2.], requires_grad=True)
    """
    return PARAMETER_HEADING + format_tensor(
        array,
        requires_grad=requires_grad,
        default_dtype=default_dtype,
        default_complex=default_complex,
        options=options,
    )


def _is_told_by_elements(
    array: np.ndarray, default_dtype: np.dtype, default_complex: DTypeLike | None
) -> bool:
    """Whether a reader knows the type from the elements: ``1`` is int64, ``1.`` the default."""
    if array.dtype == default_dtype:
        return True
    if array.size == 0:
        return False
    if default_complex is None:
        default_complex = np.complex128 if default_dtype == np.float64 else np.complex64
    return array.dtype in (np.dtype(default_complex), np.dtype(np.int64), np.dtype(np.bool_))


def _append_notes(text: str, notes: list[str], linewidth: float, indent: int) -> str:
    """Append each note to the last line, or to a new one where the last has no room for it."""
    # PyTorch counts two characters more than the last line of elements holds, so does this.
    used = len(text) - (text.rfind("\n") + 1) + 2
    for note in notes:
        needed = len(", ") + len(note)
        if used + needed > linewidth:
            text += ",\n" + " " * indent + note
            used = indent + len(note)
        else:
            text += ", " + note
            used += needed
    return text
