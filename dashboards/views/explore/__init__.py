"""The page Explore: any variable of a run's tree, sliced.

``choice`` is what a visitor has chosen, and its parameters in the address. ``drawing`` makes a plot of it, in a
thread. ``controls`` are the widgets, and ``page`` connects them.
"""
