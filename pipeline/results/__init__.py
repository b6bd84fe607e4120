"""Every scalar result of a run, once: what it is called, what it means, and how it is read off the run's groups.

The run's summary, the cube of a sweep, ``reluflow list``, the catalog's page, the comparison of runs and the table
in the manual are made of ``registry``; ``reader`` reads a run. A new result is one entry of the registry, and a
scalar variable of the schema is a result without one. Knows the schema and no stage. Everybody imports the two
modules themselves: the list of results is there without NumPy.
"""
