"""``reluflow theory``: published among the sweeps, drawn, told; the second time nothing is computed."""

import json
import subprocess
import sys

import pytest
import xarray as xr
from click.testing import CliRunner

import pipeline.cli.progress
import pipeline.theory
from catalog import open_catalog
from pipeline.cli.main import main
from pipeline.theory.publishing import law_id


@pytest.fixture
def laws(monkeypatch, ladder, widths, thresholds, jumps, penalties):
    """The commands with the small laws of these tests in the place of what they would compute."""
    calls = []

    def given(law):
        def measure(*_, advance, **__):
            calls.append(law.attrs["law"])
            advance()
            return law

        return measure

    monkeypatch.setattr(pipeline.theory, "ladder_law", given(ladder))
    monkeypatch.setattr(pipeline.theory, "width_law", given(widths))
    monkeypatch.setattr(pipeline.theory, "threshold_law", given(thresholds))
    monkeypatch.setattr(pipeline.theory, "limit_law", given(jumps))
    monkeypatch.setattr(pipeline.theory, "minimum_law", given(penalties))
    return calls


def called(tmp_path, *words):
    options = ["--catalog", str(tmp_path / "catalog"), "--out", str(tmp_path / "figures")]
    return CliRunner().invoke(main, ["theory", *words, *options], catch_exceptions=False)


@pytest.mark.parametrize(
    ("law", "words", "figure"),
    [
        ("ladder", "The paper: both constants tend to 1", "theory-ladder-orthonormal"),
        ("width", "Share of 12 starts that reach the minimum norm", "theory-width"),
        ("threshold", "(the paper: e^(-Theta(n)))", "theory-threshold"),
        ("limit", "4 jumps in the time t/(-ln lambda)", "theory-limit-small-width"),
        ("minimum", "From the penalty 0.164012 on no neuron is left", "theory-minimum-non-orthogonal"),
    ],
)
def test_a_law(laws, tmp_path, law, words, figure):
    done = called(tmp_path, law)
    assert done.exit_code == 0, done.stderr
    assert words in " ".join(done.stdout.split())
    assert "Next: reluflow" in done.stdout
    for ending in ("png", "svg"):
        assert (tmp_path / "figures" / f"{figure}.{ending}").stat().st_size > 10_000
    catalog = open_catalog(tmp_path / "catalog")
    (identifier,) = catalog.sweeps.run_ids()
    assert identifier.startswith(f"{law}-")
    assert catalog.run_ids() == []
    assert catalog.verify() == []
    with xr.open_zarr(catalog.sweeps.path(identifier) / "data.zarr", group=law) as opened:
        assert opened.attrs["law"] == law
        assert all(variable.attrs["long_name"] for variable in opened.variables.values())


def test_the_next_command_names_what_was_followed(laws, tmp_path):
    done = called(tmp_path, "limit", "non-orthogonal", "--set", "init.seed=3")
    assert "reluflow run non-orthogonal --set init.seed=3 --set init.log10_scale=-1000" in done.stdout


def test_the_second_time_nothing_is_computed(laws, tmp_path):
    done, again = called(tmp_path, "limit"), called(tmp_path, "limit")
    assert "in the catalog already, nothing was computed" in again.stdout
    assert again.stdout.split("The data set is")[0] == done.stdout.split("The data set is")[0]
    assert laws == ["limit"]


def test_as_json(laws, tmp_path):
    found = json.loads(called(tmp_path, "threshold", "--json").stdout)
    assert found["cached"] is False
    assert found["path"].endswith(f"sweeps/{found['sweep_id']}")
    assert found["width_exponent"] < 0


def test_a_damaged_sweep_is_found(laws, tmp_path):
    called(tmp_path, "width")
    catalog = open_catalog(tmp_path / "catalog")
    (identifier,) = catalog.sweeps.run_ids()
    (catalog.sweeps.path(identifier) / "data.zarr" / "zarr.json").write_text("{}")
    assert [finding.run_id for finding in catalog.verify()] == [identifier]
    assert [finding.path for finding in catalog.sweeps.verify(identifier)] == ["data.zarr/zarr.json"]


def test_wrong_requests(tmp_path):
    done = called(tmp_path, "ladder", "no-such-preset")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert called(tmp_path, "width", "--seeds", "0").exit_code == 2
    assert called(tmp_path, "nothing").exit_code == 2
    for wrong, said in (
        (("--penalty", "0"), "analysis.penalty[0] = 0.0: more than 0.0 is allowed"),
        (
            ("--skip", "--set", "analysis.free_bias=true"),
            "analysis.free_bias = true: allowed without analysis.skip",
        ),
        (("--skip", "--set", "data.y=[1,2,3,4,5]", "--set", "data.x=[1,2,3,4,5]"), "fits the labels alone"),
    ):
        done = called(tmp_path, "minimum", *wrong)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert said in done.stderr
    assert not (tmp_path / "catalog").exists()


def test_help_names_the_laws():
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert "theory" in shown
    shown = CliRunner().invoke(main, ["theory", "--help"]).stdout
    assert all(law in shown for law in ("ladder", "width", "threshold", "limit", "minimum"))


def test_a_long_law_shows_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(pipeline.cli.progress, "PATIENCE", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("TERM", "xterm")
    with pipeline.cli.progress.counting("width", 3) as advance:
        for _ in range(3):
            advance()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "width" in shown.err
    assert "3/3" in shown.err
    monkeypatch.setattr(pipeline.cli.progress, "PATIENCE", 100.0)
    with pipeline.cli.progress.counting("width", 3) as advance:
        advance()
    assert capsys.readouterr().err == ""


def test_the_help_waits_for_no_library():
    code = "import sys, pipeline.cli.theory; print({'xarray', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_another_configuration_has_another_name():
    assert law_id("width", {"seeds": 3}) != law_id("width", {"seeds": 4}) != law_id("ladder", {"seeds": 4})
