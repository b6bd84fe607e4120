"""What a person is told of runs of every kind: in words where there is no number, and never a nan."""

from __future__ import annotations

import json
from copy import deepcopy
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from amounts import with_slow
from rich.console import Console

from catalog.manifest import Manifest
from pipeline import load_config, run
from pipeline.cli import report
from pipeline.cli.summary import NUMBERS, TEXTS
from pipeline.flow.course import describe_end
from pipeline.network.status import Status
from pipeline.workflow.summary import summarise

WIDTH = 160


def manifest_of(name: str, **overrides) -> Manifest:
    config = load_config(name, {key.replace("__", "."): value for key, value in overrides.items()})
    return Manifest(
        run_id=config.run_id("1.0"), schema_version="1.0", created="2026-01-01T00:00:00+00:00",
        configuration=config.resolved(), summary=summarise(run(config)), provenance={}, files={},
    )  # fmt: skip


def said(manifest: Manifest, summary: dict | None = None, configuration: dict | None = None) -> list[str]:
    """The report's lines, without the padding of its tables; ``summary`` and ``configuration`` override."""
    manifest.summary.update(summary or {})
    for group, keys in (configuration or {}).items():
        manifest.configuration[group].update(keys)
    file = StringIO()
    console = Console(file=file, width=WIDTH, markup=False, highlight=False)
    report.print_report(console, manifest, Path("/place"), cached=False, seconds=1.5)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


@pytest.fixture(scope="module")
def computed() -> Manifest:
    """Of one quick run, for all tests here."""
    return manifest_of("orthogonal", init__width=6, flow__samples=20, init__seed=4)


@pytest.fixture
def plain(computed) -> Manifest:
    """A copy that may be changed."""
    return deepcopy(computed)


def test_every_report_says_n_and_d(plain):
    assert said(plain)[1].startswith("n = 2 points in d = 2 coordinates (x, bias); 6 neurons, ")
    found = report.as_json(plain, "/place", False, 1.0)
    assert (found["number_of_points"], found["number_of_coordinates"]) == (2, 2)
    many = manifest_of(
        "high-dimensional", init__width=3, flow__samples=5, flow__end_time=1.0, data__points=9, data__dimension=20
    )
    assert said(many)[1].startswith("n = 9 points in d = 20 coordinates (x1, x2, x3, x4, x5, x6, ...); ")
    one = manifest_of("orthogonal", data={"x": [[1.0]], "y": [1.0]}, init__width=2, flow__samples=5)
    assert said(one)[1].startswith("n = 1 point in d = 1 coordinate (x); 2 neurons, ")


def test_a_manifest_of_before_they_were_noted(plain):
    del plain.summary["number_of_points"]
    assert said(plain)[1].startswith("6 neurons, ")


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({}, "6 neurons, balanced start, lambda = 10^-6/sqrt(m), seed 4: "),
        (
            {"init": {"per_sqrt_width": False, "log10_scale": 0.3}},
            "6 neurons, balanced start, lambda = 10^0.3, seed 4: ",
        ),
        ({"init": {"width": 1}}, "1 neuron, balanced start, "),
        ({"init": {"start": "unbalanced"}}, "6 neurons, unbalanced start, lambda = 10^-6/sqrt(m), seed 4: "),
        ({"init": {"start": "given"}}, "6 neurons, given start: "),
        ({"init": {"start": "given", "file": "mine.npz"}}, "6 neurons, given start from mine.npz: "),
        ({"flow": {"slope": -0.25}}, "seed 4, leaky ReLU of slope -0.25: "),
        ({"flow": {"method": "scipy:RK45"}}, "seed 4, by scipy:RK45: "),
        (
            {"flow": {"method": "gradient_descent:balanced", "step_size": 0.002, "slope": 0.1}},
            "seed 4, leaky ReLU of slope 0.1, by gradient_descent:balanced with step 0.002: ",
        ),
    ],
)
def test_the_header(plain, configuration, words):
    assert words in " ".join(said(plain, configuration=configuration)[1:3])


def test_the_papers_own_setting_has_no_caveats(plain):
    lines = said(plain, configuration={"flow": {"samples": 400}})
    at = lines.index("The paper's assumptions: 1 holds up to scaling, 2 holds, 3 holds.")
    assert lines[at + 1].startswith("17 of the paper's 18 statements hold, 1 fails, 0 do not apply: reluflow show")
    assert lines[at + 2] == "7 of the 7 statements on any data hold, 0 fail, 0 do not apply"
    assert lines[at + 3] == ""
    assert any(
        line.startswith("least 1/2 |theta|^2 that fits the data 1.341640786 (certified from below: gap")
        for line in lines
    )


def test_a_coarse_t1_is_said(plain):
    coarse = "t1 is one of the 20 samples, and as coarse as they lie: --set flow.samples=400 is finer."
    assert coarse not in said(plain)  # the exact method tells it
    assert coarse in said(plain, configuration={"flow": {"method": "gradient_descent"}})


@pytest.mark.parametrize(
    ("name", "overrides", "expected"),
    [
        (
            "non-orthogonal",
            {"flow__samples": 30},
            [
                "least 1/2 |theta|^2 that fits the data 8.203976956 (certified from below: gap 1e-10)",
                "alignment t1 = never 5.912 -epsilon ln(lambda)/|D_-|",
                "The paper's assumptions: 1 FAILS, 2 holds, 3 holds.",
                "The inputs are not orthogonal (largest cosine 0.981): "
                "the paper's formulas for the times are not guaranteed for these data.",
            ],
        ),
        (
            "leaky",
            {"flow__samples": 30},
            [
                "least 1/2 |theta|^2 that fits the data 1.334982478 (certified from below: gap 2e-12)",
                "The ReLU is leaky: the paper promises no bias to the minimum norm.",
            ],
        ),
        (
            "unbalanced",
            {"flow__samples": 30},
            ["The start is not balanced: the paper proves its lemmas for |a_j| = |w_j|."],
        ),
        # Two labels on one ray that contradict each other.
        (
            "orthogonal",
            {"data": {"x": [[1.0], [2.0]], "y": [1.0, 1.0]}, "flow__samples": 30, "init__width": 6},
            [
                "least 1/2 |theta|^2 that fits the data no network fits these labels: points on one ray have "
                "labels that contradict each other"
            ],
        ),
        # One-dimensional data without a bias whose D_+ vanishes, and no negative label at all.
        (
            "orthogonal",
            {"data": {"x": [[1.0], [-1.0]], "y": [1.0, 1.0]}, "flow__samples": 30, "init__width": 6},
            ["alignment t1 = never -", "fitting negative labels t3 = never -"],
        ),
    ],
)
def test_what_does_not_exist_is_said_in_words(name, overrides, expected):
    manifest = manifest_of(name, **overrides)
    lines = said(manifest)
    for line in expected:
        assert line in lines
    assert "nan" not in " ".join(lines).lower()
    # The same run for a program: strict JSON, null where there is no number.
    text = json.dumps(report.as_json(manifest, Path("/place"), False, 1.0), allow_nan=False)
    known = not np.isnan(manifest.summary["minimal_half_squared_norm"])
    assert (json.loads(text)["minimal_half_squared_norm"] is not None) == known


def test_sliding_neurons_are_counted(plain):
    assert not any("boundary" in line for line in said(plain))
    assert "neurons that end sliding on a boundary 3" in said(plain, {"sliding_neurons": 3})


def test_the_kind_of_a_stationary_point(plain):
    words = "Nothing moves. It is a strict saddle: the Hessian's smallest eigenvalue is -0.0123."
    known = {"status_message": "Nothing moves.", "hessian_smallest_eigenvalue": -0.012345}
    assert words in said(plain, known | {"stationary_kind": "strict saddle"})
    assert "Nothing moves." in said(plain, known | {"stationary_kind": "unknown"})
    flat = known | {"hessian_smallest_eigenvalue": 0.0}
    reason = {"stationary_reason": "neuron 3 on the boundary of point 2 descends"}
    words = "Nothing moves. It is not a minimum: neuron 3 on the boundary of point 2 descends."
    assert words in said(plain, flat | {"stationary_kind": "boundary descent"} | reason)
    reason = {"stationary_reason": "no direction of first or second order descends"}
    words = "Nothing moves. It is a local minimum: no direction of first or second order descends."
    assert words in said(plain, flat | {"stationary_kind": "local minimum"} | reason)
    reason = {"stationary_reason": "too many boundaries meet at one of its neurons"}
    words = "Nothing moves. Whether it is a minimum is undecided: too many boundaries meet at one of its neurons."
    assert words in said(plain, flat | {"stationary_kind": "undecided"} | reason)


def test_a_network_that_can_not_move_has_one_plateau_and_says_so():
    """One neuron that is off at both points: 201 plateaus were printed."""
    manifest = manifest_of(
        "orthogonal", data={"x": [[1.0], [2.0]], "y": [1.0, 2.0], "bias": False}, init__width=1, init__seed=4
    )
    assert manifest.summary["plateaus"] == 1
    lines = said(manifest)
    at = lines.index("plateau t from to loss distance to it stationary point labels fitted limit: t from loss")
    assert lines[at + 1] == "origin 0 0 1.25 0 local minimum 0 of 2 0 1.25"
    assert not lines[at + 2].startswith("plateau")
    assert any("The network can't move from its start. It is a local minimum:" in line for line in lines)


def test_a_minimum_over_sampled_patterns_is_a_bound(plain):
    method = "convex program over 17 sampled patterns: the value is an upper bound"
    lines = said(plain, {"minimal_norm_method": method, "lower_bound": 0.18, "minimal_half_squared_norm": 0.275})
    assert "least 1/2 |theta|^2 that fits the data 0.275 (an upper bound; at least 0.18)" in lines


@pytest.mark.parametrize("status", Status)
def test_every_status(plain, status):
    """Its sentence is in the report; what the flow calls incomplete is a failure."""
    summary = {"status": status.word, "status_message": status.value}
    lines = said(plain, summary)
    assert status.value in " ".join(lines)
    assert any(line.startswith("convergence ") for line in lines) == (status is Status.CONVERGED)
    assert report.succeeded(plain.summary) == status.complete


def test_the_plateaus_are_a_table():
    """Where, at what loss, at what kind of point, how many labels fitted; and nothing where there are none."""
    lines = said(manifest_of("orthogonal"))
    at = lines.index("plateau t from to loss distance to it stationary point labels fitted limit: t from loss")
    assert lines[at + 1].startswith("origin 0 10.65 0.5 1.7e-06 strict saddle (46 negative eigenvalues) 0 of 2")
    assert lines[at + 2].startswith("plateau 1 13.33 22.45 0.249996")
    assert lines[at + 2].endswith("strict saddle (18 negative eigenvalues) 1 of 2 14.19 0.25")
    assert lines[at + 3].startswith(
        "As lambda -> 0: 2 jumps, to the losses 0.25, 0; in the end 1/2 |theta|^2 = 1.3416"
    )
    assert "directions the neurons have merged into 2; 2 kinks within the data's range" in lines
    assert not any(line.startswith("plateau") for line in said(manifest_of("orthogonal-large")))
    assert any("no stationary point near" in line for line in said(manifest_of("leaky")))


def test_the_plateaus_are_objects_in_json(plain):
    rows = report.as_json(plain, Path("/place"), cached=False, seconds=1.0)["plateau_table"]
    assert [row["label"] for row in rows] == ["origin", "saddle_1"]
    assert [row["name"] for row in rows] == ["origin", "plateau 1"]
    assert rows[1]["kind"] == "strict_saddle"
    assert (rows[1]["labels_fitted"], rows[1]["labels"]) == (1, 2)


def test_where_the_norm_is_above_the_minimum_the_functions_are_compared():
    lines = said(manifest_of("non-orthogonal"))
    (line,) = [line for line in lines if line.startswith("|h - h of that network|, between the data")]
    assert line.endswith("e-09 at most")
    assert not [line for line in said(manifest_of("orthogonal")) if "its function" in line]


@pytest.mark.parametrize(
    ("ended", "word"), [(Status.CONVERGED, "convergence"), (Status.END_TIME, "the end of the run")]
)
def test_the_last_phase_of_a_run_that_was_not_unique(plain, ended, word):
    status, message = describe_end(ended, ambiguous=1, contradictory=False)
    lines = said(plain, {"status": status.word, "status_message": message})
    assert any(line.startswith(word) for line in lines)


WRONG = {"missing": None, "a text": "\x1b[31m", "a truth value": True, "nothing": None, "infinite": float("inf")}


@pytest.mark.parametrize("step", [len(WRONG), pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", with_slow(["missing", "a text"], ["a truth value", "nothing", "infinite"]))
def test_a_summary_that_lacks_a_key(plain, kind, step):
    """Each key in turn, and all at once: never a traceback, and what is missing is named.

    The fast test puts one kind of wrong value into each key, another into the next.
    """
    whole = dict(plain.summary)
    for name in list(whole)[list(WRONG).index(kind) % step :: step]:
        summary = whole | {name: WRONG[kind]}
        if kind == "missing":
            del summary[name]
        plain.summary.clear()
        lines = said(plain, summary)
        if kind == "missing" and name in (*NUMBERS, *TEXTS):
            assert f"Its summary does not tell {name}: it is an older version's, or damaged." in lines
        report.print_details(Console(file=StringIO()), plain, Path("/place"))
        found = report.as_json(plain, "/place", True, 0.0)
        assert found.keys() >= {"status", "final_loss", "half_squared_norm", "minimal_half_squared_norm"}
        json.dumps(found, allow_nan=False)
    plain.summary.clear()
    assert said(plain, {})
    assert not report.succeeded(plain.summary)


@pytest.mark.parametrize("table", ["[1]", "[[]]", "{}", "no json", "[" * 10**4, '[{"label": 1}]', "null"])
def test_a_table_of_plateaus_that_is_none(plain, table):
    assert said(plain, {"plateau_table": table})
    assert report.as_json(plain, "/place", True, 0.0)["plateau_table"] == []


@pytest.mark.parametrize("name", ["init", "flow", "data", "analysis", "title"])
@pytest.mark.parametrize("value", [None, {}, [], "text", {"width": {}}])
def test_a_configuration_that_is_none(plain, name, value):
    plain.configuration[name] = value
    said(plain)
    report.print_details(Console(file=StringIO()), plain, Path("/place"))
    del plain.configuration[name]
    said(plain)
