"""Commands that read a catalog, where there is none, and names where a configuration is expected."""

import json

import pytest

from catalog import open_catalog
from catalog.storage.authorship import signed_name
from pipeline import RequestError, generate_data, initialise, ladder_law, load_config, load_sweep, run

READING = (
    ("list",), ("list", "--where", "width == 60"), ("show", "orthogonal"), ("verify",), ("verify", "orthogonal"),
    ("figures", "orthogonal", "--out", "figures"), ("export", "--all", "shared"),
    ("export", "orthogonal", "a.zip"), ("status",), ("gc",),
)  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=" ".join)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize("place", ["misspelt", "memory://nowhere"])
def test_a_catalog_that_is_not_there_is_said(reluflow, here, words, as_json, place):
    done = reluflow(*words, *as_json, "--catalog", place)
    assert done.exit_code == 2
    assert done.stdout == ""
    said = f"reluflow: --catalog {place}: there is no catalog there; `reluflow run orthogonal` makes one\n"
    assert done.stderr == said
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("words", [("list",), ("verify",), ("status",), ("gc",)], ids=" ".join)
def test_an_empty_folder_is_an_empty_catalog(reluflow, here, words):
    (here / "empty").mkdir()
    assert reluflow(*words, "--catalog", "empty").exit_code == 0


def test_gc_says_what_it_leaves_and_why(reluflow, here):
    """The folder of another machine's process, in the form that its name has there."""
    (here / "flows/staging/far-0@other.example.org-0a1b2c3d-17-4e5f6a7b").mkdir(parents=True)
    (here / "flows/staging" / signed_name("dead-0")).mkdir()
    assert "unfinished: far-0 (" in reluflow("status", "--catalog", "flows").stdout
    removed, kept, counted = reluflow("gc", "--catalog", "flows").stdout.splitlines()
    assert removed.startswith("removed staging/dead-0@")
    assert kept.startswith("kept staging/far-0@other.example.org-0a1b2c3d-17-4e5f6a7b: last written ")
    assert kept.endswith("by the machine other.example.org, perhaps at work on it")
    assert counted == "1 removed, 1 kept."
    found = json.loads(reluflow("gc", "--json", "--catalog", "flows").stdout)
    assert (found["removed"], found["kept"]) == ([], list(found["reasons"]))
    reluflow("gc", "--older-than", "0", "--catalog", "flows")
    assert json.loads(reluflow("status", "--json", "--catalog", "flows").stdout)["unfinished"] == []


def test_a_catalog_in_memory_is_there_once_it_holds_something(reluflow, quick):
    assert reluflow("run", "orthogonal", *quick, "--catalog", "memory://doors").exit_code == 0
    assert "1 run." in reluflow("list", "--catalog", "memory://doors").stdout


def test_a_file_of_points_is_run(reluflow, here, quick):
    (here / "mine.csv").write_text("x,y\n-0.5,-1\n2,1\n")
    done = reluflow("run", "mine.csv", "--set", "data.bias=true", *quick)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("The points of mine.csv\n")
    (run_id,) = open_catalog("catalog-data").run_ids()
    assert run_id.startswith("mine-")


def test_one_s_own_data_on_a_preset_s_settings(reluflow, here, quick):
    done = reluflow("run", "orthogonal", *quick, "--set", "data.x=[1, 3]", "--set", "data.y=[1, 1]")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("2 points in 1 dimension, with a bias\n")
    (run_id,) = open_catalog("catalog-data").run_ids()
    assert run_id.startswith("points-")
    tree = open_catalog("catalog-data")[run_id]
    assert tree.attrs["name"] == "points"
    assert "paper" not in tree.attrs["title"]
    (here / "mine.csv").write_text("x,y\n1,1\n3,1\n")
    by_file = ("--set", "data.file=mine.csv", "--set", "data.x=", "--set", "data.y=")
    assert reluflow("run", "orthogonal", *quick, *by_file).exit_code == 0


def test_a_run_and_a_sweep_are_told_apart(reluflow, here):
    (here / "sweep.toml").write_text('base = "orthogonal"\n[grid]\n"init.seed" = [1, 2]\n')
    (here / "run.toml").write_text("[data]\nx = [1]\ny = [1]\n")
    for words, said in (
        (
            ("run", "sweep.toml"),
            "sweep.toml is a sweep, it has a grid: allowed is a run; `reluflow sweep sweep.toml`",
        ),
        (("run", "scale-width-seed"), "`reluflow sweep scale-width-seed` computes it"),
        (("sweep", "run.toml"), "run.toml is a run, it has no grid: allowed is a sweep; `reluflow run run.toml`"),
        (("sweep", "orthogonal"), "orthogonal is a preset: allowed is a sweep"),
    ):
        done = reluflow(*words)
        assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
        assert done.stderr.count("\n") == 1


def test_a_name_where_a_configuration_is_expected(tmp_path):
    tree = run("orthogonal")
    assert tree.attrs["id"] == load_config("orthogonal").run_id("1.2")
    data = generate_data("orthogonal")
    assert data.identical(generate_data(load_config("orthogonal").data))
    assert data.identical(generate_data(load_config("orthogonal")))
    assert initialise(data, "orthogonal").identical(initialise(data, load_config("orthogonal").init))
    for call in (run, generate_data, lambda name: initialise(data, name), ladder_law):
        with pytest.raises(RequestError, match=r"^preset = 'orthgonal' is not known \(did you mean"):
            call("orthgonal")
        with pytest.raises(RequestError, match=r"^config = 3: a .* is allowed"):
            call(3)
    with pytest.raises(RequestError, match="is a preset: allowed is a sweep"):
        load_sweep("orthogonal")
