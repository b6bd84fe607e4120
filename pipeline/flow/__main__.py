"""``python -m pipeline.flow``: compile the solver now, so that nobody waits for it later."""

import sys

from pipeline.flow.descending import load_descent
from pipeline.flow.exact.warm import compile_entry, compile_solver, loaded_from_disk

if __name__ == "__main__":
    if len(sys.argv) > 1:
        compile_entry(sys.argv[1])
    else:
        if loaded_from_disk():
            print("The solver is compiled already.", file=sys.stderr)
        else:
            compile_solver()
        load_descent()
