"""The module: a function with parameters, buffers and submodules that find themselves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.conversion import Conversion
from flambeau.nn.members import BUFFERS, MODULES, PARAMETERS, TABLES, table
from flambeau.nn.module_hooks import GLOBAL_HOOKS, HOOK_TABLES, Hooked, call, registered
from flambeau.nn.module_text import describe
from flambeau.nn.parameter import Buffer, Parameter
from flambeau.nn.state_dict import Stateful
from flambeau.nn.traversal import Traversal
from flambeau.tensor.tensor import Tensor


class MemberError(KeyError):
    """A name that a member cannot have. Prints its text as other errors do."""

    __str__ = Exception.__str__


class Module(Traversal, Conversion, Stateful, Hooked):
    """A function whose parameters, buffers and submodules are found by assigning them.

    Subclass it, call ``super().__init__()`` first, assign members to attributes, and write
    ``forward``.

    Attributes:
        training: whether it is in training mode (``train()`` and ``eval()`` change it).
        call_super_init: whether ``Module.__init__`` calls the next class's with its arguments,
            for multiple inheritance.

    Example:
        >>> import flambeau as fb
        >>> class Halve(fb.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = fb.nn.Parameter(fb.tensor(0.5))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> halve = Halve()
        >>> halve(fb.tensor(3.0)).item(), [name for name, _ in halve.named_parameters()]
        (1.5, ['factor'])
    """

    training: bool
    call_super_init: bool = False

    _parameters = table(PARAMETERS, "parameters")
    _buffers = table(BUFFERS, "buffers")
    _modules = table(MODULES, "submodules")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            raise TypeError(
                message(
                    f"{type(self).__name__}: Module.__init__() takes no arguments",
                    expected="no arguments",
                    got=f"{len(args)} positional and {len(kwargs)} by name",
                    help="set call_super_init = True on the class to pass them to the next one",
                )
            )
        values = self.__dict__
        values["training"] = True
        for name in TABLES:
            values[name] = {}
        values["_non_persistent_buffers_set"] = set()
        values["_is_full_backward_hook"] = None
        for name in HOOK_TABLES:
            values[name] = OrderedDict()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def _forward_missing(self, *input: Any) -> Any:
        """What the module computes; every subclass writes its own."""
        raise NotImplementedError(
            message(
                f'Module [{type(self).__name__}]: missing the required "forward" function',
                expected="a method forward(self, ...)",
                got="none",
            )
        )

    # Not a method with a signature: subclasses choose the arguments of theirs.
    forward: Callable[..., Any] = _forward_missing

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or GLOBAL_HOOKS
        ):
            return call(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        return call(self, args, kwargs)

    def compile(self, *, verify: int = 0) -> None:
        """Compile this module's ``forward`` in place; hooks run around it as before.

        Args:
            verify: for how many calls to run it eagerly, too, and compare.

        Example:
            >>> import flambeau as fb
            >>> model = fb.nn.Linear(2, 1)
            >>> model.compile()
            >>> model(fb.zeros(3, 2)).shape
            torch.Size([3, 1])
        """
        from flambeau.compiler import compile  # which programs that do not compile need not load

        values = self.__dict__
        values.pop("forward", None)
        values["forward"] = compile(self.forward, verify=verify)
        values["_compiled_forward"] = True

    def __getstate__(self) -> dict[str, Any]:
        # Copies and pickles compile anew if they are asked to.
        state = self.__dict__.copy()
        if state.pop("_compiled_forward", False):
            del state["forward"]
        return state

    # --- registration -----------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name.

        Args:
            name: an attribute name that is not in use.
            param: the parameter; ``None`` for one that the module does without.

        Raises:
            TypeError: if it is not a parameter.
            KeyError: if the name is empty, has a dot or is in use.
            ValueError: if it is not a leaf of the graph.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Module()
            >>> module.register_parameter("scale", fb.nn.Parameter(fb.ones(1)))
            >>> module.scale.shape
            torch.Size([1])
        """
        if PARAMETERS not in self.__dict__:
            raise _too_early("parameters")
        self._check_name("register_parameter", name, PARAMETERS)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                message(
                    f"register_parameter: '{name}' is not a parameter",
                    expected="a flambeau.nn.Parameter or None",
                    got=type(param).__name__,
                    help="wrap the tensor: flambeau.nn.Parameter(tensor)",
                )
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                message(
                    f"register_parameter: '{name}' is not a leaf of the graph",
                    expected="a parameter that no recorded operation made",
                    got=f"the output of {param.grad_fn.name()}",
                    help="compute such a tensor from its parameters in forward()",
                )
            )
        self._store(PARAMETERS, name, registered("parameter", self, name, param))

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained.

        Args:
            name: an attribute name that is not in use.
            tensor: the buffer; ``None`` for one that the module does without.
            persistent: whether it is part of ``state_dict``.

        Raises:
            TypeError: if it is not a tensor.
            KeyError: if the name is empty, has a dot or is in use.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Module()
            >>> module.register_buffer("mean", fb.zeros(2))
            >>> module.mean
            tensor([0., 0.])
        """
        if BUFFERS not in self.__dict__:
            raise _too_early("buffers")
        self._check_name("register_buffer", name, BUFFERS)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                message(
                    f"register_buffer: '{name}' is not a tensor",
                    expected="a tensor or None",
                    got=type(tensor).__name__,
                )
            )
        self._store(BUFFERS, name, registered("buffer", self, name, tensor))
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under a name.

        Args:
            name: an attribute name that is not in use.
            module: the submodule, or ``None``.

        Raises:
            TypeError: if it is not a module.
            KeyError: if the name is empty, has a dot or is in use.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Module()
            >>> module.add_module("activation", fb.nn.ReLU())
            >>> module.activation
            ReLU()
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(
                message(
                    f"add_module: '{name}' is not a module",
                    expected="a flambeau.nn.Module or None",
                    got=type(module).__name__,
                )
            )
        if MODULES not in self.__dict__:
            raise _too_early("modules")
        self._check_name("add_module", name, MODULES)
        self._store(MODULES, name, registered("module", self, name, module))

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as :meth:`add_module`."""
        self.add_module(name, module)

    def _check_name(self, function: str, name: Any, kind: str) -> None:
        if not isinstance(name, str):
            raise TypeError(
                message(
                    f"{function}: the name is not a string",
                    expected="a string",
                    got=type(name).__name__,
                )
            )
        if "." in name or name == "":
            problem = "has a dot" if name else "is empty"
            raise MemberError(
                message(
                    f"{function}: the name {problem}",
                    expected="an attribute name",
                    got=repr(name),
                )
            )
        if name not in self.__dict__[kind] and hasattr(self, name):
            raise MemberError(
                message(
                    f"{function}: attribute '{name}' already exists",
                    expected="a name that is not in use",
                    got=f"'{name}'",
                    help="delete the attribute first, or choose another name",
                )
            )

    def _store(self, kind: str, name: str, value: Any) -> None:
        values = self.__dict__
        values[name] = value
        values[kind][name] = None

    def _forget(self, name: str, kind: str) -> None:
        """Take away whatever else has this name."""
        values = self.__dict__
        if name not in values[kind]:
            values.pop(name, None)
        for other in TABLES:
            if other != kind:
                values[other].pop(name, None)
        if kind != BUFFERS:
            self._non_persistent_buffers_set.discard(name)

    # --- attributes -------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        values = self.__dict__
        if PARAMETERS not in values:
            self._set_early(name, value)
        elif isinstance(value, Parameter):
            self._forget(name, PARAMETERS)
            self.register_parameter(name, value)
        elif name in values[PARAMETERS]:
            self._check_replacement(name, value, "parameter", "flambeau.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._forget(name, MODULES)
            self._store(MODULES, name, registered("module", self, name, value))
        elif name in values[MODULES]:
            self._check_replacement(name, value, "child module", "flambeau.nn.Module")
            self._store(MODULES, name, registered("module", self, name, None))
        elif isinstance(value, Buffer):
            self._set_buffer(name, value, value.persistent)  # type: ignore[attr-defined]
        elif name in values[BUFFERS]:
            if not isinstance(value, Tensor):
                self._check_replacement(name, value, "buffer", "flambeau.Tensor")
            self._set_buffer(name, value, name not in self._non_persistent_buffers_set)
        else:
            object.__setattr__(self, name, value)

    def _set_early(self, name: str, value: Any) -> None:
        """Before ``__init__`` only plain attributes may be set."""
        for kind, what in ((Parameter, "parameters"), (Module, "modules"), (Buffer, "buffers")):
            if isinstance(value, kind):
                raise _too_early(what)
        object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, tensor: Tensor | None, persistent: bool) -> None:
        if persistent:  # subclasses may override register_buffer() without the third argument
            self.register_buffer(name, tensor)
        else:
            self.register_buffer(name, tensor, False)

    def _check_replacement(self, name: str, value: Any, what: str, expected: str) -> None:
        if value is not None:
            raise TypeError(
                message(
                    f"{type(self).__name__}: cannot assign this as {what} '{name}'",
                    expected=f"a {expected} or None",
                    got=f"{type(value).__module__}.{type(value).__qualname__}",
                    help=f"delete the {what} first to give its name to something else",
                )
            )

    def __getattr__(self, name: str) -> Any:
        # Members are found without coming here. It is asked for names that do not exist, and by
        # subclasses whose own __getattr__ looks here first.
        values = self.__dict__
        if name in values:
            return values[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        values = self.__dict__
        for kind in TABLES:
            if name in values.get(kind, ()):
                del values[kind][name]
                del values[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = set(dir(type(self))) | set(self.__dict__)
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        values = self.__dict__
        values.update(state)
        for name in (*TABLES, *HOOK_TABLES):  # a shallow copy's members are its own
            if name in values:
                values[name] = values[name].copy()
        if "_non_persistent_buffers_set" in values:
            values["_non_persistent_buffers_set"] = set(values["_non_persistent_buffers_set"])

    # --- text -------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What the module's text says between its parentheses; for subclasses to override."""
        return ""

    def __repr__(self) -> str:
        return describe(self)


def _too_early(what: str) -> AttributeError:
    return AttributeError(
        message(
            f"Module: cannot assign {what} before Module.__init__() call",
            expected="super().__init__() first",
            got="an assignment before it",
        )
    )
