"""The page 'flow': a run in motion, and the controls that change it.

``page`` wires the plots and the widgets, ``run_controls`` are the widgets of a configuration's keys and
``points_table`` is the table of the data points.
"""
