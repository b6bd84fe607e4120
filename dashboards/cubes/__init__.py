"""A sweep's cube as a page looks at it: its axes, a section through it, one of its cells.

In comes what a sweep has published (``reading``); out go a labelled two-dimensional section, each number of it
picked or taken over the other dimensions (``section``), that section as a file or a table (``tables``), and one
cell's results and the way to its run (``cell``). Nothing here knows a widget or a plot, and no result is computed:
a median over seeds only says what is there.
"""

from dashboards.cubes.cell_results import Way, account_of, way_to
from dashboards.cubes.cube import Cube, Quantity, Swept, read_cube, typeset
from dashboards.cubes.section import FAILED, HAS_VALUE, ROUNDING, Shown, measures, section
from dashboards.cubes.section_table import csv_of, html_of, values_in_words

__all__ = [
    "FAILED",
    "HAS_VALUE",
    "ROUNDING",
    "Cube",
    "Quantity",
    "Shown",
    "Swept",
    "Way",
    "account_of",
    "csv_of",
    "html_of",
    "measures",
    "read_cube",
    "section",
    "typeset",
    "values_in_words",
    "way_to",
]
