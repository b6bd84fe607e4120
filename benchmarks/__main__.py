"""``python -m benchmarks``: the solver beside SciPy's, the scales, and what a person waits for."""

from rich.console import Console

from benchmarks import scales, waiting, work_precision

if __name__ == "__main__":
    console = Console(width=110, highlight=False)
    for part in (work_precision, scales, waiting):
        console.print(part.table())
        console.print()
