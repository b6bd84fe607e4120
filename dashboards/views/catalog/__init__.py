"""The page 'catalog': the runs, found by words or by a condition, opened, compared, verified and exported.

``page`` connects the table to its search fields, ``runs_table`` makes the table, ``run_actions`` verify and
export the selected runs, and ``comparison_view`` shows two or three runs side by side.
"""
