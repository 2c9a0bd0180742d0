"""Devices that are not there, switches without effect, and what is absent."""

import pytest

import flambeau as fb


def test_questions_about_other_devices() -> None:
    assert not fb.cuda.is_available()
    assert not fb.cuda.is_initialized()
    assert fb.cuda.memory_reserved() == fb.cuda.max_memory_reserved() == 0
    assert fb.cuda.get_rng_state_all() == fb.cuda.get_arch_list() == []
    assert not fb.xpu.is_available()
    assert fb.mps.device_count() == 0
    assert not fb.backends.cuda.matmul.allow_tf32
    assert not fb.backends.mkldnn.is_available()
    assert (fb.version.cuda, fb.version.__version__) == (None, fb.__version__)


@pytest.mark.parametrize("name", ["synchronize", "set_device", "current_device", "Event"])
def test_calls_without_a_guard(name: str) -> None:
    with pytest.raises(AssertionError) as raised:
        getattr(fb.cuda, name)(0)
    assert str(raised.value) == (
        f"cuda.{name}: there is no such device\n"
        "  expected: a call behind a guard\n"
        "  got:      a call without one\n"
        "  help:     guard it with `if flambeau.cuda.is_available():`"
    )


def test_mixed_precision_of_absent_devices_is_off() -> None:
    with pytest.warns(UserWarning, match="there is no device 'cuda'"):
        region = fb.cuda.amp.autocast()
    with region:
        assert (fb.ones(2, 2) @ fb.ones(2, 2)).dtype == fb.float32
    assert not fb.cuda.amp.GradScaler(enabled=False).is_enabled()


def test_determinism() -> None:
    assert not fb.are_deterministic_algorithms_enabled()
    fb.use_deterministic_algorithms(True, warn_only=True)
    assert fb.are_deterministic_algorithms_enabled()
    assert fb.is_deterministic_algorithms_warn_only_enabled()
    assert fb.get_deterministic_debug_mode() == 1
    fb.set_deterministic_debug_mode("error")
    assert fb.get_deterministic_debug_mode() == 2
    with pytest.raises(RuntimeError, match="set_deterministic_debug_mode: no such mode"):
        fb.set_deterministic_debug_mode("loud")
    fb.use_deterministic_algorithms(False)
    assert fb.get_deterministic_debug_mode() == 0


def test_other_switches() -> None:
    fb.set_float32_matmul_precision("high")
    assert fb.get_float32_matmul_precision() == "high"
    with pytest.raises(RuntimeError, match="set_float32_matmul_precision: no such precision"):
        fb.set_float32_matmul_precision("low")
    fb.set_float32_matmul_precision("highest")
    assert not fb.set_flush_denormal(True)
    fb.set_num_interop_threads(2)
    assert fb.get_num_interop_threads() == 2
    with pytest.raises(RuntimeError, match="the number of threads must be positive"):
        fb.set_num_interop_threads(0)
    fb.set_warn_always(True)
    assert fb.is_warn_always_enabled()
    fb.set_warn_always(False)
    fb.set_default_device("cpu")
    assert fb.get_default_device() == fb.device("cpu")
    with pytest.raises(RuntimeError, match="device: only the CPU is available"):
        fb.set_default_device("cuda")


def test_absent_names_say_what_to_use() -> None:
    with pytest.raises(AttributeError) as raised:
        fb.jit  # type: ignore[attr-defined]
    assert str(raised.value) == (
        "flambeau has no 'jit': compile with flambeau.compile(); "
        "save a state_dict with flambeau.save()"
    )
    with pytest.raises(AttributeError, match="module 'flambeau' has no attribute 'nothing'"):
        fb.nothing  # type: ignore[attr-defined]
