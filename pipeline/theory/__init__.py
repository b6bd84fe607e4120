"""The theory's laws, measured over many runs: scaling with lambda, with the width, with the number of points.

In comes a configuration, or a few numbers that span a grid; out goes one labelled cube a law, with the measured
exponents beside the paper's, and from the cube a table and a figure. ``ladder`` goes down in lambda, ``width``
asks when assumption 3 holds and the minimum norm is reached, ``threshold`` finds the lambda* below which it is,
``limit`` holds flows beside the jumps of the limit lambda -> 0, ``minimum`` a flow beside the penalised minima; of
one start alone, ``directions`` says where its neurons align.
Each run goes through the stages' front doors. ``publishing`` keeps a cube in the catalog, ``ladders`` finds a
ladder there again. Names are imported on first use: the help of the command line must not wait for xarray.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "directions": ["aligned_start", "direction_rows"],
        "ladder": ["ladder_law"],
        "ladders": ["LADDER_STEPS", "kept_ladder", "published_ladder"],
        "limit": ["kept_limit", "limit_law", "limit_problem"],
        "minimum": ["MINIMUM_STEPS", "kept_minimum", "minimum_configuration", "minimum_law"],
        "publishing": ["TITLES", "law_id", "scalars"],
        "threshold": ["threshold_law"],
        "width": ["width_law"],
    },
)
