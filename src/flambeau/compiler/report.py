"""What users may read about a compiled function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flambeau.compiler.native import NativeProgram

if TYPE_CHECKING:
    from flambeau.compiler.compiled import Compiled
    from flambeau.compiler.specialisation import Specialisation


def report(compiled: Compiled) -> str:
    """One paragraph for each specialisation."""
    found = compiled.all()
    head = f"{compiled!r}: {len(found)} recording(s)"
    return "\n".join([head, *[_describe(compiled, i, s) for i, s in enumerate(found, 1)]])


def _describe(compiled: Compiled, number: int, specialisation: Specialisation) -> str:
    program, compute = specialisation.program, specialisation.compute
    lines = [
        f"{number}. {specialisation.reason}",
        f"   {len(program.instructions)} operations on {len(program.buffers)} buffers",
        f"   {len(program.writes)} buffers written, {len(program.results)} results",
    ]
    if isinstance(compute, NativeProgram):
        cached = " (from the cache)" if getattr(compute.handle, "from_cache", False) else ""
        lines.append(f"   compiled in {specialisation.seconds * 1e3:.1f} ms{cached}")
        lines.append(f"   working memory {compute.memory.nbytes} bytes")
        names = ", ".join(sorted(set(compute.calls))) or "none"
        lines.append(f"   operations through NumPy: {names}")
    plan = compiled.plans.get(specialisation)
    how = "through Python"
    if plan is not None:
        how = "one native call" if plan.is_native else "native checks, then Python"
    lines.append(f"   each call: {how}")
    return "\n".join(lines)


def programs(compiled: Compiled) -> str:
    """The text of every program."""
    return "\n\n".join(f"# {s.reason}\n{s.program!r}" for s in compiled.all())


def llvm(compiled: Compiled) -> str:
    """The IR of every program."""
    return "\n\n".join(_text(s.compute) for s in compiled.all())


def _text(compute: Any) -> str:
    handle = getattr(compute, "handle", None)
    return "; runs through NumPy\n" if handle is None else handle.text
