"""One run from its configuration to the published tree: the stages, one after the other."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from catalog.catalog import Catalog, as_catalog
from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import RunConfig, as_config
from pipeline.data import generate_data, teacher_network
from pipeline.flow import Followed, follow_flow, initialise, simulate
from pipeline.inputs.kinds import function, instance
from pipeline.minimal_norm import (
    bias_coordinate,
    check_patterns,
    compare,
    minimal_norm,
    penalised_minimum,
    with_penalised,
)
from pipeline.network.threads import one_thread
from pipeline.phases import find_clusters, find_plateaus, label_phases, learned_function, with_teacher_distance
from pipeline.statements import DenseOutput, check_statements, statement_times
from pipeline.workflow.named_runs import pin_source, source_start
from pipeline.workflow.second_thread import in_second_thread
from pipeline.workflow.small_start import limit_of_start, with_small_start
from pipeline.workflow.stages import NOBODY, Stages
from pipeline.workflow.summary import summarise

PAPER = (
    "E. Boursier, L. Pillaud-Vivien, N. Flammarion: Gradient flow dynamics of shallow ReLU networks for square "
    "loss and orthogonal inputs, NeurIPS 2022, arXiv 2206.00939"
)


def run(
    config: RunConfig | str | Path,
    catalog: Catalog | str | Path | None = None,
    *,
    progress: Callable[[float, int], None] | None = None,
    stages: Stages = NOBODY,
) -> xr.DataTree:
    """Compute a run, or open it if the catalog has it; publish what was computed.

    Parameters
    ----------
    config
        From ``load_config``, or what it takes: a preset's name, or a file.
    catalog
        From ``open_catalog``, or what it takes: a path, or an address; None to keep nothing.
    progress
        Told now and then the time t that the flow has reached, and the number of steps.
    stages
        Told what is being done, stage by stage (:class:`pipeline.workflow.stages.Stages`).

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
    catalog = None if catalog is None else as_catalog(catalog)
    config, progress = pin_source(as_config(config), catalog), function("progress", progress)
    stages = instance("stages", stages, Stages, "an object of the class Stages")
    run_id = config.run_id(SCHEMA_VERSION)
    if catalog is not None and run_id in catalog:
        return catalog[run_id]
    started = perf_counter()
    stages.say("Reading the points ...")
    data = prepare(config)
    with one_core(data):
        init = start_of(config, data, catalog)
        tree = compute(config, data, progress, init=init, stages=stages)
    tree.attrs["wall_seconds"] = perf_counter() - started
    if catalog is not None:
        stages.say("Writing the run ...")
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
        See :func:`pipeline.workflow.summary.summarise`.
    """
    if catalog is None:
        with one_core(data):
            return summarise(follow(config, data, minimum=minimum)[0])
    started = perf_counter()
    with one_core(data):
        tree = compute(config, data, minimum=minimum)
    tree.attrs["wall_seconds"] = perf_counter() - started
    publish(config, catalog, tree)
    return summarise(tree)


@contextmanager
def one_core(data: xr.Dataset) -> Iterator[None]:
    """Compute on ``data`` with one thread for the linear algebra, and no warnings of what overflows."""
    # Of weights of 1e150, of data of 1e-100 or of a run away, what is no float any more is inf or NaN.
    with one_thread(data.sizes["point"]), np.errstate(over="ignore", invalid="ignore"):
        yield


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
    """The stage ``data`` and all that can be refused before anything is computed.

    Raises
    ------
    RequestError
    """
    data = generate_data(config.data)
    if config.analysis.free_bias:
        bias_coordinate(data)
    if config.analysis.penalty is not None:
        check_patterns(data)
    return data


def start_of(config: RunConfig, data: xr.Dataset, catalog: Catalog | None = None) -> xr.Dataset:
    """The network that the flow starts from; that of another run is in the catalog."""
    if config.init.from_run is not None and catalog is not None:
        return source_start(config, catalog)
    return initialise(data, config.init)


def end_of(config: RunConfig, data: xr.Dataset, start: xr.Dataset) -> xr.Dataset:
    """The trajectory's last sample, and nothing else of the flow from ``start``: as fast as the solver goes."""
    return simulate(data, start, samples=2, tolerance=config.flow.tolerance).isel(time=-1)


def compute(
    config: RunConfig,
    data: xr.Dataset,
    progress: Callable[[float, int], None] | None = None,
    *,
    init: xr.Dataset | None = None,
    minimum: xr.Dataset | None = None,
    stages: Stages = NOBODY,
) -> xr.DataTree:
    """All stages after the data, as a tree.

    A known start, or ``minimum`` (:func:`minimum_of`), is not computed again.
    """
    init = start_of(config, data) if init is None else init
    with _minimum(config, data, minimum) as find_minimum:
        trajectory, course = followed(config, data, init, progress, stages)
        with in_second_thread(partial(limit_of_start, data, trajectory)) as find_limit:
            groups = analyse(config, data, trajectory, find_minimum, look=_look(course), stages=stages)
            stages.say("Following the limit of small starts ...")
            groups = with_small_start({"data": data, "trajectory": trajectory} | groups, course, find_limit)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "id": config.run_id(SCHEMA_VERSION),
        "name": config.name,
        "title": config.title or f"Gradient flow of a shallow ReLU network: {config.name}",
        "summary": config.description or f"One run of the gradient flow, configured by {config.name!r}.",
        "references": PAPER,
        "configuration": json.dumps(config.resolved()),
        "seed": config.init.seed,
        "status": groups["trajectory"].attrs["status"],
    }
    return tree


def follow(
    config: RunConfig,
    data: xr.Dataset,
    progress: Callable[[float, int], None] | None = None,
    *,
    init: xr.Dataset | None = None,
    minimum: xr.Dataset | None = None,
    stages: Stages = NOBODY,
) -> tuple[dict[str, xr.Dataset], Followed | None]:
    """:func:`compute` without the tree: the groups by their names, all that a summary needs.

    For a sweep, which keeps the summary alone: the tree with its attributes takes as long as two of the stages.
    And the flow, which can be read further; None of a method that gives samples alone.
    """
    init = start_of(config, data) if init is None else init
    with _minimum(config, data, minimum) as find_minimum:
        trajectory, course = followed(config, data, init, progress, stages)
        groups = analyse(config, data, trajectory, find_minimum, look=_look(course), stages=stages)
    return {"data": data, "trajectory": trajectory} | groups, course


def _minimum(
    config: RunConfig, data: xr.Dataset, minimum: xr.Dataset | None
) -> AbstractContextManager[Callable[[], xr.Dataset]]:
    """What gives the minimum norm, which needs no flow: where it is not known it is found beside the flow."""
    return in_second_thread(partial(minimum_of, config, data)) if minimum is None else nullcontext(lambda: minimum)


def _look(course: Followed | None) -> Callable[[np.ndarray], xr.Dataset] | None:
    return None if course is None else course.look


def followed(
    config: RunConfig,
    data: xr.Dataset,
    init: xr.Dataset,
    progress: Callable[[float, int], None] | None,
    stages: Stages,
) -> tuple[xr.Dataset, Followed | None]:
    """The stage ``flow``: the trajectory, and what can be read further of it."""
    epsilon, flow = config.analysis.epsilon, config.flow
    including = statement_times(data, float(init["log_init_scale"]), epsilon=epsilon)
    shared: dict[str, Any] = {
        "end_time": flow.end_time, "tolerance": flow.tolerance, "slope": flow.slope,
        "output_speed": flow.output_speed,
    }  # fmt: skip
    course = None
    if flow.method == "exact":
        course = follow_flow(data, init, **shared, progress=progress or stages.flow)
        trajectory = course.trajectory(flow.samples, including=including, reading=stages.reading)
    else:
        trajectory = simulate(
            data, init, **shared, samples=flow.samples, including=including, method=flow.method,
            step_size=flow.step_size,
        )  # fmt: skip
    teacher = None if config.data.bias else teacher_network(config.data)
    if teacher is not None:
        trajectory = with_teacher_distance(trajectory, teacher)
    return trajectory, course


def minimum_of(config: RunConfig, data: xr.Dataset) -> xr.Dataset:
    """The stage ``minimal_norm`` on ``data``: the interpolator of least norm, which depends on no start.

    The end of a flow, which does, comes in when the two are compared.
    """
    teacher, analysis = teacher_network(config.data), config.analysis
    known = [] if teacher is None or config.data.noise else [teacher]
    free: dict[str, Any] = {"output_bias": analysis.output_bias, "skip": analysis.skip}
    least = minimal_norm(data, slope=config.flow.slope, free_bias=analysis.free_bias, known=known, **free)
    if analysis.penalty is None:
        return least
    return with_penalised(least, penalised_minimum(data, analysis.penalty, slope=config.flow.slope, **free))


def analyse(
    config: RunConfig,
    data: xr.Dataset,
    trajectory: xr.Dataset,
    find_minimum: Callable[[], xr.Dataset],
    *,
    look: Callable[[np.ndarray], xr.Dataset] | None = None,
    stages: Stages = NOBODY,
) -> dict[str, xr.Dataset]:
    """All stages after the flow: what a trajectory is analysed for, as groups by their names.

    ``find_minimum`` gives the minimum norm of the data, ``look`` reads the same flow at other instants, if it can
    be read.
    """
    epsilon = config.analysis.epsilon
    stages.say("Finding the plateaus ...")
    plateaus = find_plateaus(data, trajectory)
    stages.say("Labelling the phases ...")
    phases = label_phases(data, trajectory, epsilon=epsilon, plateaus=plateaus)
    stages.say("Finding the clusters of neurons ...")
    clusters = find_clusters(data, trajectory, plateaus)
    stages.say("Finding the minimum norm ...")
    least = find_minimum()
    stages.say("Comparing the network with the minimum norm ...")
    comparison = compare(trajectory, least, data)
    stages.say("Reading the learned function ...")
    function = learned_function(data, trajectory, clusters)
    stages.say("Checking the paper's statements ...")
    dense_output = None
    if look is not None:
        compared = xr.Dataset({name: comparison[name] for name in least.data_vars}, attrs=comparison.attrs)
        dense_output = DenseOutput(look, lambda there: compare(there, compared).variables["distance"].values)
    return {
        "phases": phases,
        "plateaus": plateaus,
        "clusters": clusters,
        "function": function,
        "minimal_norm": comparison,
        "statements": check_statements(
            data, trajectory, phases, comparison, epsilon=epsilon, dense_output=dense_output
        ),
    }


def provenance(method: str = "exact") -> dict[str, Any]:
    """Where a run comes from: versions (of the library that ``method`` names too), code revision, machine."""
    library = method.partition(":")[0]
    names = ["reluflow", "numpy", "numba", "xarray", "zarr", *({library} & {"scipy", "diffrax"})]
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in names},
        "code_revision": code_revision(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def code_revision() -> str:
    """The commit of the checkout this code lies in, with ``-dirty`` if it was changed; else the version.

    Asked for once a process: its code does not change, and git takes as long as a stage.
    """
    try:
        # An environment inside somebody's own repository is no checkout of ours: git must track this file.
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return _version("reluflow")


def _git(*words: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
