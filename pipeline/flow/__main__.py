"""``python -m pipeline.flow``: compile the solver now, so that nobody waits for it later."""

from pipeline.flow.simulate import compile_solver

if __name__ == "__main__":
    compile_solver()
