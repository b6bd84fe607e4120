"""The command line: one module for each group of commands, and what they print.

``entry`` is what the command calls first, ``main`` has the table of all commands, ``shared`` what they have in
common. ``runs``, ``sweep``, ``theory``, ``sharing``, ``maintenance``, ``dashboard`` and ``completion`` have the
commands. What they print is in ``report``, ``statements_table``, ``runs_table``, ``sweep_report``,
``sweep_details``, ``theory_tables`` and ``progress``. The command line stands on top: it may import everything,
and nothing imports it.
"""
