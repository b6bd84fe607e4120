"""A sweep's cube for a page: its axes, a section through it, and one of its cells.

``opened_cube`` reads what a sweep has published; ``section`` cuts a labelled two-dimensional section, whose
numbers are selected or aggregated over the other dimensions; ``section_table`` writes it as a file or an HTML
table; ``cell_results`` lists the results of one cell and finds its run. This package knows no widget and no plot,
and it computes no result: a median over seeds only summarizes results.
"""
