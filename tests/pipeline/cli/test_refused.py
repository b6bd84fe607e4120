"""Bad input: one line on standard error, nothing on standard output, exit status 2, and the catalog as it was."""

import subprocess

import numpy as np
import pytest
from mounts import tmpfs

from catalog import open_catalog


@pytest.fixture(scope="module")
def unchanged(filled, contents):
    """The catalog; after all requests it is what it was before."""
    before = contents(filled)
    yield filled
    assert contents(filled) == before


@pytest.fixture
def refused(reluflow, unchanged):
    """Call a command that must be refused; return its one line without the name in front."""

    def call(*words, status=2, catalog=unchanged):
        done = reluflow(*words, *(() if catalog is None else ("--catalog", catalog)))
        assert done.exit_code == status, done.output
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        name, _, message = line.partition(": ")
        assert name == "reluflow"
        return message

    return call


# The list of issue 2, each as an override and in a file

SETTINGS = {
    "init.widht=3": "init.widht is not a known key (did you mean 'width'?): allowed are width, log10_scale, "
    "per_sqrt_width, seed, start, log10_output_scale, distribution, antisymmetric, from_run, from_time, w, a, "
    "file",
    "init.width=many": "init.width = 'many': a whole number is allowed",
    "init.width=0": "init.width = 0: at least 1 is allowed",
    "init.width=2.5": "init.width = 2.5: a whole number is allowed",
    "init.seed=-1": "init.seed = -1: at least 0 is allowed",
    "flow.tolerance=0": "flow.tolerance = 0: at least 1e-11 is allowed",
    "data.x=[[1.0], [nan]]": "data.x[1][0] = nan: a finite number is allowed",
    "data.y=[inf, 1]": "data.y[0] = inf: a finite number is allowed",
    "data.x=[]": "data.x = []: at least 1 is allowed",
    "data.y=[1, 2, 3]": "data.y has 3 labels for 2 points: allowed is one label for each point",
    "flow.method=euler": "flow.method = 'euler': allowed is 'exact', 'gradient_descent', 'gradient_descent:balanced', "  # noqa: E501
    "'scipy:RK45', 'scipy:DOP853', 'scipy:LSODA', 'scipy:Radau', 'scipy:BDF', 'diffrax:Tsit5', 'diffrax:Dopri8' or "  # noqa: E501
    "'diffrax:Kvaerno5'",
    "flow.slope=nan": "flow.slope = nan: a finite number is allowed",
    "data.x": "--set data.x: allowed is key=value, for instance init.width=100",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings(refused, setting):
    assert refused("run", "orthogonal", "--set", setting) == SETTINGS[setting]
    assert refused("run", "orthogonal", "--json", "--set", setting) == SETTINGS[setting]


def test_files(refused, here):
    mine = here / "mine.toml"
    for text, line in (
        ("[data]\nx = [[1, nan]]\ny = [1]", "data.x[0][1] = nan: a finite number is allowed"),
        ("[data]\nx = []\ny = []", "data.x = []: at least 1 is allowed"),
        ("[data]\nx = [[1, 0], [0, 1]]\ny = [1]", "data.y has 1 label for 2 points"),
        ("[init]\nwidth = 3", "data.x is missing: allowed are x and y, or file"),
        ("width 3", f"{mine}: not a TOML file: "),
    ):
        mine.write_text(text)
        assert refused("run", mine).startswith(line)
    for name, content, line in (
        ("points.csv", "1\n3\n", "line 1 has 1 column: at least 2 are allowed"),
        ("points.csv", "x,y\n1,2\n3,four\n", "line 3: 'four' is not a number"),
        ("points.csv", "", "there is no line in it"),
        ("points.csv", None, "No such file or directory"),
        ("points.xlsx", "1,2\n", "allowed are the endings .csv, .txt, .dat, .tsv, .npy, .npz, .pt, .pth, .toml"),
        ("points.npz", "1,2\n", "it is not an npz file"),
    ):
        mine.write_text(f'[data]\nfile = "{name}"')
        (here / name).unlink(missing_ok=True)
        if content is not None:
            (here / name).write_text(content)
        message = refused("run", mine)
        assert message.startswith("data.file = ")
        assert line in message
    np.savez(here / "points.npz", x=np.array([{}], dtype=object), y=np.ones(1))
    assert "Object arrays cannot be loaded" in refused("run", mine)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("run", "orthgonal"), "preset = 'orthgonal' is not known (did you mean 'orthogonal'?): allowed are "),
        (("run", "none.toml"), "none.toml: there is no such file"),
        (("run", "a\nb"), "preset = 'a\\nb' is not known: allowed are "),
        (("run", "a\nb.toml"), "a b.toml: there is no such file"),
        (("run", "x" * 5000), "'xxxxx"),
        (("run",), "Missing argument 'PRESET_OR_FILE' (reluflow run --help says what is allowed)"),
        (("run", "a", "b"), "Got unexpected extra argument (b)"),
        (("run", "orthogonal", "--sett", "a=1"), "No such option '--sett'"),
        (("show", "zzz"), "no run 'zzz' in this catalog"),
        (("show", "orthonorml"), "no run 'orthonorml' in this catalog; close to it: orthonormal-"),
        (("show", "ortho"), "'ortho' fits 3 runs: orthogonal-"),
        (("verify", "zzz"), "no run 'zzz' in this catalog"),
        (("figures", "zzz", "--out", "there"), "no run 'zzz' in this catalog"),
        (("figures", "orthonormal"), "Missing option '--out'"),
        (("figures", "orthonormal", "--out", "http://host/x"), "--out http:/host/x: allowed is a local path"),
        (("theory", "width", "--out", "simplecache::"), "--out simplecache::: allowed is a local path"),
        (("import", "data:,"), "data:,: the scheme 'data' is not known"),
        (("import", "http://[::1/one.zip"), "http://[::1/one.zip is not an address"),
        (("export", "orthonormal", "data:,"), "DEST data:,: allowed is a local path"),
        (("export", "orthonormal", "file:///tmp/x"), "DEST file:///tmp/x: allowed is a local path"),
        (("figures", "orthonormal", "--out", __file__), "Invalid value for '--out': Directory '"),
        (
            ("figures", "orthonormal", "--out", ""),
            "Invalid value for '--out': '' is empty: allowed is the path of a folder",
        ),
        (
            ("theory", "width", "--out", " "),
            "Invalid value for '--out': '' is empty: allowed is the path of a folder",
        ),
        (
            ("list", "--where", "widht == 60"),
            "--where 'widht == 60': there is no column 'widht'; close to it: width",
        ),
        (("list", "--where", "width = 60"), "--where 'width = 60' is no expression"),
    ],
)
def test_requests_for_nothing(refused, words, line, here):
    assert refused(*words).startswith(line)
    assert list(here.iterdir()) == []


def test_a_command_that_is_none(refused):
    assert refused("rnu", catalog=None).startswith("No such command 'rnu'")
    assert refused("run", "orthogonal", "--catalog", catalog=None).startswith(
        "Option '--catalog' requires an argument"
    )


# A catalog that can't be


def test_no_place_for_a_catalog(refused, here):
    (here / "file").write_text("")
    for catalog, line in (
        (
            "nonsense://bucket/runs",
            "nonsense://bucket/runs: the scheme 'nonsense' is not known; allowed is a path",
        ),
        ("http://[::1", "http://[::1 is not an address (Invalid IPv6 URL); allowed is a path"),
        ("file://", "file:// has no path; allowed is a path"),
        ("data:,", "data:,: the scheme 'data' is not known"),
        ("simplecache::", "simplecache::: the scheme 'simplecache' is not known"),
        ("", "the catalog's address is empty"),
        ("file", f"the catalog {here}/file is a file; allowed is a folder"),
        ("file/deep", f"the catalog {here}/file/deep can't be "),
        ("/proc/reluflow", "the catalog /proc/reluflow can't be written: "),
    ):
        assert refused("run", "orthogonal", catalog=catalog).startswith(line)
    assert [path.name for path in here.iterdir()] == ["file"]


def test_a_read_only_catalog_is_refused_before_computing(refused, here, monkeypatch):
    monkeypatch.setattr("pipeline.workflow.computation.compute", lambda *_: pytest.fail("computed"))
    with tmpfs(here / "disk", "size=3m"):
        subprocess.run(["mount", "-o", "remount,ro", here / "disk"], check=True)
        assert "Read-only file system" in refused("run", "orthogonal", catalog=here / "disk" / "catalog")


def test_a_full_disk(reluflow, refused, here, quick, contents):
    """Exit status 1: the request was right. What was published before stays, and nothing else."""
    with tmpfs(here / "disk", "size=3m"):
        root = here / "disk" / "catalog"
        large = ("run", "orthogonal", "--set", "flow.samples=12000")
        line = f"the catalog {root} is full: No space left on device; nothing was published"
        assert refused(*large, catalog=root, status=1) == line
        assert list((here / "disk").iterdir()) == []
        assert reluflow("run", "orthogonal", *quick, "--catalog", root).exit_code == 0
        before = contents(root)
        assert refused(*large, "--json", catalog=root, status=1) == line
        assert contents(root) == before
        assert open_catalog(root).verify() == []


def test_a_damaged_run_is_no_request_of_ones_own(reluflow, here, quick):
    """Exit status 1."""
    reluflow("run", "orthogonal", *quick)
    (run,) = (here / "catalog-data" / "runs").iterdir()
    (run / "data.zarr" / "zarr.json").write_text("rubbish")
    for words in (("figures", run.name, "--out", "there"), ("verify", run.name)):
        assert reluflow(*words).exit_code == 1
    (run / "manifest.json").write_text("{}")
    for words in (("run", "orthogonal", *quick), ("show", run.name)):
        done = reluflow(*words)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert "is damaged" in done.stderr


def test_figures_that_can_not_be_written(reluflow, filled):
    done = reluflow("figures", "orthonormal", "--out", "/proc/reluflow", "--catalog", filled)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("reluflow: /proc/reluflow: ")


def test_a_file_that_the_dashboard_cannot_open(refused, tmp_path):
    path = tmp_path / "absent.nc"
    message = refused("dashboard", "--port", "0", "--data", path)
    assert message == f"--data {path} is not there; allowed are a netCDF file (*.nc) and a Zarr store"
