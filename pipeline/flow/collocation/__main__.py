"""``python -m pipeline.flow.collocation``: compile the kernels that Python calls, and do nothing else."""

from pipeline.flow.collocation.build import load_all
from pipeline.flow.machine_code import emit_entries_only

if __name__ == "__main__":
    emit_entries_only()
    load_all()
