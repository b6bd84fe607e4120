"""``python -m pipeline.flow``: compile the solver now, so that nobody waits for it later."""

import sys
from concurrent.futures import ThreadPoolExecutor

from pipeline.flow.collocation.build import load_many_points
from pipeline.flow.exact.build import compile_entries, compile_solver, loaded_from_disk
from pipeline.flow.gradient_descent_kernels import load_descent
from pipeline.flow.gram.build import load_many_patterns

if __name__ == "__main__":
    if len(sys.argv) > 1:
        compile_entries()
    else:
        there = loaded_from_disk()
        if there:
            print("The solver is compiled already.", file=sys.stderr)
        # The exact solver takes as long as the other paths together: a process each, side by side.
        with ThreadPoolExecutor(1) as beside:
            solver = beside.submit(compile_solver) if not there else None
            load_many_points()
            load_many_patterns()
        if solver is not None:
            solver.result()
        load_descent()
