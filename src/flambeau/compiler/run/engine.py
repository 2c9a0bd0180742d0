"""From IR text to callable machine code.

Code generation only: the text has its vectors already, and LLVM's pass pipeline would cost more
than it gains. Machine code goes to the disk cache and is linked from there the next time; one
linker serves the whole process.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flambeau.compiler.llvm import target as targets
from flambeau.compiler.run import objects
from flambeau.core.version import VERSION

if TYPE_CHECKING:
    from flambeau.compiler.llvm.module import Module
    from flambeau.compiler.llvm.target import Target
    from flambeau.compiler.run.call import Signature

# Part of every cache entry's name: raised when objects change meaning without their text changing.
OBJECT_FORMAT = "1"

_linking = threading.RLock()
_numbers = itertools.count()


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether llvmlite is installed."""
    try:
        import llvmlite.binding  # noqa: F401
    except ImportError:
        return False
    return True


@lru_cache(maxsize=1)
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@lru_cache(maxsize=1)
def _all_targets() -> Any:
    llvm = _llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


@lru_cache(maxsize=16)
def _machine(target: Target, opt: int) -> Any:
    native = target.triple == targets.host().triple or target.is_x86 == targets.host().is_x86
    llvm = _llvm() if native else _all_targets()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=opt,
        reloc="pic",
        codemodel="default",
        jit=False,
    )


@lru_cache(maxsize=1)
def _linker() -> Any:
    if hasattr(os, "register_at_fork"):
        _rest_at_fork()
    llvm = _llvm()
    host = targets.host()
    machine = llvm.Target.from_triple(host.triple).create_target_machine(
        cpu=host.cpu, features=host.features, opt=1, jit=True
    )
    # JITLink gives an object one stretch of memory. The older linker maps section by section, and
    # ends the process where two lie too far apart for an instruction that names the other.
    return llvm.create_lljit_compiler(target_machine=machine, use_jit_link=True)


@lru_cache(maxsize=1)
def _rest_at_fork() -> None:
    """A process is forked between two links: a child finds the lock free and the linker whole."""
    release = _linking.release
    os.register_at_fork(before=_linking.acquire, after_in_parent=release, after_in_child=release)


def emit_object(text: str, target: Target | None = None, opt: int = 1) -> bytes:
    """Machine code of IR text, for any target that LLVM knows."""
    machine = _machine(target or targets.default(), opt)
    parsed = _llvm().parse_assembly(text)
    return machine.emit_object(parsed)


def emit_assembly(text: str, target: Target | None = None, opt: int = 1) -> str:
    """The assembly of IR text, to look at."""
    machine = _machine(target or targets.default(), opt)
    return machine.emit_assembly(_llvm().parse_assembly(text))


@dataclass
class Handle:
    """Machine code that is loaded; it stays so as long as the handle lives.

    Attributes:
        text: the IR it was made from.
        from_cache: whether its machine code came from the disk.
        seconds: how long compiling and loading took.
        object_bytes: the size of the machine code.
    """

    text: str
    from_cache: bool = False
    seconds: float = 0.0
    object_bytes: int = 0
    addresses: dict[str, int] = field(default_factory=dict)
    tracker: Any = None

    def address(self, name: str) -> int:
        """Where a function that was named in ``exports`` begins."""
        return self.addresses[name]

    def entry(self, exported: str, signature: Signature, name: str = "") -> Any:
        """The Python function of an entry: see :func:`flambeau.compiler.run.call.bind`."""
        from flambeau.compiler.run import call

        return call.bind(self, exported, signature, name)

    def function(self, name: str, returns: Any, *arguments: Any) -> Any:
        """A function as a ctypes callable; for tests and rare calls, as it costs a microsecond."""
        function = ctypes.CFUNCTYPE(returns, *arguments)(self.addresses[name])
        function.handle = self
        return function


def compile_text(
    text: str,
    exports: list[str],
    target: Target | None = None,
    opt: int = 1,
    symbols: dict[str, int] | None = None,
) -> Handle:
    """Compiles IR text, or finds its machine code on the disk, and loads it.

    Args:
        text: the IR. It must hold no addresses: ``symbols`` bind external names.
        exports: the functions that will be asked for.
        target: must be one that this machine can run.
        opt: LLVM's code generation level, 0 to 3.
        symbols: addresses of the functions and variables that the text declares.

    Raises:
        RuntimeError: if the text is not valid IR or names something that is not there.
    """
    start = time.perf_counter()
    target = target or targets.default()
    import llvmlite

    llvm = _llvm()
    version = f"{OBJECT_FORMAT} {llvmlite.__version__} {VERSION}"
    name = objects.key(text, target.triple, target.cpu, target.features, str(opt), version)
    code = objects.load(name)
    handle = Handle(text, from_cache=code is not None)
    if code is None:
        code = emit_object(text, target, opt)
        objects.store(name, code)
    bound = {**_runtime_symbols(text), **(symbols or {})}  # may load the thread pool
    with _linking:
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for symbol, address in bound.items():
            builder.import_symbol(symbol, address)
        for export in exports:
            builder.export_symbol(export)
        handle.tracker = builder.link(_linker(), f"flambeau.{next(_numbers)}")
    handle.addresses = {export: handle.tracker[export] for export in exports}
    handle.object_bytes = len(code)
    handle.seconds = time.perf_counter() - start
    return handle


def _runtime_symbols(text: str) -> dict[str, int]:
    """What the text uses of Python, NumPy and the thread pool, bound by name.

    Addresses in the text would tie its machine code to this process.
    """
    from flambeau.compiler.run import call, threads

    found = {}
    if "@_Py_TrueStruct" in text:
        found.update(call.symbols())
    if "@flambeau_parallel_for" in text and "define void @flambeau_parallel_for" not in text:
        found.update(threads.symbols())
    return found


def compile_module(
    module: Module, exports: list[str], opt: int = 1, symbols: dict[str, int] | None = None
) -> Handle:
    """Compiles a module: see :func:`compile_text`."""
    return compile_text(module.text(), exports, module.target, opt, symbols)
