"""Runs of a catalog by their names, and runs that go on from another one."""

import numpy as np
import pytest

from catalog import UnknownRunError, open_catalog
from pipeline import RequestError, generate_data, load_config, open_run, run, simulate
from pipeline.upkeep.evidence import judge
from pipeline.workflow.named_runs import pin_source, source_start


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """With a quick run of each of three presets, one of them from a start of 1e-1000."""
    catalog = open_catalog(tmp_path_factory.mktemp("named") / "catalog")
    for name, keys in SOURCES.items():
        run(load_config(name, keys | QUICK), catalog)
    return catalog


QUICK = {"flow.samples": 30, "flow.tolerance": 1e-9}
SOURCES = {
    "orthogonal": {"init.width": 6, "init.log10_scale": -1000},
    "unbalanced": {"init.width": 5},
    "leaky": {"init.width": 5},
}


def source_of(catalog, name):
    return load_config(name, SOURCES[name] | QUICK).run_id("1.2")


def going_on(catalog, name, time=None, **more):
    """The configuration that goes on from the first run of that name."""
    keys = {"init.start": "run", "init.from_run": source_of(catalog, name), "init.from_time": time}
    unset = dict.fromkeys(("init.width", "init.seed", "init.log10_scale", "init.per_sqrt_width"))
    return load_config(name, unset | keys | more)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("share", [0.3, 0.62])
def test_going_on_gives_the_run_s_own_residuals(catalog, name, share):
    """From any time of it, between its samples too, within the two runs' own errors (10 tolerances at 1e-1000)."""
    known = catalog[source_of(catalog, name)]["trajectory"].to_dataset()
    times = known["time"].values
    middle = float(share * times[-1])
    config = pin_source(going_on(catalog, name, middle), catalog)
    later = times > middle
    found = simulate(
        generate_data(config.data), source_start(config, catalog), sample_times=[0.0, *(times[later] - middle)],
        slope=config.flow.slope, tolerance=1e-9,
    )  # fmt: skip
    difference = np.abs(found["residual"].values[1:] - known["residual"].values[later])
    assert difference.max() < 2e-8 * np.abs(known["residual"].values[0]).max()


def test_it_is_a_run_of_its_own(catalog):
    again = run(going_on(catalog, "leaky"), catalog)
    assert again.attrs["id"] in catalog
    source = source_of(catalog, "leaky")
    end = catalog[source]["trajectory"].isel(time=-1)
    np.testing.assert_array_equal(again["trajectory"]["log_norm"].values[0], end["log_norm"].values)
    groups = {group: node.to_dataset() for group, node in again.children.items()}
    assert judge(catalog.manifest(again.attrs["id"]), groups) == [f"its start, which comes from the run {source}"]


def test_the_name_of_the_new_run_does_not_depend_on_how_the_source_is_called(catalog):
    whole = going_on(catalog, "unbalanced")
    short = going_on(catalog, "unbalanced", **{"init.from_run": whole.init.from_run[:-3]})
    names = {pin_source(config, catalog).run_id("1.2") for config in (whole, short)}
    assert len(names) == 1
    assert pin_source(short, catalog).init.width == 5


@pytest.mark.parametrize(
    ("time", "more", "error", "said"),
    [
        (1e9, {}, RequestError, "init.from_time = 1e\\+09: from 0 to"),
        (None, {"init.width": 3}, RequestError, "init.width = 3: allowed is 6"),
        (None, {"init.from_run": "nothing"}, UnknownRunError, "nothing"),
    ],
)
def test_what_can_not_be_gone_on_from(catalog, time, more, error, said):
    with pytest.raises(error, match=said):
        run(going_on(catalog, "orthogonal", time, **more), catalog)
    with pytest.raises(RequestError, match="allowed with a catalog only"):
        run(going_on(catalog, "orthogonal"))


def test_a_run_is_opened_by_the_beginning_of_its_name(catalog):
    run_id = source_of(catalog, "orthogonal")
    assert open_run(run_id[:-2], catalog).attrs["id"] == run_id
