"""Machine code for what Python calls, made once: how a process that only compiles does better than Numba.

Numba optimises every kernel together with all that it calls, and emits it, although only another kernel calls it,
which is then optimised with all that *it* calls, and so on up to the function that Python calls. Here kernels stay
as they were written until that function takes them in: each is optimised and emitted once per entry.

LLVM has to read a third of what Numba would write: tuples are handed on by their place, structures need none
(:mod:`pipeline.flow.kernel_structures`), nor do most variables (:mod:`pipeline.flow.kernel_variables`).

Results are the same to the bit, but for kernels that may reorder sums or fuse a product with a sum.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Any

import llvmlite.binding
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target

from pipeline.flow import kernel_structures, kernel_variables

YOUNG_OBJECTS = 100_000
"""How many objects are made until Python looks for circles among them: with its 700 that took a tenth of all."""
REPLACED = (
    (JITCodeLibrary, "_get_module_for_linking"),
    (JITCodeLibrary, "_optimize_functions"),
    (JITCodeLibrary, "_optimize_final_module"),
    (JITCodeLibrary, "add_ir_module"),
    *kernel_structures.REPLACED,
    *kernel_variables.REPLACED,
)
"""What of Numba's own is replaced here: were one of these names another, Numba would compile as it does."""
LEVELS = ("NUMBA_OPT", "NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE")
"""The environment variables that say how well Numba optimises."""


def compile_in_child(arguments: tuple[str, ...], levels: dict[str, str]) -> bool:
    """Have ``python -m`` with these arguments compile; whether it could.

    With these :data:`LEVELS`, Numba's own where there are none: what stays on disk for everybody must not depend
    on those of the process that asked first. Tests, which compile much and run it once, have low ones.
    """
    environment = {name: value for name, value in os.environ.items() if name not in LEVELS} | levels
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode == 0


class Part(JITCodeLibrary):
    """The code of one function: kept as it is until it is known whether Python calls it."""

    level: int | None = None
    """LLVM's for the whole of an entry, whose functions are then optimised one by one before, at Numba's level."""

    def add_ir_module(self, module: Any) -> None:
        """Take in what was written of this function."""
        for function in getattr(module, "functions", []):
            kernel_structures.remove_unused(function)
        super().add_ir_module(module)

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


def emit_entries_only(level: int | None = None) -> None:
    """Have this process, from now on, compile in this way; ``level``: of :class:`Part`."""
    if not all(hasattr(kind, name) for kind, name in REPLACED):
        return
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 50, 100)
    generator: Any = cpu_target.target_context.codegen()
    numbas_environment = generator.set_env

    def set_environment(name: str, environment: Any) -> None:
        # What is not emitted has no address to write to. Of what comes from disk the engine knows no such name.
        engine = generator._engine
        if engine.is_symbol_defined(name) or engine.get_global_value_address(name):
            numbas_environment(name, environment)

    Part.level = level
    generator._library_class, generator.set_env = Part, set_environment
    # Not by their place where functions are optimised one by one: 1,000 neurons took 9 % longer.
    kernel_structures.replace_structures(by_place=level is None)
    kernel_variables.replace_variables()
