"""The sweep's file: read beside its base, every mistake one line."""

import pytest

from pipeline import RequestError
from pipeline.sweep import load_sweep, shipped_sweeps
from pipeline.sweep.plan import make_plan

GOOD = 'base = "orthogonal"\n[grid]\n"init.seed" = [0, 1]\n'


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_a_file(written):
    request = load_sweep(
        written(
            'base = "orthonormal"\ntrajectories = true\ntitle = "T"\n[set]\ninit.width = 7\n"flow.samples" = 20\n'
            '[grid]\n"init.log10_scale" = {start = -2, stop = -4, num = 3}\n"init.seed" = {count = 2}\n'
        ),
        {"init.width": 9},
    )
    assert (request.name, request.base, request.trajectories, request.title) == ("mine", "orthonormal", True, "T")
    assert request.settings == {"init.width": 9, "flow.samples": 20}
    assert request.shape == (3, 2)
    assert [one.key for one in request.axes] == ["init.log10_scale", "init.seed"]


def test_files_lie_beside_the_sweeps(written, tmp_path, monkeypatch):
    written("[data]\nx = [[1.0], [2.0]]\ny = [1.0, 2.0]\n", "own.toml")
    written("1,1\n2,2\n", "one.csv")
    written("1,1\n2,3\n", "two.csv")
    text = 'base = "own.toml"\n[set]\ndata = {file = "one.csv"}\n[grid]\ninit.seed = [0]\n'
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    request = load_sweep(written(text))
    assert request.base == tmp_path / "own.toml"
    assert request.settings["data.file"] == str(tmp_path / "one.csv")
    written("[init]\nwidth = 3\n[data]\n", "bare.toml")
    request = load_sweep(written('base = "bare.toml"\n[grid]\ndata.file = ["one.csv", "two.csv"]\n', "files.toml"))
    before = make_plan(request)
    assert before.refusals == {}
    # What a file holds, not what it is called, is the run's identity, and the sweep's.
    written("1,1\n2,4\n", "two.csv")
    after = make_plan(request)
    assert after.run_ids[0] == before.run_ids[0]
    assert after.run_ids[1] != before.run_ids[1]
    assert after.sweep_id != before.sweep_id


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("base = 3", "base = '3': a text is allowed"),
        ("[grid]\ninit.seed = [0]", "base is missing: allowed are a preset's name and the path of a TOML file"),
        ('base = "orthogonal"', "grid is missing: at least one key with its values is allowed"),
        ('base = "orthogonal"\n[grid]', "grid is missing"),
        (GOOD + "[gird]\n", "gird is not a known key of a sweep (did you mean 'grid'?): allowed are base, set,"),
        ('trajectories = "yes"\n' + GOOD, "trajectories = 'yes': true or false is allowed"),
        ('set = "x"\n' + GOOD, "set = 'x': a table of keys is allowed"),
        ("grid [", "not a TOML file"),
        (GOOD + "[set]\ninit.seed = 3\n", "init.seed is set and swept: allowed is one of the two"),
        (GOOD + "[set]\nwidth = 3\n", "set.width is not a known key: allowed are keys such as init.width"),
        ('base = "orthogonal"\n[grid]\n"init.seed" = {count = 10000000}\n"data.seed" = [0, 1]\n',
         "grid = 10000000 x 2 = 20,000,000 cells: at most 10,000,000 are allowed"),
    ],
)  # fmt: skip
def test_refused(written, text, line):
    with pytest.raises(RequestError) as refusal:
        load_sweep(written(text))
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_no_such_sweep(tmp_path):
    for name, line in (
        (tmp_path / "none.toml", "there is no such file"),
        ("scale-width", "sweep = 'scale-width' is not known: allowed are scale-width-seed, or the path of a TOML"),
        ("x" * 5000, "File name too long"),
    ):
        with pytest.raises(RequestError, match=line):
            load_sweep(name)


def test_the_shipped_sweeps_are_right():
    for name in shipped_sweeps():
        request = load_sweep(name)
        assert request.title
        assert request.description
        assert make_plan(request).refusals == {}


def test_the_bases_mistakes(written):
    path = written('base = "orthogonl"\n[grid]\ninit.seed = [0]\n')
    with pytest.raises(RequestError, match=r"preset = 'orthogonl' is not known .did you mean 'orthogonal'"):
        make_plan(load_sweep(path))
