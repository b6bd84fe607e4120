"""Keeping a catalog in order: is every byte there, what is unfinished, what did killed processes leave.

In comes a catalog; out go findings in words, damaged runs computed anew, and a tidy place. ``repair`` runs a
damaged run again, ``state`` says what is there and what is under way, ``evidence`` (``cube_evidence`` for sweeps)
judges what comes in, ``recomputation`` computes runs anew and compares. What is damaged or abandoned the catalog
itself finds; here is what takes the stages.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "evidence": ["judge"],
        "recomputation": ["Recomputed", "recompute"],
        "repair": ["repair"],
        "state": ["state_of"],
    },
)
