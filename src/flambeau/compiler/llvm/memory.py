"""Loads and stores: whole vectors, masked tails, gathers and scatters, horizontal reductions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.types import (
    BYTES,
    ELEMENT,
    STORED,
    SUFFIX,
    literal,
    suffix,
    vector_type,
)
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.llvm.writer import Writer

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# The names of horizontal reductions in LLVM; the ordered ones also say whether there is a sign.
_SHORT = {
    "add": "add", "mul": "mul", "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor",
}  # fmt: skip
_SHORT_ORDERED = {"minimum": "min", "maximum": "max"}

Mask = int | Value | None  # the first so many lanes; a vector of bools; all lanes


class Memory(Writer):
    """The part of a function's writer that reads and writes memory."""

    scalar: VectorBuilder

    # --- addresses --------------------------------------------------------------------------

    def offset(self, pointer: str, index: int | Value, dtype: str) -> str:
        """The address of element ``index`` of an array of ``dtype``."""
        if isinstance(index, int):
            if index == 0:
                return pointer
            return self.emit(f"getelementptr i8, ptr {pointer}, i64 {index * BYTES[dtype]}")
        return self.addresses(pointer, index, dtype)

    def addresses(self, pointer: str, index: Value, dtype: str) -> str:
        """The addresses of the elements with the indices (a vector of int64 or int32)."""
        return self.emit(f"getelementptr {STORED[dtype]}, ptr {pointer}, {index.type} {index.name}")

    def allocate(self, dtype: str, count: int, align: int = 64) -> str:
        """Memory on the stack for the call; call it in the entry block."""
        return self.emit(f"alloca [{count} x {STORED[dtype]}], align {align}")

    # --- vectors ----------------------------------------------------------------------------

    def load(
        self, pointer: str, dtype: str, lanes: int = 1, mask: Mask = None, align: int | None = None,
        fill: int = 0,
    ) -> Value:  # fmt: skip
        """Reads consecutive elements; those outside the mask are not touched but are ``fill``."""
        stored = vector_type(STORED[dtype], lanes)
        others = "zeroinitializer"
        if fill and dtype != "bool":
            others = f"splat ({STORED[dtype]} {literal(fill, dtype)})"
        align = align or BYTES[dtype]
        if mask is None or (mask.__class__ is int and mask == lanes):
            name = self.emit(f"load {stored}, ptr {pointer}, align {align}")
        elif mask.__class__ is int and mask == 1:
            one = self.emit(f"load {STORED[dtype]}, ptr {pointer}, align {align}")
            name = self.emit(f"insertelement {stored} {others}, {STORED[dtype]} {one}, i64 0")
        else:
            intrinsic = f"llvm.masked.load.{suffix(STORED[dtype], lanes)}.p0"
            condition = self._mask(mask, lanes)
            self.module.declare(intrinsic, f"{stored} @{intrinsic}(ptr, <{lanes} x i1>, {stored})")
            name = self.emit(
                f"call {stored} @{intrinsic}(ptr align {align} {pointer}, <{lanes} x i1> "
                f"{condition}, {stored} {others})"
            )
        return self._loaded(name, dtype, lanes)

    def store(
        self, x: Value, pointer: str, mask: Mask = None, align: int | None = None, lanes: int = 0
    ) -> None:
        """Writes consecutive elements; memory outside the mask is not touched.

        Args:
            x: what to write.
            pointer: where to.
            mask: which lanes.
            align: what the address is a multiple of, in bytes.
            lanes: how often to repeat a value of one lane.
        """
        lanes = lanes or x.lanes
        stored, name = self._to_store(x, lanes)
        align = align or BYTES[x.dtype]
        if mask is None or (mask.__class__ is int and mask == lanes):
            self.line(f"store {stored} {name}, ptr {pointer}, align {align}")
            return
        if mask.__class__ is int and mask == 1:
            # LLVM makes one lane a scalar store by itself, but of a narrowed vector the wide lane.
            first = self.emit(f"extractelement {stored} {name}, i64 0")
            self.line(f"store {STORED[x.dtype]} {first}, ptr {pointer}, align {align}")
            return
        intrinsic = f"llvm.masked.store.{suffix(STORED[x.dtype], lanes)}.p0"
        condition = self._mask(mask, lanes)
        self.module.declare(intrinsic, f"void @{intrinsic}({stored}, ptr, <{lanes} x i1>)")
        self.line(
            f"call void @{intrinsic}({stored} {name}, ptr align {align} {pointer}, "
            f"<{lanes} x i1> {condition})"
        )

    def gather(self, pointer: str, index: Value, dtype: str, mask: Mask = None) -> Value:
        """Reads the elements with the indices; those outside the mask read as zero."""
        lanes = index.lanes
        if lanes == 1:
            return self.load(self.offset(pointer, index, dtype), dtype)
        where = self.addresses(pointer, index, dtype)
        stored = vector_type(STORED[dtype], lanes)
        intrinsic = f"llvm.masked.gather.{suffix(STORED[dtype], lanes)}.v{lanes}p0"
        self.module.declare(
            intrinsic, f"{stored} @{intrinsic}(<{lanes} x ptr>, <{lanes} x i1>, {stored})"
        )
        name = self.emit(
            f"call {stored} @{intrinsic}(<{lanes} x ptr> align {BYTES[dtype]} {where}, "
            f"<{lanes} x i1> {self._mask(mask, lanes)}, {stored} zeroinitializer)"
        )
        return self._loaded(name, dtype, lanes)

    def scatter(self, x: Value, pointer: str, index: Value, mask: Mask = None) -> None:
        """Writes the elements with the indices; of equal indices the last lane wins."""
        lanes = index.lanes
        if lanes == 1:
            self.store(x, self.offset(pointer, index, x.dtype))
            return
        where = self.addresses(pointer, index, x.dtype)
        stored, name = self._to_store(x, lanes)
        intrinsic = f"llvm.masked.scatter.{suffix(STORED[x.dtype], lanes)}.v{lanes}p0"
        self.module.declare(
            intrinsic, f"void @{intrinsic}({stored}, <{lanes} x ptr>, <{lanes} x i1>)"
        )
        self.line(
            f"call void @{intrinsic}({stored} {name}, <{lanes} x ptr> align {BYTES[x.dtype]} "
            f"{where}, <{lanes} x i1> {self._mask(mask, lanes)})"
        )

    def prefetch(self, pointer: str, write: bool = False) -> None:
        """Asks for a cache line that will be needed."""
        self.module.declare("llvm.prefetch.p0", "void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        self.line(f"call void @llvm.prefetch.p0(ptr {pointer}, i32 {int(write)}, i32 3, i32 1)")

    def _mask(self, mask: Mask, lanes: int) -> str:
        if mask is None:
            return "splat (i1 true)"
        if isinstance(mask, int):
            return "<" + ", ".join(f"i1 {int(k < mask)}" for k in range(lanes)) + ">"
        return self.scalar.operand(mask, lanes)

    def _loaded(self, name: str, dtype: str, lanes: int) -> Value:
        if dtype == "bool":
            kind = vector_type("i8", lanes)
            name = self.emit(f"icmp ne {kind} {name}, zeroinitializer" if lanes > 1
                             else f"icmp ne i8 {name}, 0")  # fmt: skip
        return Value(self.scalar, name, dtype, lanes)

    def _to_store(self, x: Value, lanes: int) -> tuple[str, str]:
        name = self.scalar.operand(x, lanes)
        stored = vector_type(STORED[x.dtype], lanes)
        if x.dtype == "bool":
            name = self.emit(f"zext {vector_type('i1', lanes)} {name} to {stored}")
        return stored, name

    # --- lanes --------------------------------------------------------------------------------

    def lane_indices(self, lanes: int, dtype: str = "int64") -> Value:
        """0, 1, 2... one for each lane."""
        element = ELEMENT[dtype]
        if lanes == 1:
            return self.scalar.constant(0, dtype)
        items = ", ".join(f"{element} {k}" for k in range(lanes))
        return Value(self.scalar, f"<{items}>", dtype, lanes)

    def tail_mask(self, remaining: Value, lanes: int) -> Value:
        """Which lanes hold one of the ``remaining`` elements."""
        return self.lane_indices(lanes, remaining.dtype) < remaining

    def shuffle(self, x: Value, order: Sequence[int]) -> Value:
        """The lanes named by ``order``."""
        items = ", ".join(f"i32 {k}" for k in order)
        name = self.emit(
            f"shufflevector {x.type} {x.name}, {x.type} poison, <{len(order)} x i32> <{items}>"
        )
        return Value(self.scalar, name, x.dtype, len(order))

    def lane(self, x: Value, index: int | Value) -> Value:
        """One lane of a vector."""
        if x.lanes == 1:
            return x
        position = index if isinstance(index, int) else index.name
        name = self.emit(f"extractelement {x.type} {x.name}, i64 {position}")
        return Value(self.scalar, name, x.dtype, 1)

    def with_lane(self, x: Value, index: int | Value, element: Value) -> Value:
        """The vector with one lane replaced."""
        if x.lanes == 1:
            return element
        position = index if isinstance(index, int) else index.name
        name = self.emit(
            f"insertelement {x.type} {x.name}, {element.type} {element.name}, i64 {position}"
        )
        return Value(self.scalar, name, x.dtype, x.lanes)

    def reduce(self, operation: str, x: Value) -> Value:
        """Combines all lanes into one.

        Args:
            operation: ``add``, ``mul``, ``minimum``, ``maximum`` (NaN if any is), ``bitwise_and``
                (all), ``bitwise_or`` (any) or ``bitwise_xor``.
            x: a vector; the order of combination depends on its number of lanes only.
        """
        if x.lanes == 1:
            return x
        if operation in ("add", "mul") and x.dtype in ("float32", "float64"):
            return self._reduce_floating(operation, x)
        if operation in ("minimum", "maximum") and x.dtype in ("float32", "float64"):
            return self._reduce_by_halves(operation, x)
        if x.dtype == "bool":
            operation = {"add": "bitwise_or", "mul": "bitwise_and", "maximum": "bitwise_or",
                         "minimum": "bitwise_and"}.get(operation, operation)  # fmt: skip
        sign = "u" if x.dtype.startswith("u") else "s"
        short = _SHORT.get(operation) or sign + _SHORT_ORDERED[operation]
        element = ELEMENT[x.dtype]
        intrinsic = f"llvm.vector.reduce.{short}.v{x.lanes}{SUFFIX[element]}"
        self.module.declare(intrinsic, f"{element} @{intrinsic}({x.type})")
        name = self.emit(f"call {element} @{intrinsic}({x.type} {x.name})")
        return Value(self.scalar, name, x.dtype, 1)

    def _reduce_floating(self, operation: str, x: Value) -> Value:
        element = ELEMENT[x.dtype]
        start = "-0.0" if operation == "add" else "1.0"
        intrinsic = f"llvm.vector.reduce.f{operation}.v{x.lanes}{SUFFIX[element]}"
        self.module.declare(intrinsic, f"{element} @{intrinsic}({element}, {x.type})")
        # Without `reassoc` the lanes would be added one after another.
        name = self.emit(
            f"call reassoc {element} @{intrinsic}({element} {start}, {x.type} {x.name})"
        )
        return Value(self.scalar, name, x.dtype, 1)

    def _reduce_by_halves(self, operation: str, x: Value) -> Value:
        while x.lanes > 1:
            half = x.lanes // 2
            if half == 1:
                low, high = self.lane(x, 0), self.lane(x, 1)
            else:
                low = self.shuffle(x, range(half))
                high = self.shuffle(x, range(half, 2 * half))
            x = self.scalar.binary(operation, low, high)
        return x
