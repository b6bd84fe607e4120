"""Pure functions from labelled data to plots and tables: ``create_..._plot(data, ..., theme) -> element``.

They know no widget, no server and no catalog, and compute nothing that a stage computes: they select, arrange
and colour.
"""
