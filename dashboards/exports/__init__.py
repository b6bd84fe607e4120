"""What leaves a page as a file: figures, an animation, numbers, a configuration, a page that needs no server.

In comes the labelled tree of a run, published or just computed; out go the bytes of a file. ``pictures`` are
``pipeline.figures``, ``selection`` is CSV, ``preset`` TOML, ``standalone`` HTML; ``published`` are the catalog's
own exports. Each is a pure function; nothing here knows a widget or an address. Names are imported on first use:
the catalog's page, which draws nothing, answers 2 s of processor time earlier without Matplotlib and the solver.
"""
