"""The page 'sweeps': a cube as a heat map and as lines, and the way from a cell to its run.

``page`` chooses the sweep and looks for new ones, ``controls`` what of it is shown over which axes, ``cube`` draws
that, ``cell`` tells of the clicked cell, ``law`` shows what the theory has published among the sweeps.
"""
