"""``python -m pipeline.flow``: compile the solver now, so that nobody waits for it later."""

import sys

from pipeline.flow.collocation.build import load_many_points
from pipeline.flow.exact.build import compile_entries, compile_solver, loaded_from_disk
from pipeline.flow.gradient_descent_kernels import load_descent
from pipeline.flow.gram.build import load_many_patterns

if __name__ == "__main__":
    if len(sys.argv) > 1:
        compile_entries()
    else:
        if loaded_from_disk():
            print("The solver is compiled already.", file=sys.stderr)
        else:
            compile_solver()
        load_many_points()
        load_many_patterns()
        load_descent()
