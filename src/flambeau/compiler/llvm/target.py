"""What code is generated for: the processor, and the vectors it computes with."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class Target:
    """A processor to generate code for.

    Attributes:
        triple: LLVM's name of architecture, system and binary format.
        cpu: LLVM's name of the processor.
        features: LLVM's feature list, such as ``"+avx2,+fma"``.
        vector_bits: the width of its vectors.
        vector_registers: how many vectors it holds.
        has_half_conversion: whether it converts float16 to float32 in one instruction.
    """

    triple: str
    cpu: str
    features: str
    vector_bits: int
    vector_registers: int
    has_half_conversion: bool = field(default=True)

    @property
    def is_x86(self) -> bool:
        """Whether it is an x86-64 processor."""
        return self.triple.startswith("x86_64")

    @property
    def is_arm(self) -> bool:
        """Whether it is a 64-bit Arm processor."""
        return self.triple.startswith(("aarch64", "arm64"))

    @property
    def is_macos(self) -> bool:
        """Whether the system is macOS."""
        return "apple" in self.triple

    def lanes(self, bits: int = 32) -> int:
        """How many elements of that many bits fill one vector."""
        return self.vector_bits // bits


_AVX2 = (
    "+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,"
    "+movbe,+xsave"
)
_AVX512 = _AVX2 + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"


def _operating_system() -> str:
    return "apple-darwin" if sys.platform == "darwin" else "unknown-linux-gnu"


def named(name: str) -> Target:
    """A target by name, whether or not this machine can run its code.

    Args:
        name: ``"host"``, ``"sse2"``, ``"avx2"``, ``"avx512"`` (x86-64) or ``"neon"`` (64-bit Arm).

    Raises:
        ValueError: if there is no target of that name.
    """
    if name == "host":
        return host()
    system = _operating_system()
    if name == "sse2":
        return Target(f"x86_64-{system}", "x86-64", "", 128, 16, has_half_conversion=False)
    if name == "avx2":
        return Target(f"x86_64-{system}", "x86-64", _AVX2, 256, 16)
    if name == "avx512":
        return Target(f"x86_64-{system}", "x86-64", _AVX512, 512, 32)
    if name == "neon":
        return Target(f"aarch64-{system}", "generic", "+neon,+fp-armv8", 128, 32)
    raise ValueError(f"target: no target is called {name!r}; host, sse2, avx2, avx512 and neon are")


@lru_cache(maxsize=1)
def host() -> Target:
    """The machine we run on, from its processor's features."""
    import llvmlite.binding as llvm

    found = llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    features, cpu = found.flatten(), llvm.get_host_cpu_name()
    if platform.machine().lower() in ("aarch64", "arm64"):
        return Target(triple, cpu, features, 128, 32)
    if all(found.get(f"avx512{part}") for part in ("f", "bw", "dq", "vl")):
        return Target(triple, cpu, features, 512, 32)
    half = bool(found.get("f16c"))
    if found.get("avx2") and found.get("fma"):
        return Target(triple, cpu, features, 256, 16, half)
    return Target(triple, cpu, features, 128, 16, half)


def default() -> Target:
    """The host, or the target that ``FLAMBEAU_TARGET`` names (for trying narrower vectors)."""
    return named(os.environ.get("FLAMBEAU_TARGET", "host"))
