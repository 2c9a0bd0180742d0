"""``flambeau.compile``: a function that is recorded once and then runs as one program."""

from __future__ import annotations

import copy
import functools
import gc
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.compiler.record.trace import Trace
from flambeau.compiler.run import dispatch
from flambeau.compiler.run.engine import is_available
from flambeau.compiler.run.plan_layout import Head, Plan
from flambeau.compiler.specialisation import Specialisation
from flambeau.compiler.verification import run_verified
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.core.locks import reentrant_lock
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

LIMIT = 16
PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAIT_SECONDS = 20e-6
_alive: weakref.WeakSet[Compiled] = weakref.WeakSet()


class Compiled:
    """A function and the programs that were recorded of it.

    Args:
        function: the user's function.
        verify: for how many calls to run the function eagerly, too, and compare.

    Attributes:
        specialisations: by the kinds of arguments they were made for.
        reasons: why each was made, in order.
        eager: kinds of arguments for which the function runs as it is written.
        recordings: how many were made, those among them that held for one call only.
    """

    def __new__(cls, function: Callable[..., Any], verify: int = 0) -> Compiled:
        # The entry is an attribute of a class of its own: a built-in function is no descriptor,
        # so calling the object calls it straight away.
        kind = type(cls.__name__, (cls,), {"__module__": cls.__module__, "__doc__": cls.__doc__})
        return object.__new__(kind)

    def __init__(self, function: Callable[..., Any], verify: int = 0) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.verify = verify
        self.specialisations: dict[Any, list[Specialisation]] = {}
        self.reasons: list[str] = []
        self.eager: set[Any] = set()
        self.plans: dict[Specialisation, Any] = {}
        self.entry: Any = None
        self.newest = 0  # the address of the first plan of the chain
        self.lock = reentrant_lock()
        self.runner = 0  # the thread that runs a program through Python
        self.warned = False
        self.recordings = 0
        _alive.add(self)
        if dispatch.is_available() and verify == 0:
            self.entry = dispatch.make_entry(_name_of(function), self.call)
            type(self).__call__ = self.entry  # type: ignore[method-assign]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The compiled function of one object, where it is a method."""
        if instance is None:
            return self
        return _bound(self, instance)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        return Compiled(copy.deepcopy(self.function, memo), self.verify)

    def __repr__(self) -> str:
        return f"<compiled {_name_of(self.function)}>"

    # --- a call that no plan was found for ----------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run, through Python: record what is new, put plans in order for the next call."""
        if MODE.code & INTERPRETED:
            beside = getattr(MODE.interpreter, "call_compiled", None)
            return self.function(*args, **kwargs) if beside is None else beside(self, args, kwargs)
        if _is_switched_off():
            return self.function(*args, **kwargs)
        if not is_available():
            _say_once()
        return self._alone(lambda: self._call(args, kwargs), lambda: self.function(*args, **kwargs))

    def _alone(self, run: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Run while no other thread runs a program of ours.

        Meanwhile the dispatcher finds no plan: other threads come here, and wait.

        Args:
            run: what to run.
            otherwise: runs in its place where this thread is running one already: the function
                calls itself, or a finaliser calls it meanwhile.
        """
        if threading.get_ident() in self._owners():
            return otherwise()  # without the lock: its holder may wait for us
        with self.lock:
            if self.runner:
                return otherwise()
            self.runner = threading.get_ident()
            try:
                self._publish(0)
                while any(self._owners()):
                    time.sleep(WAIT_SECONDS)
                return run()
            finally:
                self.runner = 0
                self._publish(self.newest)

    def _forget_others(self) -> None:
        """In a forked child, which has one thread: what the others were doing is done by nobody."""
        me = threading.get_ident()
        for plan in self.plans.values():
            plan.forget_others(me)
        if self.runner != me:
            self.runner = 0
            self._link()
            self._publish(self.newest)

    def _owners(self) -> list[int]:
        """Which threads run which plan; 0 for none."""
        return [plan.owner_thread for plan in list(self.plans.values())]

    def _run_guarded(self, found: Specialisation, structure: Any, leaves: list[Any]) -> Any:
        """Run a specialisation whose guards were found to hold natively."""

        def eagerly() -> Any:
            args, kwargs = trees.unflatten(structure, leaves)
            return self.function(*args, **kwargs)

        if found.overlaps(leaves):
            return eagerly()
        return self._alone(lambda: found.run(leaves), eagerly)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves, structure = trees.flatten((args, kwargs))
        key = (structure, MODE.code, *_kinds(leaves))
        if key in self.eager:
            return self.function(*args, **kwargs)
        reason = "new kinds of arguments"
        for found in reversed(self.specialisations.get(key, ())):
            reason = found.reason_against(leaves)
            if reason is None:
                break
        else:
            found = self._specialise(key, structure, leaves, reason)
        if found.trace.overlapping or found.trace.eager or found.overlaps(leaves):
            return self.function(*args, **kwargs)
        if not found.once and self.entry is not None:
            self._arm(found, structure, leaves)
        run = found.run
        if self.verify > 0:
            self.verify -= 1
            run = functools.partial(run_verified, self.function, found, args, kwargs)
        result = run(leaves)
        if found in self.plans:
            self.plans[found].note_time()
        return result

    def _specialise(self, key: Any, structure: Any, leaves: list[Any], reason: str) -> Any:
        with _without_collection():
            made = Specialisation(Trace(self.function, leaves, structure), reason)
        if made.trace.eager is not None:
            self.eager.add(key)
            if not self.warned:
                self.warned = True
                _warn_that_it_runs_eagerly(_name_of(self.function), made.trace.eager)
        self.recordings += 1
        if not made.once:
            self.specialisations.setdefault(key, []).append(made)
            self.reasons.append(reason)
        if self.recordings > LIMIT and not self.warned:
            self.warned = True
            _warn_of_recordings(
                _name_of(self.function), self.recordings, made.trace.changes, reason
            )
        return made

    # --- plans --------------------------------------------------------------------------------

    def _arm(self, found: Specialisation, structure: Any, leaves: list[Any]) -> None:
        """Let the dispatcher run a specialisation from the next call on."""
        plan = self.plans.get(found)
        if plan is None:
            from flambeau.compiler.plan import CallPlan

            plan = CallPlan(found, structure, MODE.code, self._run_guarded)
        self.plans.pop(found, None)
        # Another thread may have changed something since it was found to hold: so it is asked
        # again, now that the plan has noted how things are.
        try:
            with _without_collection():
                if plan.arm(leaves) and found.reason_against(leaves) is None:
                    self.plans[found] = plan
        finally:
            self._link()  # whatever happened: the chain must not lead to a plan that is gone
        dispatch.note_thread(self.entry)

    def _link(self) -> None:
        """Chain the plans, the newest first."""
        following = 0
        for plan in self.plans.values():
            plan.head[Plan.NEXT] = following
            following = plan.address
        self.newest = following

    def _publish(self, first: int) -> None:
        """Let the dispatcher try the plans from the one at an address on, or none."""
        if self.entry is not None:
            self.entry.__self__[Head.PLAN] = first

    # --- what a user may ask ------------------------------------------------------------------

    def report(self) -> str:
        """What was compiled, why, how long it took, and what does not run natively."""
        from flambeau.compiler.report import report

        return report(self)

    def program(self) -> str:
        """The recorded programs, as text."""
        from flambeau.compiler.report import programs

        return programs(self)

    def llvm(self) -> str:
        """The programs' LLVM IR."""
        from flambeau.compiler.report import llvm

        return llvm(self)

    def all(self) -> list[Specialisation]:
        """Every specialisation, in the order of their making."""
        return [s for found in self.specialisations.values() for s in found]


def _forget_other_threads() -> None:
    for compiled in list(_alive):
        compiled._forget_others()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def _kinds(leaves: list[Any]) -> Iterator[Any]:
    """What of each argument is part of the program; also, which are the same tensor."""
    first: dict[int, int] = {}
    for index, x in enumerate(leaves):
        if isinstance(x, Tensor):
            array = x._array
            place = first.setdefault(id(x), index)
            yield array.shape, array.strides, array.dtype, x.requires_grad, type(x), place
        else:
            yield _kind(x)


def _kind(x: Any) -> Any:
    if type(x) in (int, float):
        return type(x)
    try:
        hash(x)
    except TypeError:
        return id(x)
    return type(x), x


def _warn_of_recordings(name: str, count: int, changes: str | None, reason: str) -> None:
    expected = "a few kinds of arguments"
    got, instead = f"most recently because of {reason}", "pass numbers that change as arguments"
    if changes is not None:
        expected = "a function that changes tensors only"
        got = f"one that itself changes {changes}, which only Python can do again"
        instead = "keep what changes at each call in tensors, or outside of the function"
    warnings.warn(
        message(
            f"compile: {name} was recorded {count} times", expected=expected, got=got, help=instead
        ),
        stacklevel=_level_of_user(),
    )


def _warn_that_it_runs_eagerly(name: str, why: str) -> None:
    what, instead = why.split("\n")
    warnings.warn(
        message(
            f"compile: {name} {what}",
            expected="changes of tensors that are given, or read by name",
            got="a change that only Python can make again; the function runs as it is written",
            help=instead,
        ),
        stacklevel=_level_of_user(),
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Without searches for garbage: a recording makes many objects, and nearly all of them stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _level_of_user() -> int:
    """How far up the stack the user's call is, for a warning given where this is called."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE_FOLDER):
        frame, level = frame.f_back, level + 1
    return level


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _bound(compiled: Compiled, instance: Any) -> Any:
    """The compiled method of one object, kept with it."""
    key = f"_compiled_{_name_of(compiled.function)}_{id(compiled)}"
    found = getattr(instance, "__dict__", {}).get(key)
    if found is None or found.function.__self__ is not instance:
        found = Compiled(compiled.function.__get__(instance), compiled.verify)
        vars(instance)[key] = found
    return found


def _is_switched_off() -> bool:
    return os.environ.get("FLAMBEAU_COMPILE") == "0"


@functools.lru_cache(maxsize=1)
def _say_once() -> None:
    warnings.warn(
        message(
            "compile: llvmlite is not installed",
            expected="llvmlite, which generates machine code",
            got="none: compiled functions run through NumPy",
            help="pip install llvmlite",
        ),
        stacklevel=_level_of_user(),
    )


def compile(function: Callable[..., Any] | None = None, *, verify: int = 0) -> Any:
    """Compile a function: see :func:`flambeau.compile`."""
    if function is None:
        return functools.partial(compile, verify=verify)
    if not isinstance(function, type) and hasattr(function, "forward"):
        from flambeau.compiler.compiled_module import compiled_module

        return compiled_module(function, verify)
    if not callable(function):
        raise TypeError(
            message(
                "compile: not a function",
                expected="a function, a method or a module",
                got=type(function).__name__,
            )
        )
    return Compiled(function, verify)
