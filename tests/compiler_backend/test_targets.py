"""One program for several processors: those we cannot run must compile all the same."""

import numpy as np
import pytest

from flambeau.compiler.llvm import default, host, named
from flambeau.compiler.llvm.functions import FUNCTIONS
from flambeau.compiler.run.engine import emit_assembly, emit_object
from flambeau.compiler.run.pool_text import pool_text
from flambeau.core.scalar import DTYPES
from tests.compiler_backend.native import kernel, run
from tests.compiler_backend.programs import counting

TARGETS = ["sse2", "avx2", "avx512", "neon"]
# What 4 (16 bytes), 8 (32) or 16 (64) float32 at once are added with.
VECTOR_INSTRUCTION = {"sse2": "addps\t", "avx2": "%ymm", "avx512": "%zmm", "neon": ".4s"}


def runnable():
    """The targets that this machine can run."""
    if not host().is_x86:
        return ["host"]
    return [n for n in TARGETS[:3] if named(n).vector_bits <= host().vector_bits]


def representative(s, x, y):
    """Something of everything: arithmetic, choice, functions, casts."""
    positive = s.where(x > y, x * s.exp(-y), s.log1p(abs(x)))
    wave = s.sin(x) + s.pow(abs(x) + 1.0, y) + s.erf(x) + s.lgamma(x + 3.0)
    whole = s.cast(s.cast(x * 10, "int32") % 7, "float32")
    return s.maximum(positive, wave) + whole + s.rounded(x, "bfloat16") + s.rounded(y, "float16")


@pytest.mark.parametrize("name", TARGETS)
def test_compiles(name):
    target = named(name)
    module, _ = kernel(representative, ["float32", "float32"], 37, target, target.lanes(32))
    assembly = emit_assembly(module.text(), target)
    assert VECTOR_INSTRUCTION[name] in assembly
    assert len(emit_object(module.text(), target)) > 1000


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_loads_stores_and_casts_compile(name, dtype):
    target = named(name)
    for other in DTYPES:
        module, _ = kernel(lambda s, x, to=other: s.cast(x, to), [dtype], 11, target)
        # No call may remain: there is no library to bind it to.
        assembly = emit_assembly(module.text(), target)
        assert "callq" not in assembly
        assert "\tbl\t" not in assembly


@pytest.mark.parametrize("name", TARGETS)
def test_entries_and_pool_compile(name):
    target = named(name)
    module, _, _ = counting(target=target)
    assert len(emit_object(module.text(), target)) > 500
    assert len(emit_object(pool_text(target), target)) > 1000


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets_agree(name, dtype):
    """Machines with fused multiply-add give the same bits; one without rounds a little more."""
    x = np.linspace(0.05, 0.95, 21).astype(dtype)
    arrays = [x, x[::-1].copy()][: 2 if name in ("pow", "atan2") else 1]

    def call(s, *values):
        return getattr(s, name)(*values)

    expected = run(call, *arrays)
    for target in runnable():
        found = run(call, *arrays, target=named(target))
        if target == "sse2":
            np.testing.assert_allclose(found, expected, rtol=8 * np.finfo(dtype).eps)
        else:
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("source", ["float16", "bfloat16"])
def test_sixteen_bit_formats_without_hardware(source):
    """All 65536 float16s there, and float32s of every kind back, as the processor converts."""
    from flambeau.core.scalar_numpy import numpy_dtype

    every = np.arange(2**16, dtype=np.uint16).view(numpy_dtype(source))
    rng = np.random.default_rng(5)
    bits = rng.integers(0, 2**32, 20_000, dtype=np.uint64).astype(np.uint32)
    near = (every[:: 2**5].astype(np.float32).view(np.uint32)[:, None] + HALFWAY[source]).ravel()
    floats = np.concatenate([bits, near.astype(np.uint32)]).view(np.float32)
    for target in runnable():
        wide = run(lambda s, x: s.cast(x, "float32"), every, target=named(target))
        np.testing.assert_array_equal(wide, every.astype(np.float32))
        narrow = run(lambda s, x: s.cast(x, source), floats, target=named(target))
        with np.errstate(all="ignore"):
            expected = floats.astype(numpy_dtype(source))
        number = ~np.isnan(floats)
        assert np.isnan(narrow[~number].astype(np.float32)).all()
        np.testing.assert_array_equal(
            narrow[number].view(np.uint16), expected[number].view(np.uint16)
        )


# Offsets in float32 bits around the points where rounding changes direction.
HALFWAY = {
    "float16": np.array([0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001], np.uint32),
    "bfloat16": np.array([0x7FFF, 0x8000, 0x8001, 0x17FFF, 0x18000, 0x18001], np.uint32),
}


def test_float64_is_rounded_to_float16_once():
    """1 + 2^-11 + 2^-40: through float32 it would be a tie, and become 1."""
    near_one = [1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-11 - 2.0**-40, -(1 + 2.0**-11 + 2.0**-50)]
    near_ends = [65519.99999999999, 65520.0, 2.0**-25, 2.0**-25 + 2.0**-60, np.inf, np.nan]
    x = np.array(near_one + near_ends)
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16)
    for target in runnable():
        found = run(lambda s, v: s.cast(v, "float16"), x, target=named(target))
        np.testing.assert_array_equal(found, expected)


def test_forced_target(monkeypatch):
    monkeypatch.setenv("FLAMBEAU_TARGET", "avx2")
    assert default().vector_bits == 256
    monkeypatch.delenv("FLAMBEAU_TARGET")
    assert default() == host()
    assert host().vector_bits in (128, 256, 512)
    with pytest.raises(ValueError, match="no target is called 'z80'"):
        named("z80")
