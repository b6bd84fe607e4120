"""Machine code for what Python calls, made once: how a process that only compiles does better than Numba.

Numba optimises every kernel together with all that it calls, and emits it, although only another kernel calls it,
which is then optimised with all that *it* calls, and so on up to the function that Python calls. Here kernels stay
as they were written until that function takes them in: each is optimised and emitted once per entry.

Numba also gives every variable that is used in two blocks a place on the stack. For named tuples of thirty arrays,
of seven words each, three quarters of LLVM's time went into taking these places apart again. A variable that is
assigned once, in a block through which every way to its uses leads, needs none (:func:`find_values`).

Results are the same to the bit, but for kernels that may reorder sums or fuse a product with a sum.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from typing import Any

import llvmlite.binding
from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.codegen import JITCodeLibrary
from numba.core.lowering import Lower
from numba.core.registry import cpu_target

YOUNG_OBJECTS = 100_000
"""How many objects are made until Python looks for circles among them: with its 700 that took a tenth of all."""
REPLACED = (
    (JITCodeLibrary, "_get_module_for_linking"),
    (JITCodeLibrary, "_optimize_functions"),
    (JITCodeLibrary, "_optimize_final_module"),
    (Lower, "_find_singly_assigned_variable"),
)
"""What of Numba's own is replaced here: were one of these names another, Numba would compile as it does."""


class Part(JITCodeLibrary):
    """The code of one function: kept as it is until it is known whether Python calls it."""

    level: int | None = None
    """LLVM's for the whole of an entry, whose functions are then optimised one by one before, at Numba's level."""

    def add_linking_library(self, library: Any) -> None:
        """Note that this function calls ``library``'s."""
        self._linking_libraries.append(library)

    def get_pointer_to_function(self, name: str) -> int:
        """Return the address of ``name``; 0 where it is not defined: what only kernels call has no wrapper."""
        # What comes from disk has its names where it was loaded.
        if not self._finalized and all(function.name != name for function in self.get_defined_functions()):
            return 0
        address: int = super().get_pointer_to_function(name)
        return address

    def finalize(self) -> None:
        """Take in all that this function calls, optimise it, and emit it."""
        self._linking_libraries = callees(self)
        super().finalize()

    def _get_module_for_linking(self) -> Any:
        if self._finalized:
            return super()._get_module_for_linking()
        for function in self.get_defined_functions():
            if function.linkage == llvmlite.binding.Linkage.external:
                function.linkage = "linkonce_odr"
        return self._final_module

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        level = {} if self.level is None else {"opt": self.level}
        if level:
            super()._optimize_functions(self._final_module)
        passes, builder = self._codegen._module_pass_manager(**level)
        passes.run(self._final_module, builder)


def callees(library: Any) -> list[Any]:
    """All libraries that ``library`` needs, each once."""
    found: dict[Any, None] = {}
    waiting = list(library._linking_libraries)
    while waiting:
        callee = waiting.pop()
        if callee not in found:
            found[callee] = None
            waiting += callee._linking_libraries
    return list(found)


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


def emit_entries_only(level: int | None = None) -> None:
    """Have this process, from now on, compile in this way; ``level``: of :class:`Part`."""
    if not all(hasattr(kind, name) for kind, name in REPLACED):
        return
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 50, 100)
    generator: Any = cpu_target.target_context.codegen()
    lowering: Any = Lower
    numbas_environment, numbas_values = generator.set_env, lowering._find_singly_assigned_variable

    def set_environment(name: str, environment: Any) -> None:
        # What is not emitted has no address to write to. Of what comes from disk the engine knows no such name.
        engine = generator._engine
        if engine.is_symbol_defined(name) or engine.get_global_value_address(name):
            numbas_environment(name, environment)

    def find_variables(lower: Any) -> None:
        numbas_values(lower)
        # Where uses are counted, a variable may be given back twice: its place is empty the second time.
        if not (lower.context.enable_nrt or lower.func_ir.func_id.is_generator):
            lower._singly_assigned_vars |= find_values(lower.func_ir.blocks)

    Part.level = level
    generator._library_class, generator.set_env = Part, set_environment
    lowering._find_singly_assigned_variable = find_variables
