"""How the code is built, in numbers: ``python tests/support/structure.py`` prints them."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))

from writers.imports import modules, packages, solver_parts, trees

KERNELS = frozenset({"entry_point", "jitted", "llvm_inlined", "allocating", "inlined"})
"""The decorators that make a kernel (:mod:`pipeline.flow.exact.machine_code.jit`)."""
MOST_ARGUMENTS, MOST_LINES, LONGEST_FILE = 6, 40, 400
"""By position, of any function and kernel; of code in a function; of a file, all lines."""
LONGER = {
    "pipeline.flow.collocation.network.carry": 48,
    "pipeline.flow.collocation.sweep.sweep": 46,
    # Split, one of these two makes the solver 5 % slower where points and coordinates are 75.
    "pipeline.flow.exact.corrector.step.try_step": 45,
    "pipeline.flow.exact.events.boundary_times.reached": 46,
}
"""The functions that are longer, and how long they may be until they are split."""


def circles(arrows: Mapping[str, set[str]]) -> set[str]:
    """Those that import themselves by way of others."""
    reached = {box: set(others) for box, others in arrows.items()}
    for _ in arrows:
        for box, others in reached.items():
            reached[box] = others.union(*(reached.get(other, set()) for other in others))
    return {box for box, others in reached.items() if box in others}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function with its full name."""
    for name, module in trees().items():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                yield f"{name}.{node.name}", node


def kernels() -> dict[str, int]:
    """Every kernel of the solver, and how many arguments it takes."""
    return {
        name: len(node.args.args) + len(node.args.kwonlyargs)
        for name, node in functions()
        if KERNELS & {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
    }


def positional(function: ast.FunctionDef) -> list[str]:
    """The names of the arguments that a caller may give by position, without that of the object itself."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def code_lines(function: ast.FunctionDef) -> int:
    """The lines of a function that have code on them: no blanks, comments or docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    found: set[int] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr | ast.stmt):
                found.add(node.lineno)
    return len(found)


def file_lines() -> dict[str, int]:
    """The lines of every module, blank ones and docstrings included."""
    return {name: len(path.read_text().splitlines()) for name, path in modules().items()}


def main() -> None:
    """Print the numbers."""
    taken = kernels()
    lengths = {name: code_lines(node) for name, node in functions()}
    sizes: dict[str, int] = defaultdict(int)
    for name, length in lengths.items():
        sizes[name.split(".")[0]] += length
    for subject, boxes in (("all packages", packages()), ("solver", solver_parts())):
        arrows = sum(map(len, boxes.values()))
        print(f"{subject}: {len(boxes)} parts, {arrows} imports between them, {len(circles(boxes))} in circles")
    most, full = max(taken.values()), sum(count >= MOST_ARGUMENTS for count in taken.values())
    long = sum(length > MOST_LINES for length in lengths.values())
    longest = max(file_lines().values())
    print(f"kernels: {len(taken)}, at most {most} arguments, {full} with {MOST_ARGUMENTS} or more")
    print(f"functions: {len(lengths)}, {long} of more than {MOST_LINES} lines")
    print(f"files: {len(file_lines())}, at most {longest} lines")
    print("lines of code in functions:", ", ".join(f"{name} {size:,}" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
