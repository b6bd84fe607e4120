"""The files that a page offers for download: figures, animations, numbers, a configuration, a page without server.

Each module makes the bytes of a file from the labelled tree of a run, published or just computed:
``figure_files`` draws ``pipeline.figures``, ``curves_csv`` writes CSV, ``preset_file`` TOML,
``standalone_page`` HTML from ``animation_frames``; ``run_archive`` exports published runs. All are pure
functions that know no widget and no address. Import them module by module: the Catalog page, which draws
nothing, answers 2 s of processor time earlier without Matplotlib and the solver.
"""
