"""The front door: everything that a notebook or a program of your own needs, under one name.

``import reluflow as rf`` gives the functions of the packages ``pipeline`` and ``catalog``; none is defined here.
Arrays go into ``data_set``, a start into ``start`` or ``given_start``, both into ``simulate``; ``weights`` and
``predict`` read the trajectory, and ``fit`` does all of it, with phases, minimum norm and statements. Names are
imported on first use, so that the import is instant.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog import Catalog, CatalogError, decode, open_catalog, select
    from pipeline import (
        RequestError,
        RunConfig,
        check_small_start,
        check_statements,
        compare,
        data_set,
        extremal_directions,
        find_clusters,
        find_plateaus,
        fit,
        follow_flow,
        generate_data,
        given_start,
        hessian_spectra,
        initialise,
        label_phases,
        ladder_law,
        learned_function,
        limit_law,
        limit_process,
        load_config,
        load_sweep,
        measure_alignment,
        measure_limit,
        minimal_norm,
        minimum_law,
        open_run,
        penalised_minimum,
        predict,
        predict_alignment,
        run,
        run_sweep,
        save_weights,
        simulate,
        start,
        start_from,
        statement_rows,
        tangent_kernel_spectrum,
        vanishing_penalty,
        weights,
    )

__all__ = [
    "Catalog",
    "CatalogError",
    "RequestError",
    "RunConfig",
    "check_small_start",
    "check_statements",
    "compare",
    "data_set",
    "decode",
    "extremal_directions",
    "figures",
    "find_clusters",
    "find_plateaus",
    "fit",
    "follow_flow",
    "generate_data",
    "given_start",
    "hessian_spectra",
    "initialise",
    "label_phases",
    "ladder_law",
    "learned_function",
    "limit_law",
    "limit_process",
    "load_config",
    "load_sweep",
    "measure_alignment",
    "measure_limit",
    "minimal_norm",
    "minimum_law",
    "open_catalog",
    "open_run",
    "penalised_minimum",
    "predict",
    "predict_alignment",
    "run",
    "run_sweep",
    "save_weights",
    "select",
    "simulate",
    "start",
    "start_from",
    "statement_rows",
    "tangent_kernel_spectrum",
    "vanishing_penalty",
    "weights",
]

_OF_THE_CATALOG = frozenset({"Catalog", "CatalogError", "decode", "open_catalog", "select"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'reluflow' has no attribute {name!r}")
    package = "catalog" if name in _OF_THE_CATALOG else "pipeline"
    for ours in ("catalog", "pipeline"):
        _refuse_another(ours)
    found = getattr(import_module(package), name)
    globals()[name] = found  # asked for once
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


def _refuse_another(package: str) -> None:
    """Raise if Python would find a package, or a file, of the same name before ours."""
    spec = find_spec(package)
    here = Path(__file__).resolve().parents[1]
    found = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
    if found is None or found.parents[1] != here:
        where = "nothing" if found is None else str(found)
        raise ImportError(
            f"reluflow's own package {package!r} is in {here}, but Python finds {where} first: rename that file, "
            "or start Python in another folder"
        )


def _show_runs_in_notebooks() -> None:
    """Have Jupyter show a run as its figure and its table; no other tree looks different."""
    import sys

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return

    def html(tree: Any) -> Any:
        from pipeline import run_as_html

        return run_as_html(tree)

    formatter = shell.display_formatter.formatters["text/html"]
    # By its name: xarray takes half a second to import.
    formatter.for_type_by_name("xarray.core.datatree", "DataTree", html)


_show_runs_in_notebooks()
