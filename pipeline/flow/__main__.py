"""``python -m pipeline.flow``: compile the solver now, so that nobody waits for it later."""

import sys

from pipeline.flow.exact.warm import compile_solver, load

if __name__ == "__main__":
    if len(sys.argv) > 1:
        load(sys.argv[1])
    else:
        compile_solver()
