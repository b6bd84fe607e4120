"""Pure functions from labelled data to pictures: ``create_..._plot(data, ..., looks) -> element``.

They know no widget, no server and no catalog, and compute nothing that a stage computes: they choose, arrange and
colour.
"""
