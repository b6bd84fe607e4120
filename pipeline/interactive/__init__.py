"""What a person at a notebook asks for: whole runs from arrays, and runs as they are shown.

In come arrays and the keys of a configuration; out go trees of labelled groups, and the HTML by which Jupyter
shows one. It stands below the command line: it may know the workflow, the catalog and the figures. Names are
imported on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "run_html": ["run_as_html"],
        "weight_files": ["save_weights"],
        "whole_runs": ["fit"],
    },
)
