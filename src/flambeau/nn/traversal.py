"""Walking through a module: its members and submodules by name, and changes to all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from flambeau.core.errors import message
from flambeau.nn.members import BUFFERS, MODULES, PARAMETERS, members

Self = TypeVar("Self", bound="Traversal")


class Traversal:
    """The part of :class:`~flambeau.nn.Module` that finds members.

    Members that are used in several places are yielded once, at the first.
    """

    _parameters: Any
    _buffers: Any
    _modules: Any

    # --- iteration --------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all below it, each before those below it, with dotted names.

        Args:
            memo: modules to leave out.
            prefix: what names begin with.
            remove_duplicate: whether a module that is used twice is yielded once.

        Example:
            >>> import flambeau as fb
            >>> model = fb.nn.Sequential(fb.nn.Linear(2, 2), fb.nn.Sequential(fb.nn.ReLU()))
            >>> [name for name, _ in model.named_modules()]
            ['', '0', '1', '1.0']
        """
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in members(self, MODULES):
            if module is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, inner, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """This module and all below it.

        Args:
            remove_duplicate: whether a module that is used twice is yielded once.
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules directly below this one, with their names."""
        seen = set()
        for name, module in members(self, MODULES):
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Any]:
        """The modules directly below this one."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """What ``get_members_fn`` finds in this module and all below it, with dotted names."""
        seen = set()
        modules: Any = ((prefix, self),)
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The parameters with their dotted names, in the order of registration.

        Args:
            prefix: what names begin with.
            recurse: whether those of submodules are included.
            remove_duplicate: whether a parameter that is used twice is yielded once.

        Example:
            >>> import flambeau as fb
            >>> [name for name, _ in fb.nn.Sequential(fb.nn.Linear(2, 2)).named_parameters()]
            ['0.weight', '0.bias']
        """
        yield from self._named_members(
            lambda module: members(module, PARAMETERS), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """The parameters, as optimizers take them.

        Args:
            recurse: whether those of submodules are included.
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The buffers with their dotted names.

        Args:
            prefix: what names begin with.
            recurse: whether those of submodules are included.
            remove_duplicate: whether a buffer that is used twice is yielded once.
        """
        yield from self._named_members(
            lambda module: members(module, BUFFERS), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """The buffers.

        Args:
            recurse: whether those of submodules are included.
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # --- by dotted name ---------------------------------------------------------------------

    def get_submodule(self, target: str) -> Any:
        """The submodule of a dotted name; the module itself for an empty one.

        Raises:
            AttributeError: if there is none.

        Example:
            >>> import flambeau as fb
            >>> fb.nn.Sequential(fb.nn.ReLU()).get_submodule("0")
            ReLU()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise _no_such(module, "get_submodule", "attribute", name)
            module = getattr(module, name)
            if not isinstance(module, Traversal):
                raise AttributeError(
                    message(
                        f"get_submodule: '{name}' is not a module",
                        expected="a module",
                        got=type(module).__name__,
                    )
                )
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put ``module`` at a dotted name.

        Args:
            target: the name; all of it but its last part must be there.
            module: a module.
            strict: whether the last part must be there as well.

        Raises:
            ValueError: if the name is empty or ``module`` is not a module.
            AttributeError: if the name does not lead to a module.
        """
        if not target:
            raise ValueError(
                message("set_submodule: the name is empty", expected="a dotted name", got="''")
            )
        if not isinstance(module, Traversal):
            raise ValueError(
                message(
                    "set_submodule: not a module",
                    expected="a flambeau.nn.Module",
                    got=type(module).__name__,
                )
            )
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise _no_such(parent, "set_submodule", "attribute", name)
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Traversal):
            raise AttributeError(
                message(
                    f"set_submodule: '{name}' is not a module",
                    expected="a module to replace",
                    got=type(getattr(parent, name)).__name__,
                )
            )
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Any:
        """The parameter of a dotted name.

        Raises:
            AttributeError: if there is none.
        """
        return self._get_member("get_parameter", target, PARAMETERS, "parameter")

    def get_buffer(self, target: str) -> Any:
        """The buffer of a dotted name.

        Raises:
            AttributeError: if there is none.
        """
        return self._get_member("get_buffer", target, BUFFERS, "buffer")

    def _get_member(self, function: str, target: str, kind: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise _no_such(module, function, "attribute", name)
        if name not in module.__dict__[kind]:
            raise AttributeError(
                message(
                    f"{function}: '{name}' is not a {what}",
                    expected=f"one of {list(module.__dict__[kind])}",
                    got=f"'{name}', a {type(getattr(module, name)).__name__}",
                )
            )
        return module.__dict__[name]

    # --- changes to all ---------------------------------------------------------------------

    def apply(self: Self, fn: Callable[[Any], Any]) -> Self:
        """Call ``fn`` on every module below this one, then on this one; returns the module.

        Args:
            fn: typically sets initial values.

        Example:
            >>> import flambeau as fb
            >>> def start(module):
            ...     if isinstance(module, fb.nn.Linear):
            ...         fb.nn.init.zeros_(module.weight)
            >>> fb.nn.Sequential(fb.nn.Linear(1, 1, bias=False)).apply(start)[0].weight
            Parameter containing:
            tensor([[0.]], requires_grad=True)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Switch the module and all below it to training (or evaluation) mode.

        Args:
            mode: ``True`` for training.

        Raises:
            ValueError: if ``mode`` is not a truth value.
        """
        if not isinstance(mode, bool):
            raise ValueError(
                message("train: mode is not a bool", expected="True or False", got=repr(mode))
            )
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Switch to evaluation mode: dropout and the like do nothing."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Say for all parameters whether a gradient is wanted.

        Args:
            requires_grad: whether it is.
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: ``False`` to fill them with zeros instead.
        """
        for parameter in self.parameters():
            if set_to_none:  # without a look at what is there: compiled steps need not watch it
                parameter._store_grad(None)
                continue
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.grad_fn is not None:
                gradient.detach_()
            else:
                gradient.requires_grad_(False)
            gradient.zero_()


def _no_such(module: Any, function: str, what: str, name: str) -> AttributeError:
    return AttributeError(
        message(
            f"{function}: {type(module).__name__} has no {what} '{name}'",
            expected=f"a name such as {list(module.__dict__[MODULES])}",
            got=f"'{name}'",
        )
    )
