"""``python -m pipeline.flow.gram``: compile the kernels that Python calls, and do nothing else."""

from pipeline.flow.gram.build import load_all
from pipeline.flow.machine_code import emit_entries_only

if __name__ == "__main__":
    emit_entries_only()
    load_all()
