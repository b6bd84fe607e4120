"""``python -m pipeline.flow.gram ENTRY``: compile a kernel that Python calls."""

import sys

from pipeline.flow.gram.build import ENTRIES

ENTRIES[sys.argv[1]]()
