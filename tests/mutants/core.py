"""Which modules are mutated, and which tests must notice."""

from __future__ import annotations

from typing import NamedTuple

EXACT = "tests/pipeline/flow/exact"
INTERPRETED = ("-p", "tests.mutants.interpreted", "-W", "ignore::RuntimeWarning")
"""Machine code wraps and divides in silence where Python's numbers warn."""
STORING = tuple(f"tests/catalog/test_{name}.py" for name in ("publication", "interrupted", "garbage_collection"))


class Module(NamedTuple):
    """A module and the words with which pytest is called: test files, and what chooses among their tests."""

    path: str
    tests: tuple[str, ...]

    @property
    def interpreted(self) -> bool:
        """Whether its tests run without numba's compiler."""
        return self.path.startswith("pipeline/flow/exact/")


def kernel(name: str, *tests: str, chosen: str = "") -> Module:
    """A module of the exact solver by its folder and name, and its tests: of the same name if none are given."""
    folder, _, leaf = name.rpartition("/")
    files = (f"{EXACT}/{folder}/test_{test}.py" for test in tests or (leaf,))
    return Module(f"pipeline/flow/exact/{name}.py", (*INTERPRETED, *files, *(("-k", chosen) if chosen else ())))


CORE = (
    Module("catalog/manifest.py", ("tests/catalog/test_manifest.py",)),
    Module("catalog/encoding.py", ("tests/catalog/test_encoding.py", "tests/catalog/test_streaming.py")),
    Module("catalog/publication.py", ("tests/catalog/test_publication.py",)),
    Module("catalog/verification.py", ("tests/catalog/test_verification.py",)),
    Module("catalog/cell_cache.py", ("tests/catalog/test_cell_cache.py",)),
    Module("catalog/storage/local.py", ("tests/catalog/storage/test_local.py", *STORING)),
    Module("catalog/storage/atomic.py", STORING),
    kernel("propagation/boost"),
    kernel("propagation/bernstein"),
    kernel("events/sliding"),
    kernel("network/activation"),
    kernel("corrector/modes"),
    kernel("corrector/residual"),
    kernel("network/groups"),
    kernel("network/partition", "groups"),
    kernel("network/spans", "groups"),
    kernel("network/rows", "rows", "groups"),
    kernel("events/pattern_force", "pattern_force", "neuron_path", chosen="not rounded_off and not random"),
    Module("pipeline/flow/course.py", ("tests/pipeline/flow/test_course.py",)),
    Module("pipeline/flow/reduction.py", ("tests/pipeline/flow/test_reduction.py",)),
    Module("pipeline/minimal_norm/orthogonal.py", ("tests/pipeline/minimal_norm/test_orthogonal.py",)),
)  # fmt: skip
"""The core of the catalog, of the engine, and of the minimum norm's closed form; the quick tests of each."""
