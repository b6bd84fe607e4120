"""The catalog: where runs are kept, found, checked and shared.

In comes a labelled tree of datasets with a summary of scalars; out go a run on disk that plain xarray opens,
a table of all runs, and a verdict on every byte. This package knows what a variable is called and means
(:mod:`catalog.schema`), how a run is published so that no reader ever sees half of one, and nothing at all
of how its numbers were computed: it imports no stage of the pipeline.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "errors": [
            "AmbiguousRunError",
            "CatalogError",
            "CatalogUnwritableError",
            "DamagedRunError",
            "DiskFullError",
            "UnknownRunError",
        ],
        "catalog": ["Catalog", "open_catalog"],
        "integrity": ["reading"],
        "manifest": ["Manifest", "read_manifest"],
        "table": ["select"],
        "schema": ["GROUPS", "SCHEMA_VERSION", "Variable", "conform", "decode", "flag_numbers", "validate"],
    },
)
