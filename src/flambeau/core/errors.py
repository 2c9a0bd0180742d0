"""One template for every error message.

An error names the operation and the problem, then what was expected, what was got and how to
mend it, each on a line of its own::

    matmul: inner sizes differ
      expected: x of shape (m, k) and y of shape (k, n)
      got:      x (3, 4) and y (5, 4)
      help:     transpose one of them with .mT

The exception *types* are PyTorch's, so that existing ``except`` clauses keep working.
"""

from __future__ import annotations


def message(
    problem: str,
    *,
    expected: str | None = None,
    got: str | None = None,
    help: str | None = None,
) -> str:
    """Lay out an error's text.

    Args:
        problem: ``"operation: what is wrong"``.
        expected: what the operation takes.
        got: what it was given.
        help: what the user can do about it.

    Example:
        >>> from flambeau.core.errors import message
        >>> print(message("exp: not a tensor", expected="a tensor", got="str"))
        exp: not a tensor
          expected: a tensor
          got:      str
    """
    lines = [problem]
    if expected is not None:
        lines.append(f"  expected: {expected}")
    if got is not None:
        lines.append(f"  got:      {got}")
    if help is not None:
        lines.append(f"  help:     {help}")
    return "\n".join(lines)


class ShapeError(RuntimeError):
    """Shapes do not fit together."""


class InplaceError(RuntimeError):
    """An in-place change that would make a gradient wrong."""


class ValueDependentError(RuntimeError):
    """A shape that depends on values was asked for where only shapes are known."""


class GraphError(RuntimeError):
    """A backward pass that the recorded graph cannot give."""
