"""What every interpreter does of its own: tensors from data are theirs, streams are refused."""

from contextlib import nullcontext

import numpy as np
import pytest

import flambeau as fb
from flambeau.amp import autocast
from flambeau.autograd.graph import saved_tensors_hooks
from flambeau.profiler import profile

ABOVE = {
    "none": nullcontext,
    "autocast": lambda: autocast("cpu"),
    "profile": profile,
    "hooks": lambda: saved_tensors_hooks(lambda x: x, lambda x: x),
    "two": lambda: _Two(),
}


class _Two:
    def __enter__(self):
        self.parts = [autocast("cpu"), profile()]
        for part in self.parts:
            part.__enter__()

    def __exit__(self, *error):
        for part in reversed(self.parts):
            part.__exit__(*error)


@pytest.mark.parametrize("name", ABOVE)
def test_a_tensor_from_an_array_has_memory_of_its_own(name):
    array = np.zeros(3, np.float32)
    with ABOVE[name]():
        made = fb.tensor(array)
        made.add_(1)
    assert array.tolist() == [0, 0, 0]
    assert made.tolist() == [1, 1, 1]


def test_a_transformed_function_makes_tensors_of_its_own():
    array = np.zeros(3, np.float32)

    def added(x):
        made = fb.tensor(array)
        made.add_(1)
        return made + x

    assert fb.func.vmap(added)(fb.zeros(2, 3)).tolist() == [[1, 1, 1]] * 2
    assert fb.func.jvp(added, (fb.zeros(3),), (fb.ones(3),))[0].tolist() == [1, 1, 1]
    assert array.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ABOVE)
def test_a_compiled_function_refuses_to_seed(name):
    """It would seed once, when it is recorded, and never again."""

    @fb.compile
    def draw(x):
        with ABOVE[name]():
            fb.manual_seed(0)
            return x + fb.randn(3)

    with pytest.raises(RuntimeError, match="manual_seed inside a compiled function"):
        draw(fb.zeros(3))
