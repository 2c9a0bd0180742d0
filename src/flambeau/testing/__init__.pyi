# Written by tools/write_stubs.py.
import builtins
from flambeau.testing.closeness import assert_allclose as assert_allclose
from flambeau.testing.closeness import assert_close as assert_close
from flambeau.testing.samples import make_tensor as make_tensor
