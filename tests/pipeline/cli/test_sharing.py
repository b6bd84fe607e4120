"""``reluflow export`` and ``import`` as they are meant to be used, and as they are not."""

import json

import pytest
from web import Unlisted, serving

from catalog import open_catalog
from pipeline.cli.main import COMMANDS, main


@pytest.fixture
def run_id(filled):
    return open_catalog(filled).resolve("orthonormal")


def test_export_says_what_how_large_and_what_next(reluflow, filled, here, run_id):
    for name, hint in (("out", "http.server"), ("out.zip", "reluflow import"), ("out.nc", "open_datatree")):
        done = reluflow("export", "orthonormal", name, "--catalog", filled)
        assert done.exit_code == 0, done.stderr
        first, following = done.stdout.splitlines()
        assert first.startswith(f"{run_id}: ")
        assert "times as much" in first
        assert first.endswith(str(here / name))
        assert following.startswith("Next: ")
        assert hint in following


def test_json_of_an_export(reluflow, filled, here, run_id):
    done = reluflow("export", "orthonormal", "out.zip", "--catalog", filled, "--json")
    values = json.loads(done.stdout)
    assert values.keys() == {"path", "format", "runs", "files", "bytes", "uncompressed_bytes"}
    assert values["runs"] == [run_id]
    assert values["format"] == "zip"
    assert values["bytes"] == (here / "out.zip").stat().st_size


def test_what_the_paper_s_experiment_takes(reluflow, here):
    """Each of some 150 arrays is a folder and two files; in a zip each file is its name twice beside its bytes."""
    assert reluflow("run", "orthogonal", "--catalog", "own").exit_code == 0
    (run,) = (here / "own/runs").iterdir()
    paths = list(run.rglob("*"))
    assert sum(path.is_file() for path in paths) <= 340
    assert sum(1 if path.is_dir() else -(-path.stat().st_size // 4096) for path in paths) * 4096 < 2_450_000
    assert reluflow("export", run.name, "one.zip", "--catalog", "own").exit_code == 0
    assert (here / "one.zip").stat().st_size < 430_000


def test_choosing_runs(reluflow, filled, here):
    ids = open_catalog(filled).run_ids()
    for number, (words, expected) in enumerate(
        (
            (("--all",), ids),
            (
                ("--where", "width == 6"),
                [name for name in ids if name != open_catalog(filled).where("width == 8").index[0]],
            ),
            ((ids[0], ids[1][:-2]), ids[:2]),
            ((ids[0], ids[0]), ids[:1]),
        )
    ):
        done = reluflow("export", *words, f"out-{number}", "--catalog", filled, "--json")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["runs"] == expected


def test_a_sweep_is_found_by_its_name(reluflow, here, filled):
    (here / "scales.toml").write_text(
        'base = "orthogonal"\n[set]\n"init.width" = 3\n[grid]\n"init.seed" = [1, 2]\n'
    )
    assert reluflow("sweep", "scales.toml", "--catalog", "copy").exit_code == 0
    sweep_ids = open_catalog(here / "copy").sweeps.run_ids()
    done = reluflow("export", "scales", "out", "--catalog", "copy", "--json")
    assert json.loads(done.stdout)["runs"] == sweep_ids
    assert reluflow("import", "out", "--catalog", "new").exit_code == 0
    assert open_catalog(here / "new").sweeps.run_ids() == sweep_ids


def test_where_a_run_came_from_is_said(reluflow, filled, here, quick):
    """By show, list, and run, which takes it for its own; and what is computed here, says so."""
    reluflow("export", "--all", "out", "--catalog", filled)
    assert reluflow("import", "out", "--catalog", "new").exit_code == 0
    assert "imported from out on 20" in reluflow("show", "orthonormal", "--catalog", "new").stdout
    assert "computed in this catalog" in reluflow("show", "orthonormal", "--catalog", filled).stdout
    ran = reluflow("run", "orthogonal", *quick, "--catalog", "new")
    assert "in the catalog already (imported from out on 20" in " ".join(ran.stdout.split())
    for catalog, source in (("new", "out"), (filled, None)):
        for words in (("run", "orthogonal", *quick), ("show", "orthonormal")):
            assert json.loads(reluflow(*words, "--json", "--catalog", catalog).stdout)["imported_from"] == source
        listed = json.loads(reluflow("list", "--json", "--catalog", catalog).stdout)["runs"]
        assert [row["imported_from"] for row in listed] == [source] * 3
        assert all((row["imported_at"] is None) == (source is None) for row in listed)
    assert json.loads(reluflow("list", "--where", "imported_from == 'out'", "--json", "--catalog", "new").stdout)[
        "runs"
    ]


def test_runs_are_computed_anew_and_compared(reluflow, filled, here, run_id):
    """One is the same to the last bit; of one that somebody forged with skill, the difference is told."""
    done = reluflow("verify", "--recompute", "2", "--catalog", filled)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("computed anew, every number is the same") == 2
    forged, honest = open_catalog(here / "forged"), open_catalog(filled)
    tree, manifest = honest[run_id].load(), honest.manifest(run_id)
    tree["phases/t2"].values[...] += 1.0
    summary = manifest.summary | {"t2": manifest.summary["t2"] + 1.0}
    parts = {"configuration": manifest.configuration, "provenance": manifest.provenance}
    forged.publish(run_id, tree, summary=summary, **parts)
    assert reluflow("import", "forged", "--catalog", "new").exit_code == 0
    assert reluflow("verify", "--catalog", "new").exit_code == 0
    done = reluflow("verify", "--recompute", "1", "--catalog", "new")
    assert done.exit_code == 1
    assert f"{run_id}: computed anew, it differs: t2 is " in done.stdout
    told = json.loads(reluflow("verify", run_id, "--recompute", "1", "--json", "--catalog", "new").stdout)
    assert list(told["recomputed"]) == [run_id]
    assert told["not_recomputed"] == {}


def test_bad_exports(reluflow, filled, here, contents):
    (here / "taken").mkdir()
    (here / "taken/file").write_text("mine")
    before = contents(here)
    for words, message in (
        (("out",), "allowed is one of RUN..., --all and --where EXPRESSION"),
        (("orthonormal", "--all", "out"), "allowed is one of"),
        (("nothing", "out"), "no run 'nothing'"),
        (("orthogonal", "out"), "fits 2 runs"),
        (("--all", "out.nc"), "holds one run, not 3"),
        (("orthonormal", "taken"), "exists already with other contents"),
        (("orthonormal", "no/out"), "there is no folder"),
        (("orthonormal", "out", "--format", "hdf"), "is not one of 'zarr', 'zip', 'netcdf'"),
        (("--where", "width == 7", "out"), "there is nothing to export"),
    ):
        done = reluflow("export", *words, "--catalog", filled)
        assert (done.exit_code, done.stdout) == (2, ""), (words, done.stderr)
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert contents(here) == before


def test_import_and_again(reluflow, filled, here):
    reluflow("export", "--all", "out", "--catalog", filled)
    ids = open_catalog(filled).run_ids()
    done = reluflow("import", "out", "--catalog", "new")
    assert done.exit_code == 0
    assert f"{len(ids)} imported, 0 there already, 0 refused. Next: reluflow show" in done.stdout
    again = reluflow("import", "out", "--catalog", "new", "--json")
    assert json.loads(again.stdout) == {"imported": [], "already": ids, "refused": {}, "unchecked": {}}
    assert reluflow("verify", "--catalog", "new").exit_code == 0


def test_a_refused_run_is_status_1(reluflow, filled, here, run_id):
    reluflow("export", "--all", "out", "--catalog", filled)
    chunk = here / "out/runs" / run_id / "data.zarr/trajectory/loss/c.0"
    chunk.write_bytes(b"rubbish")
    done = reluflow("import", "out", "--catalog", "new")
    assert done.exit_code == 1
    assert f"{run_id}: refused: " in done.stdout
    assert "2 imported, 0 there already, 1 refused" in done.stdout
    values = json.loads(reluflow("import", "out", "--catalog", "other", "--json").stdout)
    assert (len(values["imported"]), list(values["refused"])) == (2, [run_id])


def test_bad_imports(reluflow, here, filled, run_id):
    reluflow("export", run_id, "one.nc", "--catalog", filled)
    for words, message in (
        (("nothing",), "there is nothing at"),
        (("one.nc",), "is netCDF, which has no manifest"),
        (("x", "--largest-bytes", "0"), "is not in the range"),
        (("http://127.0.0.1:9/",), "can't be read"),
    ):
        done = reluflow("import", *words, "--catalog", "new")
        assert (done.exit_code, done.stdout) == (2, ""), (words, done.stderr)
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (here / "new").exists()


@pytest.mark.slow
def test_a_served_export_from_the_shell(reluflow, filled, here, run_id):
    reluflow("export", "--all", "out", "--catalog", filled)
    with serving(here / "out", Unlisted) as url:
        listed = reluflow("list", "--catalog", url, "--where", "width == 8", "--json")
        assert len(json.loads(listed.stdout)["runs"]) == 1
        shown = reluflow("show", "orthonormal", "--catalog", url)
        assert shown.exit_code == 0
        assert f"{url}/runs/{run_id}" in shown.stdout
        assert reluflow("verify", "orthonormal", "--catalog", url).exit_code == 0
        written = reluflow("run", "orthogonal", "--catalog", url)
        assert (written.exit_code, written.stdout) == (2, "")
        assert written.stderr.count("\n") == 1
        assert "over http it can only be read" in written.stderr
        into = reluflow("import", "out", "--catalog", url)
        assert (into.exit_code, into.stderr.count("\n")) == (2, 1)
        assert reluflow("import", url, "--catalog", "new").exit_code == 0


def test_show_of_older_versions(reluflow, here):
    from pathlib import Path

    golden = Path(__file__).parents[2] / "golden"
    for path in sorted(golden.glob("*/catalog.zip")):
        done = reluflow("import", path, "--catalog", "new", "--json")
        (run_id,) = json.loads(done.stdout)["imported"]
        assert reluflow("show", run_id, "--catalog", "new").exit_code == 0
        assert reluflow("show", run_id, "--catalog", "new", "--json").exit_code == 0
    assert reluflow("list", "--catalog", "new").exit_code == 0


def test_commands_of_other_rooms_are_there():
    context = main.make_context("reluflow", ["presets"])
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
