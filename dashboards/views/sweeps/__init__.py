"""The page 'sweeps': a cube as a heat map and as lines, and links from its cells to their runs.

``page`` selects the sweep and checks for new ones, ``cube_controls`` select the section, ``cube_view`` draws
it, ``cell_view`` shows the clicked cell, and ``law_view`` shows a law of the theory, which is published among
the sweeps.
"""
