"""Variables of kernels that need no place on the stack, and those whose arrays need no counting.

Numba gives every variable that is used in two blocks a place on the stack. A variable that is assigned once, in a
block through which every way to its uses leads, needs none. Where Numba counts who uses an array (in kernels that
make some) a variable is given back where it is used last, which may be twice on one way: then it finds its place
empty. So there it needs none only

- if it holds no array;
- if it is an argument, or a part of a tuple that is: the caller has it as long as the kernel runs, and nobody
  counts;
- if on every way it is given back once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from numba.core import ir, types
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.lowering import Lower

REPLACED = tuple((Lower, name) for name in ("_find_singly_assigned_variable", "lower_assign", "delvar"))
"""What of Numba's own is replaced here."""
PARTS = ("getattr", "static_getitem", "exhaust_iter")
"""The expressions that take a tuple's part, or the tuple itself."""


def find_values(blocks: dict[int, Any]) -> set[str]:
    """The variables assigned once, in a block that dominates all others that use them, and before these.

    Parameters
    ----------
    blocks : dict of int to numba.core.ir.Block
        In the order of these numbers they are written.
    """
    assigned: dict[str, int] = {}
    used, others = defaultdict(set), set()
    for offset, block in sorted(blocks.items()):
        for statement in block.body:
            target = statement.target.name if isinstance(statement, ir.Assign) else None
            for name in names_read(statement):
                used[name].add(offset)
                if name not in assigned:
                    others.add(name)
            if target in assigned:
                others.add(target)
            elif target is not None:
                assigned[target] = offset
    dominators = compute_cfg_from_blocks(blocks).dominators()
    return {
        name
        for name, place in assigned.items()
        if name not in others and all(place in dominators[offset] for offset in used[name])
    }


def names_read(statement: Any) -> list[str]:
    """The variables that a statement reads, or deletes."""
    if isinstance(statement, ir.Del):
        return [statement.value]
    if not isinstance(statement, ir.Assign):
        return [variable.name for variable in statement.list_vars()]
    if isinstance(statement.value, ir.Var):
        return [statement.value.name]
    expression = statement.value if isinstance(statement.value, ir.Expr) else None
    return [variable.name for variable in expression.list_vars()] if expression else []


def find_borrowed(blocks: dict[int, Any], values: set[str], type_of: Any) -> set[str]:
    """Those of the ``values`` that are arguments, or parts of tuples that are; ``type_of`` a name is its type."""
    borrowed: set[str] = set()
    for _, block in sorted(blocks.items()):
        for statement in block.body:
            if not isinstance(statement, ir.Assign) or statement.target.name not in values:
                continue
            target = statement.target.name
            value: Any = statement.value
            if isinstance(value, ir.Arg):
                same = type_of("arg." + value.name) == type_of(target)
            elif isinstance(value, ir.Var):
                same = value.name in borrowed and type_of(value.name) == type_of(target)
            else:
                part = isinstance(value, ir.Expr) and value.op in PARTS and value.value.name in borrowed
                same = part and isinstance(type_of(value.value.name), types.BaseTuple)
            if same:
                borrowed.add(target)
    return borrowed


def find_given_back_once(blocks: dict[int, Any], values: set[str]) -> set[str]:
    """Those of the ``values`` that on every way are given back once, before they are assigned again."""
    graph, failing = compute_cfg_from_blocks(blocks), set[str]()
    held: dict[int, set[str]] = defaultdict(set)
    gone: dict[int, set[str]] = defaultdict(set)
    waiting, seen = [graph.entry_point()], set()
    while waiting:
        offset = waiting.pop()
        seen.add(offset)
        holding, without = set(held[offset]), set(gone[offset])
        for statement in blocks[offset].body:
            if isinstance(statement, ir.Assign) and statement.target.name in values:
                name, before, after = statement.target.name, without, holding
            elif isinstance(statement, ir.Del) and statement.value in values:
                name, before, after = statement.value, holding, without
            else:
                continue
            if name in after:
                failing.add(name)
            before.discard(name)
            after.add(name)
        for following, _ in graph.successors(offset):
            if following not in seen or not (holding <= held[following] and without <= gone[following]):
                held[following] |= holding
                gone[following] |= without
                waiting.append(following)
    return values - failing


def find_variables(lower: Any) -> None:
    """Find the variables of a kernel that need no place, and of these the ones that nobody counts."""
    _numbas_find_variables(lower)
    lower.borrowed = set()
    if lower.func_ir.func_id.is_generator:
        return
    blocks = lower.func_ir.blocks
    values = find_values(blocks)
    if lower.context.enable_nrt:
        models = lower.context.data_model_manager
        lower.borrowed = find_borrowed(blocks, values, lower.typeof)
        counted = {each for each in values if models[lower.typeof(each)].contains_nrt_meminfo()}
        owned = counted - lower.borrowed
        values -= owned - find_given_back_once(blocks, owned)
    lower._singly_assigned_vars |= values


def lower_assign(lower: Any, kind: Any, statement: Any) -> Any:
    """Write an assignment; of what is borrowed nobody counts the use."""
    if statement.target.name not in lower.borrowed:
        return _numbas_assign(lower, kind, statement)
    lower.context.enable_nrt = False
    try:
        return _numbas_assign(lower, kind, statement)
    finally:
        lower.context.enable_nrt = True


def give_back(lower: Any, name: str) -> None:
    """Write that a variable is used no more."""
    if name not in lower.borrowed:
        _numbas_give_back(lower, name)


_lower: Any = Lower
_numbas_find_variables = _lower._find_singly_assigned_variable
_numbas_assign, _numbas_give_back = _lower.lower_assign, _lower.delvar


def replace_variables() -> None:
    """Have this process, from now on, place and count variables in this way."""
    _lower._find_singly_assigned_variable = find_variables
    _lower.lower_assign, _lower.delvar = lower_assign, give_back
