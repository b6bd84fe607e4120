"""Machine code for what Python calls, and for nothing else.

Numba emits the machine code of every kernel by itself, although only another kernel calls it, of which its code
then is a part, and so on up to the function that Python calls. A process that only compiles, and puts those
functions on disk, needs no other's: the innermost kernels were emitted a dozen times for nobody. Results are the
same to the bit, but for kernels that may reorder sums (the collocation path's). The code is not quite: LLVM, on
emitting a part, changes it for that purpose, and Numba then goes on with the changed one.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target


class Part(JITCodeLibrary):
    """The code of one function: optimised, and emitted if it is not only a part of another's."""

    is_part = False

    def add_linking_library(self, library: Any) -> None:
        """Make ``library``, which this function calls, a part of it."""
        if not library._finalized:
            library.is_part = True
        super().add_linking_library(library)

    def get_pointer_to_function(self, name: str) -> int:
        """Return the address of ``name``; 0 where it is not defined: what only kernels call has no wrapper."""
        if self.is_part or all(function.name != name for function in self.get_defined_functions()):
            return 0
        address: int = super().get_pointer_to_function(name)
        return address

    def _finalize_final_module(self) -> None:
        if not self.is_part:
            super()._finalize_final_module()
            return
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


def emit_entries_only() -> None:
    """Have this process, from now on, compile in this way."""
    generator: Any = cpu_target.target_context.codegen()
    numbas = generator.set_env

    def set_environment(name: str, environment: Any) -> None:
        # What is not emitted has no address to write to; code that comes from disk has none there either.
        if generator._engine.is_symbol_defined(name):
            numbas(name, environment)

    generator._library_class, generator.set_env = Part, set_environment


# What of Numba the class above takes the place of; were one of these names another, nothing would be left out.
_REPLACED = [getattr(JITCodeLibrary, name) for name in ("add_linking_library", "_finalize_final_module")]
