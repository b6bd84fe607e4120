"""Tuples of arrays in LLVM's language: by their place in memory from kernel to kernel, by their values inside one.

Numba hands an array to another kernel as seven words or more, a tuple of forty as 300: each caller takes the tuple
apart and each kernel puts it together. And it gives an array a place on the stack for each element that is read,
writes it there and reads its shape back. That was three quarters of what LLVM had to read. Here

- a tuple or an array is handed on as the address where it is; a kernel reads of it what it uses, once, before
  anything else (so no loop reads it again), and hands a part of it on as that part's address;
- a structure (array, range, pair) is kept as its values, and gets a place where one is needed: where its address
  is asked for, or where it is changed in a branch.

Nothing is changed of what a kernel computes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from llvmlite import ir
from llvmlite.ir.instructions import (
    CastInstr,
    ExtractValue,
    GEPInstr,
    ICMPInstr,
    InsertValue,
    LoadInstr,
    PhiInstr,
    SelectInstr,
)
from numba.core import cgutils, lowering, types
from numba.core.datamodel import models
from numba.core.datamodel.registry import default_manager
from numba.core.registry import cpu_target

MOST_WORDS = 6
"""How many words a tuple of numbers is handed on as it is."""
INDEX, BYTE, SIZE = ir.IntType(32), ir.IntType(8).as_pointer(), ir.IntType(64)
WITHOUT_EFFECT = (InsertValue, ExtractValue, LoadInstr, GEPInstr, CastInstr, SelectInstr, ICMPInstr)
"""Instructions that nobody misses if nobody uses what they give."""
REPLACED = (
    (lowering, "IRBuilder"),
    (cgutils, "_StructProxy"),
    *((cgutils.ValueStructProxy, name) for name in ("__init__", "_make_refs", "__getitem__", "__setitem__")),
    *((cgutils.ValueStructProxy, name) for name in ("_getpointer", "_getvalue", "_setvalue")),
    (default_manager, "_cache"),
)
"""What of Numba's own is replaced, or used, here."""


class Builder(ir.IRBuilder):  # type: ignore[misc]
    """The writer of a kernel's instructions, without those whose result is known."""

    def extract_value(self, agg: Any, idx: Any, name: str = "") -> Any:
        """Take a part out of ``agg``, or find it where it was put in."""
        for i in idx if isinstance(idx, (tuple, list)) else [idx]:
            agg = part_of(self, agg, i, name)
        return agg

    def mul(self, lhs: Any, rhs: Any, name: str = "", flags: Any = ()) -> Any:
        """Multiply, if not by one."""
        if is_number(lhs, 1):
            return rhs
        return lhs if is_number(rhs, 1) else super().mul(lhs, rhs, name, flags)

    def add(self, lhs: Any, rhs: Any, name: str = "", flags: Any = ()) -> Any:
        """Add, if not nothing."""
        if is_number(lhs, 0):
            return rhs
        return lhs if is_number(rhs, 0) else super().add(lhs, rhs, name, flags)


def is_number(value: Any, number: int) -> bool:
    """Whether a value is this integer."""
    return isinstance(value, ir.Constant) and isinstance(value.type, ir.IntType) and value.constant == number


def part_of(builder: Any, whole: Any, i: int, name: str = "") -> Any:
    """Part ``i`` of a structure: what was put there, what is at its place, or what an instruction gives."""
    link = whole
    while getattr(link, "parts", None) is None and isinstance(link, InsertValue) and len(link.indices) == 1:
        if link.indices[0] == i:
            return link.value
        link = link.aggregate
    parts = getattr(link, "parts", None)
    if parts is None:
        start = whole if isinstance(link, ir.Constant) else link
        return ir.IRBuilder.extract_value(builder, start, i, name)
    if i not in parts:
        with builder.goto_entry_block():
            parts[i] = read(builder, builder.gep(link.place, [INDEX(0), INDEX(i)], inbounds=True))
    return parts[i]


def read(builder: Any, place: Any) -> Any:
    """Read what is at a ``place`` that is written before the kernel begins, and by nobody then."""
    value = builder.load(place)
    if isinstance(value.type, (ir.LiteralStructType, ir.ArrayType)):
        value.place, value.parts = place, {}
    return value


def write(builder: Any, value: Any, place: Any) -> None:
    """Write a structure to a ``place``, part by part; what is in memory is copied."""
    if getattr(value, "parts", None) is not None:
        copy = builder.module.declare_intrinsic("llvm.memcpy", [BYTE, BYTE, SIZE])
        target, source = (builder.bitcast(each, BYTE) for each in (place, value.place))
        size = cpu_target.target_context.get_abi_sizeof(value.type)
        builder.call(copy, [target, source, SIZE(size), ir.IntType(1)(0)])
        return
    parts: dict[int, Any] = {}
    link = value
    while isinstance(link, InsertValue) and len(link.indices) == 1:
        parts.setdefault(link.indices[0], link.value)
        link = link.aggregate
    if not parts or not isinstance(link, ir.Constant):
        builder.store(value, place)
        return
    for i, part in parts.items():
        write(builder, part, builder.gep(place, [INDEX(0), INDEX(i)], inbounds=True))


def words(kind: Any) -> int:
    """How many words a value of LLVM's type ``kind`` is."""
    if isinstance(kind, ir.ArrayType):
        return int(kind.count) * words(kind.element)
    return sum(map(words, kind.elements)) if isinstance(kind, ir.LiteralStructType) else 1


class Placed(models.StructModel):
    """How Numba hands on a structure: by its place, if it is large."""

    def get_argument_type(self) -> Any:
        """LLVM's type of an argument."""
        return self.get_value_type().as_pointer() if self.is_large else super().get_argument_type()

    @cached_property
    def is_large(self) -> bool:
        """Whether its place is handed on."""
        return words(self.get_value_type()) > MOST_WORDS

    def as_argument(self, builder: Any, value: Any) -> Any:
        """Give a place to a value that has none, where it is handed on."""
        if not self.is_large:
            return super().as_argument(builder, value)
        if getattr(value, "parts", None) is not None:
            return value.place
        with builder.goto_entry_block():
            place = builder.alloca(value.type)
        write(builder, value, place)
        return place

    def from_argument(self, builder: Any, value: Any) -> Any:
        """Read an argument, at the beginning of a kernel."""
        if not self.is_large:
            return super().from_argument(builder, value)
        if isinstance(value, ir.Argument):  # that nobody writes there lets LLVM move what is read
            value.add_attribute("noalias")
            value.add_attribute("captures(none)")
        return read(builder, value)


class PlacedTuple(Placed, models.TupleModel):
    """Of a tuple."""


class PlacedArray(Placed, models.ArrayModel):
    """Of an array."""


class Fields:
    """A structure as its values, as long as that is enough: methods in the place of ``ValueStructProxy``'s.

    While ``_home`` is not None it has no place: ``_home`` is the block in which it was made, and may be changed.
    """

    def __init__(self: Any, context: Any, builder: Any, value: Any = None, ref: Any = None) -> None:
        if ref is not None or type(self)._make_refs is not cgutils.ValueStructProxy._make_refs:
            self._home = None
            _numbas_init(self, context, builder, value=value, ref=ref)
            return
        self._context, self._builder, self._home = context, builder, builder.block
        self._datamodel = context.data_model_manager[self._fe_type]
        self._be_type = self._get_be_type(self._datamodel)
        if value is not None and value.type != self._be_type:
            raise AssertionError(f"bad value type: expected {self._be_type}, got {value.type}")
        self._whole, self._parts, self._place = value, None, None
        if value is None:
            self._parts = [ir.Constant(kind, None) for kind in self._be_type.elements]

    @property
    def _value(self: Any) -> Any:
        if self._home is not None:
            with self._builder.goto_entry_block():
                place = self._builder.alloca(self._be_type)
            if self._builder.block is self._home:
                write(self._builder, self._getvalue(), place)
            else:  # every way to here leads through the block where it was made
                with self._builder.goto_block(self._home):
                    write(self._builder, self._getvalue(), place)
            self._place, self._home = place, None
        return self._place

    @_value.setter
    def _value(self: Any, place: Any) -> None:
        self._place = place

    @property
    def _outer_ref(self: Any) -> Any:
        return self.__dict__.get("_outer", None) or self._value

    @_outer_ref.setter
    def _outer_ref(self: Any, place: Any) -> None:
        self._outer = place

    def _getpointer(self: Any) -> Any:
        return self._outer_ref

    def __getitem__(self: Any, index: int) -> Any:
        if self._home is None:
            return _ON_THE_STACK.__getitem__(self, index)
        return part_of(self._builder, self._whole, index) if self._parts is None else self._parts[index]

    def __setitem__(self: Any, index: int, value: Any) -> None:
        fits = value.type == self._be_type.elements[index]
        if self._home is None or self._builder.block is not self._home or not fits:
            _ON_THE_STACK.__setitem__(self, index, value)
            return
        if self._parts is None:
            count = len(self._be_type.elements)
            self._parts = [part_of(self._builder, self._whole, i) for i in range(count)]
        self._parts[index], self._whole = value, None

    def _getvalue(self: Any) -> Any:
        if self._home is None:
            return self._builder.load(self._outer_ref)
        if self._whole is not None:
            return self._whole
        whole: Any = ir.Constant(self._be_type, ir.Undefined)
        for i, part in enumerate(self._parts):
            whole = self._builder.insert_value(whole, part, i)
        if self._builder.block is self._home:  # put together in a branch it would be unknown behind it
            self._whole = whole
        return whole

    def _setvalue(self: Any, value: Any) -> None:
        if self._home is not None and self._builder.block is self._home:
            self._whole, self._parts = value, None
        else:
            _ON_THE_STACK._setvalue(self, value)


_ON_THE_STACK: Any = cgutils._StructProxy
_numbas_init = cgutils.ValueStructProxy.__init__


class Arrays:
    """The classes of arrays' structures: Numba's own ones have a place, from which they read the shape."""

    def __init__(self, numbas: Any) -> None:
        self._numbas, self._made = numbas, dict[Any, Any]()

    def make(self, array_type: Any) -> Any:
        """Make the class for arrays of this type."""
        if array_type not in self._made:
            if type(array_type) is types.Array:
                made = type("ArrayFields", (cgutils.create_struct_proxy(array_type),), {})
            else:
                made = self._numbas(array_type)
            self._made[array_type] = made
        return self._made[array_type]


def remove_unused(function: Any) -> None:
    """Remove the instructions whose results nobody uses: what was put together and never looked at."""
    uses: dict[int, int] = {}
    instructions = [each for block in function.blocks for each in block.instructions]
    for operand in (operand for each in instructions for operand in operands_of(each)):
        uses[id(operand)] = uses.get(id(operand), 0) + 1
    unused = [each for each in instructions if isinstance(each, WITHOUT_EFFECT) and not uses.get(id(each))]
    gone = set()
    while unused:
        instruction = unused.pop()
        gone.add(id(instruction))
        for operand in operands_of(instruction):
            uses[id(operand)] -= 1
            if not uses[id(operand)] and isinstance(operand, WITHOUT_EFFECT):
                unused.append(operand)
    for block in function.blocks:
        block.instructions = [each for each in block.instructions if id(each) not in gone]


def operands_of(instruction: Any) -> list[Any]:
    """What an instruction uses."""
    if isinstance(instruction, PhiInstr):
        return [value for value, _ in instruction.incomings]
    return list(instruction.operands)


def replace_structures(*, by_place: bool) -> None:
    """Have this process, from now on, write structures in this way, and hand them on ``by_place`` if asked."""
    import numba.np.arrayobj as arrays  # .05 s that a process spares that finds its machine code on disk

    setattr(lowering, "IRBuilder", Builder)  # noqa: B010
    if by_place:
        for kind in (types.NamedTuple, types.Tuple):
            default_manager.register(kind, PlacedTuple)
        default_manager.register(types.Array, PlacedArray)
        default_manager._cache.clear()
    for name, method in vars(Fields).items():
        if name not in ("__dict__", "__weakref__", "__doc__", "__module__"):
            setattr(cgutils.ValueStructProxy, name, method)
    arrays.make_array = Arrays(arrays.make_array).make
