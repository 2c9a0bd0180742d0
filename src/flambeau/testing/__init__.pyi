# Written by tools/write_stubs.py.
import builtins
from flambeau.testing.closeness import assert_close as assert_close
