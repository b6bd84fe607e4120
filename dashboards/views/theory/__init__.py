"""The page 'theory': the theorem, checked on one run.

It shows the statements with their verdicts, the timeline, the plateaus with their spectra, and the ladder of
lambda. ``page`` connects the parts, ``run_picker`` selects the run, and ``ladder_card`` computes the ladder
on request.
"""
