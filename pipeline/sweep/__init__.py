"""Sweeps: a grid over configuration keys, computed cell by cell in parallel, kept as one labelled cube.

In comes a base and a grid (``spec``); out goes a cube of every scalar result over the swept keys (``cube``).
``grid`` says which values, ``plan`` which run each cell is, ``inventory`` which of them are there already,
``work`` which are left (equal sweeps at once share them), ``cell`` computes one and records what goes wrong with
it. ``scheduler`` hands the others' ``tasks`` to the workers of ``cluster``; ``in_process`` computes a few quick
ones without any. ``caller`` is told how far that is and may end it, and ``execution`` does all this in its order.
Only this package knows Dask's scheduler; the stages know nothing of sweeps. Names are imported on first use: help
must not wait for xarray.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "grid": ["axis"],
        "coordinates": ["shown"],
        "plan": ["make_plan", "position", "sweep_identity"],
        "spec": ["SweepSpec", "load_sweep", "shipped_sweeps"],
        "execution": ["GROUP", "run_sweep"],
    },
)
