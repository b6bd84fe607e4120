"""Which run a page shows: a published run, or a configuration that is computed on request.

Both have a configuration. An address says ``run=RUN_ID`` and the keys that differ from that run's
configuration, or ``preset=NAME`` and every key that the page can change (``init.log10_scale=-6``,
``data.y=[-1.0, 1.0]``), with defaults, so that a link means the same when defaults change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import xarray as xr

from catalog import SCHEMA_VERSION, Catalog, CatalogError, open_catalog
from dashboards.configuration_arrays import embed_arrays
from dashboards.page_context import PageContext, shortened
from dashboards.processes import flow_reached
from pipeline import RequestError, run
from pipeline.configuration import RunConfig, load_config, override, presets

FIRST_PRESET = "orthogonal"
"""The preset that is shown by default: the paper's experiment."""

KEYS = (
    "data.x", "data.y", "init.log10_scale", "init.width", "init.seed", "init.start", "init.per_sqrt_width",
    "flow.end_time", "flow.slope", "flow.tolerance", "flow.samples", "analysis.epsilon",
)  # fmt: skip
"""The keys of an address, in its order; a key without a value (no end time) is left out."""

TABLES = ("data.", "init.", "flow.", "analysis.")
"""How a key of a configuration begins: one that is not among :data:`KEYS` is said to be unknown."""
WIDTH_LIMIT = 20_000
"""Neurons that a page computes; for more there is ``reluflow run``, whose result a page opens."""
SHARED_BYTES = 16_000_000
"""A computed run of at most this size is in memory for all visitors: the paper's experiment has one million."""
SAMPLES_LIMIT = 2_000
"""Samples that a page computes."""
SEED_LIMIT = 2**53 - 1
"""The largest whole number that a browser represents exactly."""


@dataclass(frozen=True)
class RunSelection:
    """The run that is selected.

    Attributes
    ----------
    config
        Its configuration.
    overrides
        The keys that differ from the preset or the run that it starts from.
    run_id
        The identifier of a published run; None for one that is computed.
    source
        The published run whose configuration the overrides change; None for a preset's.
    preset
        The preset that it starts from; without one, the preset with the configuration's name.
    """

    config: RunConfig
    overrides: Mapping[str, Any]
    run_id: str | None = None
    source: str | None = None
    preset: str | None = None

    def query(self) -> dict[str, str]:
        """Write the selection as parameters of an address: all keys of a preset, those that differ of a run."""
        if self.run_id is not None:
            return {"run": self.run_id}
        # A configuration with other data than its preset has a name of its own; all its keys follow below.
        name = self.preset or (self.config.name if self.config.name in presets() else FIRST_PRESET)
        said = {"run": self.source} if self.source else {"preset": name}
        for key in KEYS:
            table, _, name = key.partition(".")
            value = getattr(getattr(self.config, table), name)
            if key in self.overrides if self.source else value is not None:
                said[key] = value if isinstance(value, str) else json.dumps(value)
        return said


def read_selection(context: PageContext) -> RunSelection:
    """Read the selection from an address; invalid parameters are corrected, with messages.

    In place of a run that is missing or damaged the paper's experiment is selected.
    """
    if "run" not in context.query:
        return apply_address_keys(select_preset(context.choice("preset", list(presets()), FIRST_PRESET)), context)
    try:
        return apply_address_keys(select_published(context.catalog, context.text("run")), context)
    except (CatalogError, RequestError) as error:
        context.say(f"{error}. Shown is the preset {FIRST_PRESET}.")
        return select_preset(FIRST_PRESET)


def apply_address_keys(selection: RunSelection, context: PageContext) -> RunSelection:
    """Change the keys that an address gives besides the preset or the run."""
    which = f"the preset {selection.preset}" if selection.run_id is None else f"the run {selection.run_id}"
    keys: dict[str, Any] = {}
    if unknown := [shortened(key) for key in context.query if key.startswith(TABLES) and key not in KEYS]:
        context.say(f"{', '.join(unknown[:3])}: not known as a key of an address; allowed are {', '.join(KEYS)}.")
    for key in KEYS:
        if key in context.query:
            value = parse_value(context.text(key))
            try:
                change_keys(selection, {**keys, key: value}, context.catalog)
            except RequestError as error:
                if not key.startswith("data."):  # x and y are checked together below
                    context.say(f"{error}. Shown is the value of {which}.")
                    continue
            keys[key] = value
    try:
        return change_keys(selection, keys, context.catalog) if keys else selection
    except RequestError as error:
        context.say(f"{error}. Shown is {which}.")
        return selection


def select_preset(name: str) -> RunSelection:
    """Select a preset without changes."""
    return RunSelection(load_config(name), {}, preset=name)


def select_published(catalog: Catalog, name: str) -> RunSelection:
    """Select a published run by its identifier or a short name.

    Raises
    ------
    CatalogError
        If the catalog has no such run, or its manifest is damaged.
    """
    run_id = catalog.resolve(name)
    return RunSelection(read_configuration(catalog.manifest(run_id).configuration), {}, run_id)


def change_keys(selection: RunSelection, keys: Mapping[str, Any], catalog: Catalog) -> RunSelection:
    """Change some keys of a selection; all else of its configuration stays as it is.

    Parameters
    ----------
    keys
        Dotted keys, as :func:`pipeline.configuration.override` takes them.
    catalog
        The catalog of a published run: the files of its configuration may not be on this machine.

    Raises
    ------
    RequestError
        If a value is not allowed, or the run is too large for a page.
    CatalogError
        If the run's arrays can't be read.
    """
    config, run_id = selection.config, selection.run_id
    if run_id is not None:
        config = embed_arrays(config, lambda: catalog[run_id])
    config = check_page_limits(override(config, dict(keys)))
    source = selection.source or run_id
    return RunSelection(config, {**selection.overrides, **keys}, source=source, preset=selection.preset)


def read_configuration(resolved: Mapping[str, Any]) -> RunConfig:
    """Read the configuration of a manifest or of a cube's cell.

    Raises
    ------
    RequestError
        If this version does not understand it.
    """
    try:
        return RunConfig.model_validate(dict(resolved))
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise RequestError(f"this version cannot read the run's configuration ({reason})") from None


def check_page_limits(config: RunConfig) -> RunConfig:
    """Return the configuration if a page may compute it.

    Raises
    ------
    RequestError
        If it is too large for a page.
    """
    if config.init.width > WIDTH_LIMIT:
        raise RequestError(f"init.width = {config.init.width}: a page computes at most {WIDTH_LIMIT:,} neurons")
    if config.init.seed > SEED_LIMIT:
        raise RequestError(f"init.seed = {config.init.seed}: a page accepts at most {SEED_LIMIT}")
    if config.flow.samples > SAMPLES_LIMIT:
        raise RequestError(
            f"flow.samples = {config.flow.samples}: a page computes at most {SAMPLES_LIMIT:,} samples"
        )
    return config


def parse_value(text: str) -> Any:
    """Read a value of an address: JSON, or else a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def open_tree(selection: RunSelection, context: PageContext) -> xr.DataTree:
    """Open a published run, lazily, or compute one that is not published.

    Raises
    ------
    CatalogError
        If the run is damaged.
    RequestError
        If the data can't be what the configuration says.
    """
    tree: xr.DataTree
    run_id = selection.run_id or selection.config.run_id(SCHEMA_VERSION)
    if selection.run_id is not None or run_id in context.catalog:
        tree = context.catalog.whole(run_id)
        return tree
    if context.scratch is None:
        tree = run(selection.config)
        return tree
    try:
        tree = context.share(
            ("run", selection.config.model_dump_json()), partial(computed_tree, selection, context)
        )
    except LargeRunError as error:
        return error.tree
    return tree


class LargeRunError(Exception):
    """A computed run is too large to be shared; it is this visitor's alone, in the folder of his page."""

    def __init__(self, tree: xr.DataTree) -> None:
        super().__init__(f"{tree.nbytes} bytes")
        self.tree = tree


def computed_tree(selection: RunSelection, context: PageContext) -> xr.DataTree:
    """Compute a run with all its groups, and read it into memory, where all visitors can use it."""
    assert context.scratch is not None
    scratch = open_catalog(context.scratch())
    tree: xr.DataTree = scratch[context.compute(publish_run, selection.config, scratch)]
    if tree.nbytes > SHARED_BYTES:
        raise LargeRunError(tree)
    loaded: xr.DataTree = tree.load()
    return loaded


def publish_run(config: RunConfig, catalog: Catalog) -> str:
    """Compute a run with all its groups and publish it, unless the catalog has it; return its identifier.

    Raises
    ------
    RequestError, CatalogError
    """
    return str(run(config, catalog, progress=flow_reached).attrs["id"])
