"""``python -m pipeline.flow.collocation ENTRY``: compile a kernel that Python calls."""

import sys

from pipeline.flow.collocation.build import ENTRIES

ENTRIES[sys.argv[1]]()
