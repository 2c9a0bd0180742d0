"""What the package offers is documented."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import flambeau
from tests.architecture.sources import project_settings


def public_modules() -> Iterator[ModuleType]:
    """The package and every module below it that has a public path and a list of public names."""
    yield flambeau
    for found in pkgutil.walk_packages(flambeau.__path__, "flambeau."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            module = importlib.import_module(found.name)
            if hasattr(module, "__all__"):
                yield module


def public_names(module: ModuleType) -> list[str]:
    """The names a module lists, or where it lists none, those without a leading underscore."""
    named = [name for name in vars(module) if not name.startswith("_")]
    return list(getattr(module, "__all__", named))


def public_members(owner: type) -> Iterator[tuple[str, object]]:
    """The methods and properties that a class itself defines for its users."""
    for name, member in vars(owner).items():
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property)):
            yield name, getattr(owner, name)


def undocumented(module: ModuleType) -> Iterator[str]:
    """The public names of a module, and of its classes, that say nothing about themselves.

    A method that overrides a documented one says enough. Values such as dtypes are not asked.
    """
    for name in public_names(module):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            continue
        if not (inspect.isclass(value) or callable(value)):
            continue
        if not getattr(value, "__module__", "").startswith("flambeau"):
            continue
        if not inspect.getdoc(value):
            yield f"{module.__name__}.{name}"
        if inspect.isclass(value):
            for member_name, member in public_members(value):
                if not inspect.getdoc(member):
                    yield f"{module.__name__}.{name}.{member_name}"


def example_function() -> None: ...


class ExampleClass:
    """A documented class with a method that is not."""

    def method(self) -> None: ...

    @property
    def documented(self) -> int:
        """A documented property."""
        return 1


def test_missing_docstrings_are_seen() -> None:
    module = ModuleType("flambeau_example", "A documented module.")
    for value in (example_function, ExampleClass):
        value.__module__ = "flambeau_example"
        setattr(module, value.__name__, value)
    module.__dict__["__all__"] = ["example_function", "ExampleClass"]
    assert list(undocumented(module)) == [
        "flambeau_example.example_function",
        "flambeau_example.ExampleClass.method",
    ]


def test_public_names_exist() -> None:
    assert {"Tensor", "tensor"} <= set(public_names(flambeau))
    missing = [
        f"{module.__name__}.{name}"
        for module in public_modules()
        for name in public_names(module)
        if not hasattr(module, name)
    ]
    assert missing == []


def test_public_names_are_documented() -> None:
    found = sorted({name for module in public_modules() for name in undocumented(module)})
    assert found == [], "\n".join(["without a docstring:", *found])


def test_modules_are_documented() -> None:
    found = sorted({module.__name__ for module in public_modules() if not module.__doc__})
    assert found == []


def test_version_is_that_of_the_metadata() -> None:
    assert flambeau.__version__ == project_settings()["project"]["version"]
