"""The page 'theory': the theorem read off one run.

In comes a visit; out go the statements with their verdicts, the timeline, the plateaus with their spectra, and the
ladder of lambda. ``page`` wires the sections, ``ladder`` is the one that computes when it is asked to.
"""
