"""What a page looks at: a published run, or a configuration that is computed when it is wanted.

Both are a configuration; an address says either ``run=RUN_ID``, or ``preset=NAME`` and every key that the page can
change (``init.log10_scale=-6``, ``data.y=[-1.0, 1.0]``), defaults included, so that a link means the same when
defaults change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from catalog import SCHEMA_VERSION, Catalog, CatalogError, open_catalog
from dashboards.damage import opened_whole
from dashboards.processes import flow_reached
from dashboards.visit import Visit
from pipeline import RequestError, run
from pipeline.configuration import RunConfig, load_config, presets

FIRST = "orthogonal"
"""The preset that is shown to whoever asks for nothing: the paper's experiment."""

KEYS = (
    "data.x", "data.y", "init.log10_scale", "init.width", "init.seed", "init.start", "init.per_sqrt_width",
    "flow.end_time", "flow.slope", "flow.tolerance", "flow.samples", "analysis.epsilon",
)  # fmt: skip
"""The keys that an address may say, in its order; what has no value (no end time) is left out."""

WIDEST = 20_000
"""Neurons that a page computes; more is for ``reluflow run``, whose result a page opens."""
MOST_SAMPLES = 2_000
"""Samples that a page computes."""


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Attributes
    ----------
    config
        Its configuration.
    overrides
        The keys that were said beside the preset.
    run_id
        Of a published run; None for one that is computed.
    """

    config: RunConfig
    overrides: Mapping[str, Any]
    run_id: str | None = None

    def query(self) -> dict[str, str]:
        """Write it as an address says it, with every key's value."""
        if self.run_id is not None:
            return {"run": self.run_id}
        said = {"preset": self.config.name}
        for key in KEYS:
            table, _, name = key.partition(".")
            value = getattr(getattr(self.config, table), name)
            if value is not None:
                said[key] = value if isinstance(value, str) else json.dumps(value)
        return said


def asked_for(visit: Visit) -> Subject:
    """Read what an address asks for; what it gets wrong is said, and the nearest sensible thing shown.

    A run that the catalog does not have, or that is damaged, leads to the paper's experiment.
    """
    if "run" in visit.query:
        try:
            return published(visit, visit.text("run"))
        except (CatalogError, RequestError) as error:
            visit.say(f"{error}. Shown is the preset {FIRST}.")
            return Subject(load_config(FIRST), {})
    preset = visit.choice("preset", list(presets()), FIRST)
    overrides: dict[str, Any] = {}
    for key in KEYS:
        if key in visit.query:
            try:
                checked(preset, {**overrides, key: parsed(visit.text(key))})
            except RequestError as error:
                if not key.startswith("data."):  # x and y only go together: judged below
                    visit.say(f"{error}. Shown is the preset's.")
                    continue
            overrides[key] = parsed(visit.text(key))
    try:
        config = checked(preset, overrides)
    except RequestError as error:
        visit.say(f"{error}. Shown is the preset {preset}.")
        return Subject(load_config(preset), {})
    return Subject(config, overrides)


def published(visit: Visit, name: str) -> Subject:
    """Find a published run by its identifier or a short name.

    Raises
    ------
    CatalogError
        If the catalog has none, or its manifest is damaged.
    """
    run_id = visit.catalog.resolve(name)
    manifest = visit.catalog.manifest(run_id)
    return Subject(configuration_of(manifest.configuration), {}, run_id)


def configuration_of(resolved: Mapping[str, Any]) -> RunConfig:
    """Read the configuration that a manifest or a cube's cell holds.

    Raises
    ------
    RequestError
        If this version does not understand it.
    """
    try:
        return RunConfig.model_validate(dict(resolved))
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise RequestError(f"the run's configuration is not understood by this version ({reason})") from None


def checked(preset: str, overrides: Mapping[str, Any]) -> RunConfig:
    """Load a preset with overrides, within what a page computes.

    Raises
    ------
    RequestError
    """
    config = load_config(preset, dict(overrides))
    if config.init.width > WIDEST:
        raise RequestError(f"init.width = {config.init.width}: at most {WIDEST:,} is computed on a page")
    if config.flow.samples > MOST_SAMPLES:
        raise RequestError(f"flow.samples = {config.flow.samples}: at most {MOST_SAMPLES:,} is computed on a page")
    return config


def parsed(text: str) -> Any:
    """Read one value as an address says it: JSON, or else a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def tree_of(subject: Subject, visit: Visit) -> xr.DataTree:
    """Open a published run, lazily, or compute what is not published.

    Raises
    ------
    CatalogError
        If the run is damaged.
    RequestError
        If the data can't be what the configuration says.
    """
    tree: xr.DataTree
    run_id = subject.run_id or subject.config.run_id(SCHEMA_VERSION)
    if subject.run_id is not None or run_id in visit.catalog:
        return opened_whole(visit.catalog, run_id)
    if visit.scratch is None:
        tree = run(subject.config)
    else:
        scratch = open_catalog(visit.scratch())
        tree = scratch[visit.compute(keep_run, subject.config, scratch)]
    return tree


def keep_run(config: RunConfig, catalog: Catalog) -> str:
    """Compute a run with all that is said of one into a catalog, unless it is there, and return its name.

    Raises
    ------
    RequestError, CatalogError
    """
    return str(run(config, catalog, progress=flow_reached).attrs["id"])
