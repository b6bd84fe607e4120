"""One run from its configuration to the published tree: the stages, strung together."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from catalog.index import Catalog
from catalog.layout import SCHEMA_VERSION
from catalog.schema import variable
from pipeline.configuration import RunConfig
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.function import learned_function
from pipeline.minimal_norm import bias_coordinate, compare, minimal_norm
from pipeline.phases import find_clusters, find_plateaus, label_phases
from pipeline.statements import check_statements, statement_rows, statement_times
from pipeline.threads import one_thread

PAPER = (
    "E. Boursier, L. Pillaud-Vivien, N. Flammarion: Gradient flow dynamics of shallow ReLU networks for square "
    "loss and orthogonal inputs, NeurIPS 2022, arXiv 2206.00939"
)


def run(
    config: RunConfig, catalog: Catalog | None = None, *, progress: Callable[[float, int], None] | None = None
) -> xr.DataTree:
    """Compute a run, or open it if the catalog has it; publish what was computed.

    Parameters
    ----------
    config
        From ``load_config``.
    catalog
        From ``open_catalog``; None to keep nothing.
    progress
        Told now and then the time t that the flow has reached, and the number of steps.

    Returns
    -------
    DataTree
        The groups data, trajectory, phases, plateaus, clusters, function, minimal_norm and statements. From a
        catalog: lazy.

    Raises
    ------
    RequestError
        If the data can't be what the configuration says, or the method can't take it.
    CatalogError
        If it can't be published; the catalog is as it was then.
    """
    run_id = config.run_id(SCHEMA_VERSION)
    if catalog is not None and run_id in catalog:
        return catalog[run_id]
    started = perf_counter()
    tree = _guarded(config, prepare(config), progress)
    tree.attrs["wall_seconds"] = perf_counter() - started
    if catalog is not None:
        publish(config, catalog, tree)
    return tree


def compute_shared(
    config: RunConfig, data: xr.Dataset, minimum: xr.Dataset, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Compute one of many runs on the same data, publish it if there is a catalog, and return its scalars.

    Parameters
    ----------
    data, minimum
        From :func:`prepare` and :func:`minimum_of`, of this configuration's data.

    Returns
    -------
    dict
        See :func:`summarise`.
    """
    started = perf_counter()
    tree = _guarded(config, data, None, minimum)
    tree.attrs["wall_seconds"] = perf_counter() - started
    if catalog is not None:
        publish(config, catalog, tree)
    return summarise(tree)


def _guarded(
    config: RunConfig,
    data: xr.Dataset,
    progress: Callable[[float, int], None] | None,
    minimum: xr.Dataset | None = None,
) -> xr.DataTree:
    """Compute a run with one thread for the linear algebra, and no warnings of what overflows."""
    # Of weights of 1e150, of data of 1e-100 or of a run away, what is no float any more is inf or NaN.
    with one_thread(data.sizes["point"]), np.errstate(over="ignore", invalid="ignore"):
        return compute(config, data, progress, minimum=minimum)


def publish(config: RunConfig, catalog: Catalog, tree: xr.DataTree) -> None:
    """Publish what :func:`run` has computed.

    Raises
    ------
    CatalogError
        If it can't be; the catalog is as it was then.
    """
    catalog.publish(
        config.run_id(SCHEMA_VERSION),
        tree,
        summary=summarise(tree),
        configuration=config.resolved(),
        provenance=provenance(config.flow.method) | {"wall_seconds": tree.attrs["wall_seconds"]},
    )


def prepare(config: RunConfig) -> xr.Dataset:
    """Stage 1 and all that can be refused before anything is computed.

    Raises
    ------
    RequestError
    """
    data = generate_data(config.data)
    if config.analysis.free_bias:
        bias_coordinate(data)
    return data


def compute(
    config: RunConfig,
    data: xr.Dataset,
    progress: Callable[[float, int], None] | None = None,
    *,
    minimum: xr.Dataset | None = None,
) -> xr.DataTree:
    """Stages 2 to 5 on ``data``; a ``minimum`` that is known (:func:`minimum_of`) is not computed again."""
    init, epsilon = initialise(data, config.init), config.analysis.epsilon
    trajectory = simulate(
        data,
        init,
        end_time=config.flow.end_time,
        tolerance=config.flow.tolerance,
        samples=config.flow.samples,
        including=statement_times(data, float(init["log_init_scale"]), epsilon=epsilon),
        method=config.flow.method,
        slope=config.flow.slope,
        step_size=config.flow.step_size,
        progress=progress,
    )
    groups = {"data": data, "trajectory": trajectory} | analyse(config, data, trajectory, minimum)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "id": config.run_id(SCHEMA_VERSION),
        "name": config.name,
        "title": config.title or f"Gradient flow of a shallow ReLU network: {config.name}",
        "summary": config.description or f"One run of the gradient flow, configured by {config.name!r}.",
        "references": PAPER,
        "configuration": json.dumps(config.resolved()),
        "seed": config.init.seed,
        "status": trajectory.attrs["status"],
    }
    return tree


def minimum_of(config: RunConfig, data: xr.Dataset) -> xr.Dataset:
    """Stage 4 on ``data``: the interpolator of least norm, which depends on no start."""
    return minimal_norm(data, slope=config.flow.slope, free_bias=config.analysis.free_bias)


def analyse(
    config: RunConfig, data: xr.Dataset, trajectory: xr.Dataset, minimum: xr.Dataset | None = None
) -> dict[str, xr.Dataset]:
    """Stages 3 to 5: all that is said of a trajectory, as groups by their names."""
    epsilon = config.analysis.epsilon
    plateaus = find_plateaus(data, trajectory)
    phases = label_phases(data, trajectory, epsilon=epsilon, plateaus=plateaus)
    clusters = find_clusters(data, trajectory, plateaus)
    comparison = compare(trajectory, minimum_of(config, data) if minimum is None else minimum, data)
    return {
        "phases": phases,
        "plateaus": plateaus,
        "clusters": clusters,
        "function": learned_function(data, trajectory, clusters),
        "minimal_norm": comparison,
        "statements": check_statements(data, trajectory, phases, comparison, epsilon=epsilon),
    }


ACCOUNT = (
    "status", "status_message", "solver_seconds", "steps", "rejected_steps", "crossings", "patterns",
    "ambiguous_events", "hessian_smallest_eigenvalue", "stationary_kind",
)  # fmt: skip
"""What a trajectory says of its computation and its end, where it does: not every method has patterns."""


def summarise(tree: xr.DataTree) -> dict[str, Any]:
    """Every scalar result of a run, by the name of its column in the catalog's table.

    What is not known (a minimum norm where no network fits) or does not exist (t3 if nothing is fitted) is NaN.
    """
    groups = {name: node.to_dataset() for name, node in tree.children.items()}
    trajectory, minimum, phases = groups["trajectory"], groups["minimal_norm"], groups["phases"]
    scalars: dict[str, Any] = {name: trajectory.attrs[name] for name in ACCOUNT if name in trajectory.attrs}
    scalars |= {
        "log_init_scale": float(trajectory["log_init_scale"]),
        "end_time": float(trajectory["time"][-1]),
        "final_loss": float(trajectory["loss"][-1]),
        "half_squared_norm": float(minimum["half_squared_norm"][-1]),
        "minimal_half_squared_norm": float(minimum["value"]),
        "minimal_norm_method": minimum.attrs["method"],
        "final_excess": float(minimum["excess"][-1]),
        "final_distance": float(minimum["distance"][-1]),
        "fitted_first": phases.attrs["fitted_first"],
        **_landscape(groups["plateaus"], groups["function"]),
        "sliding_neurons": sliding_neurons(trajectory),
    }
    for group in ("data", "phases", "minimal_norm"):
        for name, value in groups[group].data_vars.items():
            if value.ndim == 0 and name != "value":
                # The patterns of the trajectory have that name already.
                scalars["minimal_norm_patterns" if name == "patterns" else str(name)] = _in_words(value)
    for name, (_, row) in statement_rows(groups["statements"]).items():
        scalars[f"statements.{name}"] = row.verdict
    for sign in ("positive", "negative"):
        scalars[f"growth_rate_{sign}"] = float(np.hypot.reduce(groups["data"][f"growth_{sign}"].values))
    return scalars


PLATEAU_COLUMNS = (
    "label", "start", "end", "loss", "distance", "kind", "negative_eigenvalues", "smallest_eigenvalue",
)  # fmt: skip
"""What the summary says of each plateau."""


def _landscape(plateaus: xr.Dataset, function: xr.Dataset) -> dict[str, Any]:
    """The plateaus, in number and in a table; the kinks and the merged directions at the end."""
    columns = {name: _words_or_numbers(plateaus[name]) for name in PLATEAU_COLUMNS}
    fitted = plateaus["fitted"].values == variable("plateaus", "fitted").flag("fitted")
    columns["labels_fitted"] = fitted.sum(axis=1).tolist()
    columns["labels"] = [fitted.shape[1]] * len(fitted)
    table = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    saddles = plateaus["kind"].values == variable("plateaus", "kind").flag("strict_saddle")
    found = {
        "plateaus": len(table),
        "strict_saddles": int(saddles.sum()),
        "plateau_table": json.dumps(table),
        "merged_directions": int(function["merged_directions"][-1]),
    }
    if "number_of_kinks" in function:
        found["kinks"] = int(function["number_of_kinks"][-1])
    return found


def _words_or_numbers(values: xr.DataArray) -> list[Any]:
    if "flag_meanings" not in values.attrs:
        return [None if number != number else number for number in values.values.tolist()]
    words = str(values.attrs["flag_meanings"]).split()
    return [words[number - 1] for number in values.values.tolist()]


def sliding_neurons(trajectory: xr.Dataset) -> int:
    """How many neurons end on the boundary of a data point, held there from both sides."""
    last = trajectory["activation"].isel(time=slice(-1, None)).values
    return int((last == variable("trajectory", "activation").flag("sliding")).any(axis=2).sum())


def _in_words(value: xr.DataArray) -> float | str:
    if "flag_meanings" in value.attrs:
        return str(value.attrs["flag_meanings"]).split()[int(value) - 1]
    return float(value)


def provenance(method: str = "exact") -> dict[str, Any]:
    """Where a run comes from: versions (of the library that ``method`` names too), code revision, machine."""
    library = method.partition(":")[0]
    names = ["reluflow", "numpy", "numba", "xarray", "zarr", *({library} & {"scipy", "diffrax"})]
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in names},
        "code_revision": code_revision(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def code_revision() -> str:
    """The commit of the checkout this code lies in, with ``-dirty`` if it was changed; else the version."""
    try:
        # An environment inside somebody's own repository is no checkout of ours: git must track this file.
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return _version("reluflow")


def _git(*words: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
