"""What holds for tests and documentation examples alike."""

from collections.abc import Iterator

import pytest

from flambeau.core.dtypes import get_default_dtype, set_default_dtype
from flambeau.random.process import manual_seed
from flambeau.tensor.modes import MODE
from flambeau.tensor.printing import printoptions

# Its names hide Python's (`float`, `sum`), and no example is written there. Functions that are made
# and not written out have theirs run by tests/ops/test_elementwise_examples.py.
collect_ignore = ["src/flambeau/__init__.py"]


@pytest.fixture(autouse=True)
def same_process_state() -> Iterator[None]:
    """Start every test and example in the same state, and leave none of its own behind.

    The state is what a process has one of: the random stream, the default dtype, the printing
    options, and the grad mode. An example may well set any of them.
    """
    manual_seed(0)
    dtype = get_default_dtype()
    mode = dict(vars(MODE))
    with printoptions(profile="default"):
        yield
    set_default_dtype(dtype)
    vars(MODE).clear()
    vars(MODE).update(mode)
