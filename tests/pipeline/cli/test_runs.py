"""The command line as it is meant to be used: presets, run, list, show, verify, figures."""

import json
import shutil
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import pipeline.workflow.computation
from catalog import open_catalog
from catalog.schema import SCHEMA_VERSION, STATEMENTS
from pipeline.configuration import load_config, presets
from pipeline.figures import write_animations


def strict(text):
    """Read one strict JSON value; a bare NaN is an error."""
    return json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


@pytest.fixture
def computes_nothing(monkeypatch):
    def nothing(*_, **__):
        raise AssertionError("computed")

    for stage in ("prepare", "compute"):
        monkeypatch.setattr(pipeline.workflow.computation, stage, nothing)


# run


def test_the_papers_experiment(reluflow, here):
    """The report of one screen has the phases beside the paper's, the fit, the norm, the place, the next step."""
    done = reluflow("run", "orthogonal")
    assert done.exit_code == 0
    (run,) = (here / "catalog-data" / "runs").iterdir()
    lines = done.stdout.splitlines()
    assert len(lines) <= 34
    report = " ".join(done.stdout.split())
    for words in (
        "The paper's experiment: two orthogonal points, small balanced start",
        "60 neurons, balanced start, lambda = 10^-6/sqrt(m), seed 0:",
        "alignment t1 = ",
        "-epsilon ln(lambda)/|D_-|",
        "fitting positive labels t2 = 14.4",
        "14.19 -ln(lambda)/|D_+|",
        "fitting negative labels t3 = 29.99 28.38 -ln(lambda)/|D_-|",
        "1/2 |theta|^2 at the end 1.34164078",
        "least 1/2 |theta|^2 that fits the data 1.341640786 (certified from below: gap",
        "plateau 1 13.33 22.45 0.249996",
        "The residual fell below 1e-12 of the labels, or to its own rounding: the network fits the data.",
        "The paper's assumptions: 1 holds up to scaling, 2 holds, 3 holds.",
        f"The run is {run}",
        f"Next: reluflow figures {run.name} --out figures draws",
    ):
        assert words in report
    assert done.stderr == "" or done.stderr.startswith("Compil")
    assert open_catalog(here / "catalog-data").verify() == []


def test_the_second_time_nothing_is_computed(reluflow, quick, filled, computes_nothing, contents):
    before = contents(filled)
    done = reluflow("run", "orthogonal", *quick, "--catalog", filled)
    assert done.exit_code == 0
    assert "in the catalog already, nothing was computed" in done.stdout
    assert strict(reluflow("run", "orthogonal", *quick, "--catalog", filled, "--json").stdout)["cached"] is True
    assert contents(filled) == before
    with pytest.raises(AssertionError, match="computed"):
        reluflow("run", "orthogonal", "--catalog", filled)


def test_run_as_json(reluflow, here, quick):
    """The public keys, and every scalar result."""
    done = reluflow("run", "orthogonal", *quick, "--json")
    found = strict(done.stdout)
    assert len(done.stdout.splitlines()) == 1
    promised = {
        "run_id", "path", "cached", "status", "seconds", "final_loss", "half_squared_norm",
        "minimal_half_squared_norm", "statements",
    }  # fmt: skip
    assert promised <= set(found)
    overrides = {"init.width": 6, "flow.samples": 20, "init.seed": 4}
    assert found["run_id"] == load_config("orthogonal", overrides).run_id(SCHEMA_VERSION)
    assert found["path"] == str(here / "catalog-data" / "runs" / found["run_id"])
    assert (Path(found["path"]) / "manifest.json").is_file()
    assert (found["cached"], found["status"]) == (False, "converged")
    assert 0 < found["solver_seconds"] < found["seconds"] < 60
    assert found["final_loss"] < 1e-20
    assert found["minimal_half_squared_norm"] == pytest.approx(1.3416407865, abs=1e-10)
    assert found["half_squared_norm"] == pytest.approx(1.3416407865, rel=1e-3)
    assert tuple(found["statements"]) == STATEMENTS
    # 20 samples are enough: the directions at the end of the alignment are read from the flow.
    assert "not_applicable" not in found["statements"].values()
    again = strict(reluflow("run", "orthogonal", *quick, "--json").stdout)
    assert again == found | {"cached": True, "seconds": again["seconds"]}


def test_what_json_has_no_number_for_is_null(reluflow):
    """A neuron alone never fits the larger label: t2 does not exist."""
    done = reluflow("run", "orthogonal", "--set", "init.width=1", "--set", "init.seed=1", "--json")
    assert done.exit_code == 0
    found = strict(done.stdout)
    assert found["status"] == "stationary"
    assert found["t2"] is None
    assert found["t3"] > 0
    one_sign = strict(reluflow("run", "orthogonal", "--set", "data.y=[1, 1]", "--json").stdout)
    assert one_sign["growth_ratio"] is None
    text = reluflow("run", "orthogonal", "--set", "init.width=1", "--set", "init.seed=1").stdout
    assert "t2 = never" in text
    listed = strict(reluflow("list", "--json").stdout)["runs"]
    assert [run["growth_ratio"] for run in listed if run["run_id"] == one_sign["run_id"]] == [None]
    assert "t3 = never  -" in reluflow("run", "orthogonal", "--set", "data.y=[1, 1]").stdout


def test_overrides(reluflow, here, quick):
    done = reluflow(
        "run", "orthogonal", *quick, "--set", "init.log10_scale=-1000", "--set", "init.width=9", "--json"
    )
    found = strict(done.stdout)
    configuration = open_catalog(here / "catalog-data").manifest(found["run_id"]).configuration
    assert configuration["init"] == load_config("orthogonal").init.model_dump() | {
        "width": 9, "log10_scale": -1000.0, "seed": 4,
    }  # fmt: skip
    assert found["status"] == "converged"
    assert found["t3"] == pytest.approx(found["t3_predicted"], rel=1e-3)


def test_ones_own_data_from_another_folder(reluflow, here, monkeypatch):
    """A TOML file with a CSV beside it; where one stands does not matter."""
    (here / "my data (1)").mkdir()
    (here / "my data (1)" / "my points.csv").write_text("height,width,y\n1,0,1\n0,2,-1\n")
    mine = here / "my data (1)" / "my run [x].toml"
    mine.write_text('title = "[mine] [/red] :smile:"\n[data]\nfile = "my points.csv"\n[init]\nwidth = 20\n')
    done = reluflow("run", mine, "--catalog", here / "a [/b] c")
    assert done.exit_code == 0
    assert done.stdout.startswith("[mine] [/red] :smile:\n")  # no markup
    (run,) = (here / "a [/b] c" / "runs").iterdir()
    assert run.name.startswith("my-run-x-")
    assert f"The run is {run}" in done.stdout
    monkeypatch.chdir(here / "my data (1)")
    assert strict(reluflow("run", mine.name, "--catalog", here / "a [/b] c", "--json").stdout)["cached"]
    shutil.copytree(here / "my data (1)", here / "moved")
    assert strict(reluflow("run", "../moved/my run [x].toml", "--catalog", here / "a [/b] c", "--json").stdout)[
        "cached"
    ]
    shown = reluflow("show", "my-run-x", "--catalog", here / "a [/b] c")
    assert shown.exit_code == 0
    assert str(run / "data.zarr") in shown.stdout
    assert "[mine] [/red] :smile:" in shown.stdout
    catalog = open_catalog(here / "a [/b] c")
    tree = catalog[run.name]
    assert catalog.manifest(run.name).configuration["data"]["file"] == "my points.csv"
    assert str(here) not in str(tree.attrs)  # whose folders these were is nobody's business
    assert tree["data"]["coord"].attrs["labels"] == "height width"
    np.testing.assert_array_equal(tree["data"]["y"], [1, -1])


def test_a_run_that_did_not_end_well_is_a_failure(reluflow, quick, monkeypatch):
    import importlib

    monkeypatch.setattr(importlib.import_module("pipeline.flow.course"), "MOST_STEPS", 20)
    done = reluflow("run", "orthogonal", *quick, "--json")
    assert done.exit_code == 1
    assert strict(done.stdout)["status"] == "out_of_steps"
    again = reluflow("run", "orthogonal", *quick)  # cached or not
    assert again.exit_code == 1
    assert "The allowed number of steps was used up" in again.stdout


def test_too_little_memory_is_one_line(reluflow, quick, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError("Unable to allocate 149. GiB")

    monkeypatch.setattr(pipeline.workflow.computation, "compute", greedy)
    done = reluflow("run", "orthogonal", *quick)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "reluflow: there is not enough memory for this: Unable to allocate 149. GiB\n"


# presets, list, show


def test_presets(reluflow):
    done = reluflow("presets")
    assert done.exit_code == 0
    titles = strict(reluflow("presets", "--json").stdout)
    assert titles == {name: load_config(name).title for name in presets()}
    for name, title in titles.items():
        assert any(line.split(maxsplit=1) == [name, title] for line in done.stdout.splitlines())
    assert "Next: reluflow run NAME" in done.stdout


@pytest.fixture
def several(filled, here):
    """The three runs of ``filled``, in ./catalog-data and free to be damaged: widths 6, 8, and orthonormal."""
    shutil.copytree(filled, here / "catalog-data")
    overrides = {"init.seed": 4, "flow.samples": 20}
    return [
        load_config(name, overrides | {"init.width": width}).run_id(SCHEMA_VERSION)
        for name, width in (("orthogonal", 6), ("orthogonal", 8), ("orthonormal", 6))
    ]


def test_list(reluflow, several):
    done = reluflow("list")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["run", "n", "d", "width"]
    assert [line.split()[1:3] for line in lines[1:4]] == [["2", "2"], ["2", "2"], ["4", "4"]]
    assert {line.split()[0] for line in lines[1:4]} == set(several)
    assert "3 runs. Next: reluflow show RUN" in done.stdout
    chosen = reluflow("list", "--where", "width == 6 and init.seed == 4")
    assert several[1] not in chosen.stdout
    assert "2 runs." in chosen.stdout
    assert "1 run." in reluflow("list", "--where", "width > 6").stdout


def test_list_as_json(reluflow, several, here):
    found = strict(reluflow("list", "--json").stdout)
    assert found["damaged"] == {}
    assert {run["run_id"] for run in found["runs"]} == set(several)
    manifest = open_catalog(here / "catalog-data").manifest(several[1])
    (run,) = [run for run in found["runs"] if run["run_id"] == several[1]]
    assert (run["width"], run["init.width"], run["init.log10_scale"]) == (8, 8, -6.0)
    assert manifest.created.startswith(run["created"])
    assert run["data.x"] == "[[-0.5], [2.0]]"
    assert run["data.file"] is None
    assert {name: run[name] for name in manifest.summary} == manifest.summary | {
        name: None for name, value in manifest.summary.items() if value != value
    }
    only = strict(reluflow("list", "--where", "width == 8", "--json").stdout)
    assert [run["run_id"] for run in only["runs"]] == [several[1]]


def test_list_of_nothing(reluflow, several):
    Path("empty").mkdir()
    done = reluflow("list", "--catalog", "empty")
    assert done.exit_code == 0
    assert "empty. Next: reluflow run orthogonal" in done.stdout
    assert strict(reluflow("list", "--catalog", "empty", "--json").stdout) == {"runs": [], "damaged": {}}
    assert strict(reluflow("list", "--where", "width == 7", "--json").stdout)["runs"] == []
    assert reluflow("list", "--where", "width == 7").exit_code == 0


def test_a_damaged_run_is_listed_beside_the_others(reluflow, several, here):
    (here / "catalog-data" / "runs" / several[0] / "manifest.json").write_text("{}")
    done = reluflow("list")
    assert done.exit_code == 1
    assert several[1] in done.stdout
    assert "is damaged" in done.stdout
    assert list(strict(reluflow("list", "--json").stdout)["damaged"]) == [several[0]]


def test_show(reluflow, several, here):
    done = reluflow("show", several[1])
    assert done.exit_code == 0
    rows = [line.strip().split(maxsplit=1) for line in done.stdout.splitlines()]
    values = dict(row for row in rows if len(row) == 2)
    assert values["run"] == several[1]
    assert values["init.width"] == "8"
    assert values["half_squared_norm"].startswith("1.34")
    assert values["path"] == str(here / "catalog-data" / "runs" / several[1])
    assert reluflow("show", "orthonormal").stdout.splitlines()[1].split() == ["run", several[2]]
    found = strict(reluflow("show", several[1][-12:], "--json").stdout)
    manifest = open_catalog(here / "catalog-data").manifest(several[1])
    assert found["run_id"] == several[1]
    assert found["configuration"] == manifest.configuration
    assert found["provenance"] == manifest.provenance


def test_a_presets_name_is_the_preset_as_it_is(reluflow, several):
    assert reluflow("show", "orthogonal").exit_code == 2  # two runs of it with other keys: which?
    as_it_is = strict(reluflow("run", "orthogonal", "--json").stdout)["run_id"]
    assert strict(reluflow("show", "orthogonal", "--json").stdout)["run_id"] == as_it_is


# verify, figures, the catalog's place


def test_the_statements_of_a_run(reluflow, several):
    done = reluflow("show", several[1], "--statements")
    assert done.exit_code == 0
    assert f"The paper's statements on {several[1]} (epsilon = 0.05)" in done.stdout
    for name in STATEMENTS:
        assert any(line.split()[:1] == [name] for line in done.stdout.splitlines())
    found = strict(reluflow("show", several[1], "--statements", "--json").stdout)
    assert tuple(found) == STATEMENTS
    assert found["lemma_1"]["verdict"] == "holds"
    assert found["lemma_1"]["margin"] > 0
    verdicts = strict(reluflow("show", several[1], "--json").stdout)["statements"]
    assert verdicts == {name: row["verdict"] for name, row in found.items()}


def test_verify(reluflow, several, here):
    done = reluflow("verify")
    assert (done.exit_code, done.stdout) == (0, "3 runs checked: every byte is as it was published.\n")
    assert reluflow("verify", several[2]).stdout.startswith("1 run checked: every byte")
    assert strict(reluflow("verify", "--json").stdout) == {
        "checked": 3, "findings": [], "damaged": 0, "repaired": [], "not_repaired": {}
    }  # fmt: skip
    chunk = here / "catalog-data" / "runs" / several[0] / "data.zarr" / "trajectory" / "loss" / "c.0"
    content = bytearray(chunk.read_bytes())
    content[7] ^= 1
    chunk.write_bytes(content)
    done = reluflow("verify")
    assert done.exit_code == 1
    line, total, advice = done.stdout.splitlines()
    assert advice == "Next: reluflow verify --repair computes damaged runs anew."
    assert (
        line
        == f"{several[0]}: data.zarr/trajectory/loss/c.0: damaged: its bytes are not those that were published"
    )
    assert total == "3 runs checked: 1 finding of damage."
    found = strict(reluflow("verify", several[0], "--json").stdout)
    assert (found["checked"], found["damaged"], found["findings"]) == (1, 1, [line])
    assert reluflow("verify", several[1]).exit_code == 0


def test_figures(reluflow, filled, here, contents):
    before = contents(filled)
    done = reluflow("figures", "orthonormal", "--out", "deep/figures", "--catalog", filled)
    assert done.exit_code == 0
    *lines, empty, following = done.stdout.splitlines()
    assert (empty, following.split()[:3]) == ("", ["Next:", "reluflow", "show"])
    paths = [Path(line) for line in lines]
    assert {path.suffix for path in paths} == {".png", ".svg"}
    assert len(paths) == 6
    assert all((here / path).stat().st_size > 5000 for path in paths)
    assert contents(filled) == before


def test_figures_as_json(reluflow, filled, monkeypatch):
    monkeypatch.setattr("pipeline.figures.write_figures", lambda tree, out: [out / f"{tree.attrs['id']}.png"])
    found = strict(reluflow("figures", "orthonormal", "--out", "there", "--catalog", filled, "--json").stdout)
    (run,) = (filled / "runs").glob("orthonormal-*")
    assert found == {"figures": [f"there/{run.name}.png"]}


@pytest.fixture
def few_frames(monkeypatch):
    """Figures only in motion, of two frames."""
    monkeypatch.setattr("pipeline.figures.write_figures", lambda tree, out: [])
    monkeypatch.setattr("pipeline.figures.write_animations", partial(write_animations, frames=2))


def test_figures_in_motion(reluflow, filled, here, few_frames):
    done = reluflow("figures", "orthonormal", "--out", "there", "--animate", "--catalog", filled)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["there/animation.gif", "there/animation.mp4"]
    assert (here / "there/animation.gif").read_bytes()[:6] == b"GIF89a"
    assert (here / "there/animation.mp4").read_bytes()[4:8] == b"ftyp"


def test_without_ffmpeg_there_is_a_gif_and_one_line(reluflow, filled, here, few_frames, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    done = reluflow("figures", "orthonormal", "--out", "there", "--animate", "--catalog", filled, "--json")
    assert (done.exit_code, strict(done.stdout)) == (1, {"figures": ["there/animation.gif"]})
    assert done.stderr == (
        "reluflow: an MP4 needs imageio-ffmpeg, which is not installed: pip install 'reluflow[animate]' "
        "(a GIF does not)\n"
    )
    assert [path.name for path in (here / "there").iterdir()] == ["animation.gif"]


def test_the_place_of_the_catalog(reluflow, here, quick):
    """The option, else the variable, else ./catalog-data."""
    reluflow("run", "orthogonal", *quick, "--catalog", "by option", RELUFLOW_CATALOG="by variable")
    reluflow("run", "orthogonal", *quick, RELUFLOW_CATALOG="by variable")
    reluflow("run", "orthogonal", *quick, "--catalog", f"file://{here}/by%20address")
    assert {path.name for path in here.iterdir()} == {"by option", "by variable", "by address"}
    reluflow("run", "orthogonal", *quick, RELUFLOW_CATALOG="")
    assert (here / "catalog-data").is_dir()
    for name in ("by option", "by variable", "by address", "catalog-data"):
        assert "1 run." in reluflow("list", "--catalog", name).stdout


def test_help(reluflow):
    for words in ((), ("run",), ("list",), ("show",), ("verify",), ("figures",), ("presets",)):
        done = reluflow(*words, "--help")
        assert done.exit_code == 0
        assert done.stdout.startswith("Usage: reluflow")
        assert "\\b" not in done.stdout
    assert "\n    reluflow run mine.toml   " in reluflow("-h").stdout  # the examples keep their lines
    assert reluflow("--version").stdout.startswith("reluflow, version ")
    nothing = reluflow()
    assert nothing.exit_code == 2
    assert nothing.stdout == ""
    assert nothing.stderr.startswith("Usage: reluflow")
