"""Machine code: compiled, kept on disk, called from Python, spread over threads."""

from flambeau.compiler.run.call import Array, Float, Int, Signature, define_entry
from flambeau.compiler.run.engine import (
    Handle,
    compile_module,
    compile_text,
    emit_assembly,
    emit_object,
    is_available,
)
from flambeau.compiler.run.threads import get_num_threads, set_num_threads

__all__ = ["Array", "Float", "Int", "Signature", "define_entry"]
__all__ += ["Handle", "compile_module", "compile_text", "emit_assembly", "emit_object"]
__all__ += ["is_available", "get_num_threads", "set_num_threads"]
