"""Write the stubs that tell editors and type checkers what is attached while importing.

``flambeau.__init__`` binds the public functions of the operations from a table, and rooms above
``tensor`` attach methods and operators to ``Tensor``: neither can be seen by reading the source.
The stubs say it in writing. Run this after adding an operation:

    python tools/write_stubs.py
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import flambeau
from flambeau.core.dtypes import dtype
from flambeau.ops import deferred
from flambeau.tensor.device import Named
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.typed import TensorType

deferred.load_all()

PACKAGE = Path(flambeau.__file__).parent
PACKAGE_STUB = PACKAGE / "__init__.pyi"
TENSOR_STUB = PACKAGE / "tensor" / "tensor.pyi"
HEAD = "# Written by tools/write_stubs.py.\n"


class Annotations:
    """Annotations as a stub writes them, and the imports that they need."""

    def __init__(self) -> None:
        self.imports: set[str] = set()

    def text(self, annotation: Any, scope: dict[str, Any]) -> str:
        """An annotation of a function whose globals are ``scope``; ``Any`` where it is missing."""
        if annotation is inspect.Parameter.empty:
            return self.known("Any", {"Any": Any})
        if annotation is None:
            return "None"
        if not isinstance(annotation, str):
            annotation = getattr(annotation, "__name__", str(annotation))
        tree = ast.parse(annotation, mode="eval")
        return ast.unparse(_Renamed(self, scope).visit(tree))

    def known(self, name: str, scope: dict[str, Any]) -> str:
        """The text for a name, which is imported if it has to be."""
        if name not in scope and hasattr(builtins, name):
            return f"builtins.{name}"  # a class or module may have a member of this name
        value = scope.get(name, Any)
        if isinstance(value, ModuleType):
            parent, _, last = value.__name__.rpartition(".")
            self.imports.add(
                f"from {parent} import {last} as {name}" if parent else f"import {last} as {name}"
            )
            return name
        if name not in scope or not hasattr(value, "__module__"):
            self.imports.add("from typing import Any")
            return "Any"
        if value is Any or not isinstance(value, type):
            home = "typing" if value is Any else getattr(value, "__module__", "typing")
            self.imports.add(f"from {home} import {name}")
            return name
        self.imports.add(f"from {value.__module__} import {value.__qualname__}")
        return value.__qualname__


class _Renamed(ast.NodeTransformer):
    def __init__(self, annotations: Annotations, scope: dict[str, Any]) -> None:
        self.annotations, self.scope = annotations, scope

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self.annotations.known(node.id, self.scope)
        return ast.parse(text, mode="eval").body


def default_text(value: Any) -> str:
    """A default value, if a stub can show it."""
    plain = value is None or isinstance(value, (bool, int, float, str))
    if isinstance(value, tuple):
        plain = all(isinstance(x, (int, float)) for x in value)
    return repr(value) if plain and "inf" not in repr(value) else "..."


def parameter_text(parameter: inspect.Parameter, annotations: Annotations, scope: dict) -> str:
    """One parameter as it stands in a signature."""
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{star}{parameter.name}: {annotations.text(parameter.annotation, scope)}"
    if parameter.default is not parameter.empty:
        text += f" = {default_text(parameter.default)}"
    return text


def is_made(function: FunctionType) -> bool:
    """Whether a maker of elementwise operations made it, whose annotations are general."""
    return function.__module__ == "flambeau"


def function_text(
    name: str, function: FunctionType, annotations: Annotations, method: bool = False
) -> str:
    """``def name(...) -> ...: ...`` with the first line of the documentation."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    parts, starred = [], False
    for place, parameter in enumerate(parameters):
        if method and place == 0:
            parts.append("self")
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        parts.append(parameter_text(parameter, annotations, function.__globals__))
    result = annotations.text(signature.return_annotation, function.__globals__)
    if is_made(function) and result == "Any":
        result = "Tensor"
    summary = (inspect.getdoc(function) or "").partition("\n")[0].replace("\\", "\\\\")
    indent = "    " if method else ""
    head = f"{indent}def {name}({', '.join(parts)}) -> {result}:"
    return f'{head}\n{indent}    """{summary}"""\n' if summary else f"{head} ...\n"


def found_at(value: Any) -> str | None:
    """``from module import name`` for what its own module has under a public name."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    name = getattr(value, "__qualname__", "")
    if module is None or module is flambeau or vars(module).get(name) is not value:
        return None
    return f"from {module.__name__} import {name}"


def package_stub() -> str:
    """The stub of the package itself."""
    annotations = Annotations()
    imports, values, functions = [], [], []
    for name in sorted(flambeau.__all__):
        value = getattr(flambeau, name)
        if isinstance(value, ModuleType):
            imports.append(f"from flambeau import {name} as {name}")
        elif isinstance(value, (dtype, Named, TensorType)):
            kind = type(value).__name__
            annotations.imports.add(f"from {type(value).__module__} import {kind} as {kind}")
            values.append(f"{name}: {kind}")
        elif value is None or isinstance(value, float):
            values.append(f"{name}: {'None' if value is None else 'builtins.float'}")
        elif (source := found_at(value)) is not None:
            imports.append(f"{source} as {name}")
        elif isinstance(value, FunctionType):
            functions.append(function_text(name, value, annotations))
        else:
            annotations.imports.add(f"from {type(value).__module__} import {type(value).__name__}")
            values.append(f"{name}: {type(value).__name__}")
    values.append("__version__: builtins.str")
    values.append("__all__: builtins.list[builtins.str]")
    known = {line.rpartition(" as ")[0] for line in imports}
    needed = sorted(line for line in annotations.imports if line not in known)
    lines = ["import builtins", *needed, *imports, "", *values, "", *functions]
    return HEAD + "\n".join(lines).rstrip() + "\n"


def attached() -> Iterator[tuple[str, Any]]:
    """The members of Tensor that its class statement does not hold."""
    written = {
        target.id if isinstance(target, ast.Name) else ""
        for node in tensor_class(tensor_module()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    written |= {
        node.name
        for node in tensor_class(tensor_module()).body
        if isinstance(node, ast.FunctionDef)
    }
    for name, value in sorted(vars(Tensor).items()):
        slot = inspect.ismemberdescriptor(value)
        if name not in written and not slot and isinstance(value, (FunctionType, property)):
            yield name, value


def tensor_module() -> ast.Module:
    """The source of the module that defines Tensor."""
    path = PACKAGE / "tensor" / "tensor.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def tensor_class(module: ast.Module) -> ast.ClassDef:
    """The class statement of Tensor."""
    return next(n for n in module.body if isinstance(n, ast.ClassDef) and n.name == "Tensor")


def member_text(name: str, value: Any, annotations: Annotations) -> str:
    """An attached method or property as a stub shows it."""
    if isinstance(value, property):
        function: Callable[..., Any] | None = value.fget
        assert isinstance(function, FunctionType)
        text = f"    @property\n{function_text(name, function, annotations, method=True)}"
        if value.fset is not None:
            text += f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...\n"
        return text
    if name in OPERATORS_GIVING_TENSORS:
        other = "" if name in UNARY_OPERATORS else ", other: Any"
        return f"    def {name}(self{other}) -> Tensor: ...\n"
    return function_text(name, value, annotations, method=True)


# Operators leave an operation they cannot do to the other operand; otherwise they give a tensor.
UNARY_OPERATORS = {"__neg__", "__pos__", "__abs__", "__invert__"}
OPERATORS_GIVING_TENSORS = UNARY_OPERATORS | {
    f"__{prefix}{name}__"
    for prefix in ("", "r", "i")
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift",
        "rshift", "matmul",
    )
} | {f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")}  # fmt: skip


class _Signatures(ast.NodeTransformer):
    """Statements without what they do: functions keep their first line of documentation."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        summary = (ast.get_docstring(node) or "").partition("\n")[0]
        value: Any = summary or ...
        node.body = [ast.Expr(ast.Constant(value))]
        for each in (*node.args.args, *node.args.kwonlyargs, node):
            field = "returns" if each is node else "annotation"
            annotation = getattr(each, field)
            if annotation is not None:
                setattr(each, field, _Qualified().visit(annotation))
        return node


class _Qualified(ast.NodeTransformer):
    """Python's own types as ``builtins.float``: Tensor has methods of the same names."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if hasattr(builtins, node.id):
            return ast.Attribute(ast.Name("builtins"), node.id)
        return node


def slots() -> list[str]:
    """The attributes that tensors have inside, as annotations."""
    return [f"    {name}: Any" for name in Tensor.__slots__ if not name.startswith("__")]


def tensor_stub() -> str:
    """The stub of the module that defines Tensor."""
    module, annotations = tensor_module(), Annotations()
    cls = tensor_class(module)
    members = "\n".join(member_text(name, value, annotations) for name, value in attached())
    lines: list[str] = []
    for node in module.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if ast.unparse(node) != "from __future__ import annotations":
                lines.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef):
            lines.append(ast.unparse(_Signatures().visit(node)))
        elif node is cls:
            lines += ["class Tensor:", *slots()]
            for inner in cls.body:
                if isinstance(inner, ast.FunctionDef):
                    text = ast.unparse(ast.fix_missing_locations(_Signatures().visit(inner)))
                    lines.append("\n".join("    " + line for line in text.splitlines()))
                elif isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Constant):
                    lines.append(f"    {ast.unparse(inner.targets[0])}: builtins.bool")
                elif isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Name):
                    lines.append("    " + ast.unparse(inner))
            lines += ["", members]
    own = f"from {Tensor.__module__} import Tensor"
    imports = sorted({"import builtins", *annotations.imports} - {own} - set(lines))
    return HEAD + "\n".join([*imports, *lines]).rstrip() + "\n"


def late_stub(package: str) -> str:
    """The stub of a package that imports its names when they are asked for."""
    module, annotations = import_module(package), Annotations()
    imports, functions = [], []
    for name in dir(module):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            imports.append(f"from {package} import {name} as {name}")
        elif (source := found_at(value)) is not None:
            imports.append(f"{source} as {name}")
        elif hasattr(value, "__globals__"):
            functions.append(function_text(name, value, annotations))
        else:
            functions.append(f"{name}: {annotations.known(type(value).__name__, {})}\n")
            kind = type(value)
            if kind.__module__ != "builtins":
                annotations.imports.add(f"from {kind.__module__} import {kind.__name__}")
    lines = ["import builtins", *sorted({*imports, *annotations.imports}), "", *functions]
    return HEAD + "\n".join(lines).rstrip() + "\n"


# Packages whose stubs are nothing but the names that they import late.
LATE_PACKAGES = (
    "flambeau.distributions",
    "flambeau.distributions.transforms",
    "flambeau.inspect",
    "flambeau.nn",
    "flambeau.nn.functional",
    "flambeau.nn.utils",
    "flambeau.optim",
    "flambeau.optim.transform",
    "flambeau.random",
    "flambeau.sklearn",
    "flambeau.testing",
)


def stub_of(package: str) -> Path:
    """Where the stub of a package lies."""
    return PACKAGE.joinpath(*package.split(".")[1:], "__init__.pyi")


STUBS: dict[Path, Callable[[], str]] = {
    PACKAGE_STUB: package_stub,
    TENSOR_STUB: tensor_stub,
    **{stub_of(package): partial(late_stub, package) for package in LATE_PACKAGES},
}


def main() -> None:
    """Write all stubs."""
    for path, text in STUBS.items():
        path.write_text(text(), encoding="utf-8")
