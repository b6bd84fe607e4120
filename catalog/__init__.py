"""The catalog stores runs, finds them, verifies them and shares them.

In comes a labelled tree of datasets with a summary of scalars; out go a run on disk that plain xarray opens, a
table of all runs, and the result of verifying every byte. This package knows the name and the meaning of each
variable (:mod:`catalog.schema`), and how a run is published so that no reader sees an incomplete one. It does
not know how the numbers were computed: it imports no stage of the pipeline.
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
