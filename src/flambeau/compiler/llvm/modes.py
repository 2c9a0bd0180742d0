"""The processor's floating-point mode: denormals count as zero inside compiled code.

Without that, decaying moments of an optimizer end as denormals and slow every step severalfold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flambeau.compiler.llvm.module import Module

# x86: flush results to zero (bit 15), read denormals as zero (bit 6). Arm: FZ (bit 24).
FLUSH_X86 = 0x8040
FLUSH_ARM = 1 << 24


def define_modes(module: Module) -> None:
    """Adds ``i64 @flambeau.get_mode()``, ``void @flambeau.set_mode(i64)`` and
    ``i64 @flambeau.flush()``, which flushes denormals and returns the mode there was before.
    """
    if "flambeau.get_mode" in module:
        return
    if module.target.is_x86:
        module.declare("llvm.x86.sse.stmxcsr", "void @llvm.x86.sse.stmxcsr(ptr)")
        module.declare("llvm.x86.sse.ldmxcsr", "void @llvm.x86.sse.ldmxcsr(ptr)")
        read = """  %place = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %word = load i32, ptr %place
  %mode = zext i32 %word to i64"""
        write = """  %place = alloca i32
  %word = trunc i64 %mode to i32
  store i32 %word, ptr %place
  call void @llvm.x86.sse.ldmxcsr(ptr %place)"""
        flag = FLUSH_X86
    else:
        module.declare("llvm.aarch64.get.fpcr", "i64 @llvm.aarch64.get.fpcr()")
        module.declare("llvm.aarch64.set.fpcr", "void @llvm.aarch64.set.fpcr(i64)")
        read = "  %mode = call i64 @llvm.aarch64.get.fpcr()"
        write = "  call void @llvm.aarch64.set.fpcr(i64 %mode)"
        flag = FLUSH_ARM
    module.add(
        "flambeau.get_mode",
        f"define internal i64 @flambeau.get_mode() nounwind {{\n{read}\n  ret i64 %mode\n}}\n",
    )
    head = "define internal void @flambeau.set_mode(i64 %mode) nounwind"
    module.add("flambeau.set_mode", f"{head} {{\n{write}\n  ret void\n}}\n")
    module.add(
        "flambeau.flush",
        f"""define internal i64 @flambeau.flush() nounwind {{
  %mode = call i64 @flambeau.get_mode()
  %flushing = or i64 %mode, {flag}
  %same = icmp eq i64 %flushing, %mode
  br i1 %same, label %done, label %set
set:
  call void @flambeau.set_mode(i64 %flushing)
  br label %done
done:
  ret i64 %mode
}}
""",
    )
