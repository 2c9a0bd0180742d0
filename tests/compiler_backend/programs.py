"""Small native programs that several tests run."""

from flambeau.compiler.llvm import Module
from flambeau.compiler.run import Array, Int, Signature, define_entry


def counting(release_gil=False, target=None):
    """``count(x, n)`` adds 1 to each of the first n elements, an element for each chunk."""
    module = Module(target)
    with module.function("one", [("ptr", "x"), ("i64", "i")], internal=True) as f:
        place = f.offset("%x", f.value("%i", "int64"), "int64")
        f.store(f.load(place, "int64") + 1, place)
    with module.function("count", ["x", ("i64", "n")]) as f:
        f.parallel_for("one", "%x", f.value("%n", "int64"))
    signature = Signature([Array("int64", (None,), writable=True), Int()], release_gil=release_gil)
    return module, define_entry(module, "count", "count", signature), signature
