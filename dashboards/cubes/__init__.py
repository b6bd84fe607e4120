"""A sweep's cube as a page looks at it: its axes, a section through it, one of its cells.

In comes what a sweep has published (``reading``); out go a labelled two-dimensional section, each number of it
picked or taken over the other dimensions (``section``), that section as a file or a table (``tables``), and one
cell's results and the way to its run (``cell``). Nothing here knows a widget or a plot, and no result is computed:
a median over seeds only says what is there.
"""
