"""Where one configuration's neurons align, and the command that lists it."""

import json

import pytest

from pipeline import load_config
from pipeline.theory import aligned_start, direction_rows


def test_every_neuron_is_counted_once_where_it_goes():
    found = aligned_start(load_config("non-orthogonal"))
    rows = direction_rows(found)
    counted = sum(row["positive"] + row["negative"] for row in rows)
    assert counted + int((found["partner"].values < 0).sum()) == 60
    # Neurons with a > 0 go to maxima of G, those with a < 0 to its minima; these do not grow where G > 0.
    for row in rows:
        assert (row["positive"] > 0) == (row["kind"] == "maximum")
        assert (row["negative"] > 0) == (row["kind"] == "minimum")
        assert (row["escape"] is None) == (row["kind"] == "minimum")
        assert row["least_cosine"] > 0.9999
    assert rows[0]["escape"] == pytest.approx(-float(found["log_init_scale"]) / rows[0]["value"])


def test_the_command_lists_them(reluflow):
    done = reluflow("theory", "directions", "orthogonal")
    assert done.exit_code == 0
    assert "orthogonal: 2 extremal directions of the labels; all listed" in done.stdout
    assert "24 neurons of 60 end where they feel no force" in done.stdout
    told = json.loads(reluflow("theory", "directions", "orthogonal", "--json").stdout)
    assert [(row["kind"], row["positive"], row["negative"]) for row in told["directions"]] == [
        ("maximum", 18, 0),
        ("minimum", 0, 18),
    ]


def test_a_large_start_is_refused(reluflow):
    done = reluflow("theory", "directions", "orthogonal", "--set", "init.log10_scale=1")
    assert done.exit_code == 2
    assert "does not align" in done.stderr


def test_what_would_take_minutes_is_refused(reluflow):
    done = reluflow("theory", "directions", "student")
    assert done.exit_code == 2
    assert (
        "data.points = 10000 and init.width = 50: directions are followed where their product is at most"
        in done.stderr
    )
