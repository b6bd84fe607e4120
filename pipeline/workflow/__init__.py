"""One run, from its configuration to the published tree and the numbers that are read off it.

``computation`` strings the stages together: in comes a configuration, out goes the tree of a run, published if
there is a catalog. ``results`` lists every scalar result once: what it is called, what it means, and how it is
read off the run's groups. The run's summary, the cube of a sweep, ``reluflow list``, the catalog's page, the
comparison of runs and the table in the manual are made of it; a new result is one entry of that list, and a
scalar variable of the schema is a result without one. ``summary`` reads a run's results. ``named_runs`` finds
runs of a catalog by their names, and what is taken over from one. ``stages`` is what a run tells of its progress.
A notebook has whole runs from arrays (``whole_runs``), shown as ``run_html`` and ``notebook_progress`` say, and
``weight_files``. Everybody imports the modules themselves: ``results`` and ``stages`` are there without NumPy.
"""
