"""What a configuration may not say: every mistake is one line that names the key, the value, what is allowed."""

import numpy as np
import pytest

from pipeline.configuration import load_config, presets
from pipeline.configuration.keys import UNSET
from pipeline.inputs.errors import RequestError


def refusal(name_or_path, overrides=None):
    """The one line that says what is wrong."""
    with pytest.raises(RequestError) as caught:
        load_config(name_or_path, overrides)
    (line,) = str(caught.value).splitlines()
    return line


GIVEN = '[init]\nstart = "given"\n'
STARTS = "'balanced', 'unbalanced', 'dominated', 'torch', 'given' or 'run'"
NOT_GIVEN = "allowed with start = 'balanced', 'unbalanced' or 'dominated' only, not with 'given'"
TEACHER = '[data]\nkind = "gaussian_teacher"\n'
KINDS = (
    "'orthonormal', 'nearly_orthonormal', 'gaussian_teacher', 'linear_teacher', 'one_neuron', 'opposite_neurons', "
    "'orthonormal_neurons' or 'line'"
)
DRAWN = f"allowed with kind = {KINDS} only"

REFUSED = {
    "[analysis]\npenalty = 0": "analysis.penalty[0] = 0: more than 0.0 is allowed",
    "[analysis]\npenalty = []": "analysis.penalty = []: at least 1 is allowed",
    '[analysis]\npenalty = ["x"]': "analysis.penalty[0] = 'x': a number is allowed",
    "[analysis]\npenalty = [0.1, inf]": "analysis.penalty[1] = inf: a finite number is allowed",
    "[analysis]\nskip = 1": "analysis.skip = 1: true or false is allowed",
    "[analysis]\nfree_bias = true\npenalty = 0.1": "analysis.free_bias = true: allowed without analysis.penalty "
    "only",
    "foo = 1": "foo is not a known key: allowed are title, description, data, init, flow, analysis",
    "[fow]": "fow is not a known key (did you mean 'flow'?): allowed are title, description, data, init, flow, "
    "analysis",
    "[init]\nwidht = 3": "init.widht is not a known key (did you mean 'width'?): allowed are width, log10_scale, "
    "per_sqrt_width, seed, start, log10_output_scale, distribution, antisymmetric, from_run, from_time, w, a, "
    "file",
    "[flow]\nslop = 0.1": "flow.slop is not a known key (did you mean 'slope'?): allowed are method, tolerance, "
    "end_time, samples, slope, output_speed, step_size",
    '[data]\n"a\\nb" = 3': "data.a b is not a known key: allowed are kind, x, y, names, file, bias, points, "
    "dimension, positive, delta, teacher_width, seed, noise, spread, function, digits, test",
    "init = 3": "init = 3: a table of keys is allowed",
    "[[data]]": "data = [{}]: a table of keys is allowed",
    "title = 3": "title = 3: a text is allowed",
    'name = "x"': "name = 'x': not allowed, a run is named by its file, here 'mine'",
    "[init]\nwidth = 0": "init.width = 0: at least 1 is allowed",
    "[init]\nwidth = 2.5": "init.width = 2.5: a whole number is allowed",
    '[init]\nwidth = "many"': "init.width = 'many': a whole number is allowed",
    '[init]\nwidth = "5"': "init.width = '5': a whole number is allowed",
    "[init]\nwidth = true": "init.width = true: a whole number is allowed",
    "[init]\nwidth = [5]": "init.width = [5]: a whole number is allowed",
    "[init]\nwidth = inf": "init.width = inf: a whole number is allowed",
    "[init]\nwidth = 99999999999": "init.width = 99999999999: at most 10000000 is allowed",
    "[init]\nseed = -1": "init.seed = -1: at least 0 is allowed",
    "[init]\nlog10_scale = nan": "init.log10_scale = nan: a finite number is allowed",
    "[init]\nlog10_scale = 200": "init.log10_scale = 200: at most 50.0 is allowed",
    '[init]\nper_sqrt_width = "yes"': "init.per_sqrt_width = 'yes': true or false is allowed",
    '[init]\nstart = "gaussian"': f"init.start = 'gaussian': allowed is {STARTS}",
    "[init]\nw = [1]\na = [1]": "init.w = [[1.0]]: allowed with start = 'given' only, not with 'balanced'",
    '[init]\nstart = "unbalanced"\na = [1]': "init.a = [1.0]: allowed with start = 'given' only, not with "
    "'unbalanced'",
    f"{GIVEN}": "init.w is missing: allowed are w and a, or file",
    f"{GIVEN}w = [1]": "init.a is missing: allowed are w and a, or file",
    f"{GIVEN}w = []\na = []": "init.w = []: at least 1 is allowed",
    f"{GIVEN}w = [[]]\na = [1]": "init.w has rows of 0 numbers: allowed is one length of at least 1",
    f"{GIVEN}w = [[1, 2], [3]]\na = [1, 2]": "init.w has rows of 1 and 2 numbers: allowed is one length of at "
    "least 1",
    f"{GIVEN}w = [[1, 2]]\na = [1, 2]": "init.a has 2 numbers for 1 row of w: allowed is one number for each row",
    f"{GIVEN}w = [[1, nan]]\na = [1]": "init.w[0][1] = nan: a finite number is allowed",
    f"{GIVEN}w = [[1, 2]]\na = [-inf]": "init.a[0] = -inf: a finite number is allowed",
    f"{GIVEN}w = [[1, 2]]\na = 1": "init.a = 1: a list or an array is allowed",
    f"{GIVEN}w = [1, 2]\na = [1, 2]\nwidth = 60": "init.width = 60: allowed is 2, the number of rows of w, or no "
    "width at all (--set KEY= unsets a key, None in Python)",
    f"{GIVEN}w = [1]\na = [1]\nseed = 1": "init.seed = 1: allowed with start = 'balanced', 'unbalanced', "
    "'dominated' or 'torch' only, not with 'given'",
    f"{GIVEN}w = [1]\na = [1]\nlog10_scale = -3": f"init.log10_scale = -3.0: {NOT_GIVEN}",
    f"{GIVEN}w = [1]\na = [1]\nper_sqrt_width = false": f"init.per_sqrt_width = false: {NOT_GIVEN}",
    '[flow]\nmethod = "euler"': "flow.method = 'euler': allowed is 'exact', 'gradient_descent', "
    "'gradient_descent:balanced', 'scipy:RK45', 'scipy:DOP853', 'scipy:LSODA', 'scipy:Radau', 'scipy:BDF', "
    "'diffrax:Tsit5', 'diffrax:Dopri8' or 'diffrax:Kvaerno5'",
    "[flow]\nslope = 1001": "flow.slope = 1001: at most 1000.0 is allowed",
    "[flow]\nslope = -1001": "flow.slope = -1001: at least -1000.0 is allowed",
    "[flow]\nslope = nan": "flow.slope = nan: a finite number is allowed",
    "[flow]\nstep_size = 0": "flow.step_size = 0: more than 0.0 is allowed",
    "[flow]\nstep_size = inf": "flow.step_size = inf: a finite number is allowed",
    "[flow]\ntolerance = 0": "flow.tolerance = 0: at least 1e-11 is allowed",
    "[flow]\ntolerance = 1.0": "flow.tolerance = 1.0: at most 0.1 is allowed",
    "[flow]\nend_time = 0": "flow.end_time = 0: more than 0.0 is allowed",
    "[flow]\nend_time = inf": "flow.end_time = inf: a finite number is allowed",
    "[flow]\nsamples = 1": "flow.samples = 1: at least 2 is allowed",
    "[analysis]\nepsilon = 1": "analysis.epsilon = 1: less than 1.0 is allowed",
    "": "data.x is missing: allowed are x and y, or file",
    "[dta]\nx = [1]\ny = [1]": "dta is not a known key (did you mean 'data'?): allowed are title, description, "
    "data, init, flow, analysis",
    "[data]\nx = [1]": "data.y is missing: allowed are x and y, or file",
    '[data]\nkind = "point"': f"data.kind = 'point': allowed is 'points', {KINDS.replace(' or', ',')} or 'digits'",
    "[data]\nx = []\ny = []": "data.x = []: at least 1 is allowed",
    "[data]\nx = [[]]\ny = [1]": "data.x has rows of 0 numbers: allowed is one length of at least 1",
    "[data]\nx = [[1, 2], [3]]\ny = [1, 1]": "data.x has rows of 1 and 2 numbers: allowed is one length of at "
    "least 1",
    "[data]\nx = [[1, 2], 3]\ny = [1, 1]": "data.x[1] = 3: a list or an array is allowed",
    '[data]\nx = [[1], ["a"]]\ny = [1, 1]': "data.x[1][0] = 'a': a number is allowed",
    "[data]\nx = [[1], [nan]]\ny = [1, 1]": "data.x[1][0] = nan: a finite number is allowed",
    "[data]\nx = [1, 2]\ny = [1, -inf]": "data.y[1] = -inf: a finite number is allowed",
    "[data]\nx = [1, 2]\ny = [true, 1]": "data.y[0] = true: a number is allowed",
    "[data]\nx = [1, 2, 3]\ny = [1, 2]": "data.y has 2 labels for 3 points: allowed is one label for each point",
    "[data]\nx = [1, 2]\ny = [1, 2]\npoints = 2": f"data.points = 2: {DRAWN}, not with 'points'",
    "[data]\nx = [1, 2]\ny = [1, 2]\nseed = 2": f"data.seed = 2: {DRAWN}, not with 'points'",
    "[data]\nx = [1, 2]\ny = [1, 2]\npositive = 0": "data.positive = 0: allowed with kind = 'orthonormal' or "
    "'nearly_orthonormal' only, not with 'points'",
    '[data]\nkind = "orthonormal"\nx = [1]': "data.x = [[1.0]]: allowed with kind = 'points' only, not with "
    "'orthonormal'",
    '[data]\nkind = "orthonormal"\ndelta = 0.1': "data.delta = 0.1: allowed with kind = 'nearly_orthonormal' "
    "only, not with 'orthonormal'",
    '[data]\nkind = "orthonormal"\nteacher_width = 2': "data.teacher_width = 2: allowed with kind = "
    "'gaussian_teacher' or 'orthonormal_neurons' only, not with 'orthonormal'",
    '[data]\nkind = "orthonormal"\npoints = 0': "data.points = 0: at least 1 is allowed",
    '[data]\nkind = "orthonormal"\npoints = 5\ndimension = 3': "data.dimension = 3: 5 orthonormal points need at "
    "least 5",
    '[data]\nkind = "orthonormal"\npoints = 5\ny = [1, 2]': "data.y has 2 labels for points = 5: allowed is one "
    "label for each point",
    '[data]\nkind = "orthonormal"\npoints = 3\npositive = 5': "data.positive = 5: at most 3, the number of "
    "points, is allowed",
    '[data]\nkind = "orthonormal"\ny = [1, 2]\npositive = 1': "data.positive = 1: allowed without y only, which "
    "has its own signs",
    '[data]\nkind = "nearly_orthonormal"\npoints = 5\ndimension = 3': "data.dimension = 3: 5 nearly orthonormal "
    "points need at least 5",
    '[data]\nkind = "nearly_orthonormal"\npoints = 5\ndelta = 0.25': "data.delta = 0.25: less than "
    "1/(points - 1) = 0.25 is allowed, else there need not be unit vectors with such inner products",
    '[data]\nkind = "nearly_orthonormal"\ndelta = -0.1': "data.delta = -0.1: at least 0.0 is allowed",
    '[data]\nkind = "nearly_orthonormal"\npoints = 1\ndelta = 1': "data.delta = 1: less than 1.0 is allowed",
    f"{TEACHER}dimension = 3": "data.points is missing: kind = 'gaussian_teacher' needs points and dimension",
    '[data]\nkind = "linear_teacher"\npoints = 3': "data.dimension is missing: kind = 'linear_teacher' needs "
    "points and dimension",
    f"{TEACHER}points = 3": "data.dimension is missing: kind = 'gaussian_teacher' needs points and dimension",
    f"{TEACHER}points = 2\ndimension = 3\ny = [1, 2]": "data.y = [1.0, 2.0]: allowed with kind = 'points', "
    "'orthonormal' or 'nearly_orthonormal' only, not with 'gaussian_teacher'",
    f"{TEACHER}points = 2\ndimension = 3\nteacher_width = 0": "data.teacher_width = 0: at least 1 is allowed",
    f'{GIVEN}file_sha256 = "abc"': "init.file_sha256 = 'abc': not allowed, it is computed",
    '[data]\nfile_sha256 = "abc"': "data.file_sha256 = 'abc': not allowed, it is computed",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_file_may_not_say(written, text):
    points = "" if "ta]" in text or not text else "\n[data]\nx = [[1, 0], [0, 1]]\ny = [1, -1]\n"
    assert refusal(written(text + points)) == REFUSED[text]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("init.widht", 3, REFUSED["[init]\nwidht = 3"]),
        ("ini.width", 3, REFUSED["[fow]"].replace("fow", "ini").replace("'flow'", "'init'")),
        ("init.width.foo", 3, "init.width.foo is not a known key: width is a value, not a table of keys"),
        ("init..width", 3, "'init..width' is not a known key: allowed are keys such as init.width"),
        ("", 3, "'' is not a known key: allowed are keys such as init.width"),
        ("name", "x", "name = 'x': not allowed, a run is named by its file"),
        ("init", 3, "init = 3: a table of keys is allowed"),
        ("data.file_sha256", "0", "data.file_sha256 = '0': not allowed, it is computed"),
        ("data.x", np.array([[1.0], [np.nan]]), "data.x[1][0] = nan: a finite number is allowed"),
        ("init.width", "3\n4", "init.width = '3\\n4': a whole number is allowed"),
    ],
)
def test_what_an_override_may_not_say(key, value, line):
    assert refusal("orthogonal", {key: value}) == line


def test_a_long_value_is_cut():
    assert len(refusal("orthogonal", {"data.kind": "a" * 3000})) < 260
    assert len(refusal("orthogonal", {"data.x": [[10**400]]})) < 120


def test_names_of_nothing(written, tmp_path):
    allowed = f"allowed are {', '.join(presets())}, or the path of a TOML, CSV, txt or npz file"
    assert refusal("orthgonal") == f"preset = 'orthgonal' is not known (did you mean 'orthogonal'?): {allowed}"
    for name in ("zzz", "", "a\0b"):
        assert refusal(name) == f"preset = {name!r} is not known: {allowed}"
    for name in (".", str(tmp_path), "~"):
        assert refusal(name) == f"{name} is a folder: allowed is a preset's name, or the path of a file"
    for ending, remedy in (
        (".parquet", "frame.to_csv"),
        (".XLSX", "frame.to_csv"),
        (".mat", "numpy.savez"),
        (".gz", "unpack"),
    ):
        (tmp_path / f"mine{ending}").touch()
        assert remedy in refusal(tmp_path / f"mine{ending}")
    assert refusal("no/such.csv") == "no/such.csv: there is no such file"
    assert refusal("no/such.toml") == "no/such.toml: there is no such file"
    assert refusal(tmp_path / "none.toml") == f"{tmp_path}/none.toml: there is no such file"
    assert refusal("x" * 5000).endswith("...: File name too long")


def test_what_is_no_toml(written):
    path = written("[init]\nwidth = = 3")
    assert refusal(path) == f"{path}: not a TOML file: Invalid value (at line 2, column 9)"
    path.write_bytes(b'title = "\xff"')
    assert refusal(path).startswith(f"{path}: not a TOML file: byte 10 is no text of the encoding utf-8: save")
    path.write_text("a = " + "[" * 5000)
    assert refusal(path).startswith(f"{path}: not a TOML file: ")


@pytest.mark.parametrize(
    ("table", "text", "both"),
    [
        ("data", "[data]\n", "x = [1]\ny = [1]\n"),
        ("init", f"[data]\nx = [1]\ny = [1]\n{GIVEN}", "w = [1]\na = [1]\n"),
    ],
)
def test_files_that_are_not_there(written, tmp_path, table, text, both):
    for name, reason in (
        ("none.csv", "No such file or directory"),
        (".", "a regular file is allowed, no folder, pipe or device"),
    ):
        path = written(f'{text}file = "{name}"')
        assert refusal(path) == f"{table}.file = {str(tmp_path / name)!r}: {reason}"
    assert "null byte" in refusal(written(f'{text}file = "a\\u0000b"'))
    path = written(f'{text}{both}file = "points.csv"', points_csv=b"1,1")
    without = "x and y" if table == "data" else "w and a"
    assert refusal(path) == f"{table}.file = 'points.csv': give either a file or {without}{UNSET}"
    assert refusal(path, {f"{table}.file": 3}) == f"{table}.file = 3: a text is allowed"


def test_a_file_where_none_is_meant(written):
    path = written('[data]\nx = [1]\ny = [1]\n[init]\nfile = "mine.npz"', mine_npz=b"")
    assert refusal(path) == "init.file = 'mine.npz': allowed with start = 'given' only, not with 'balanced'"
    path = written('[data]\nkind = "orthonormal"\nfile = "points.csv"', points_csv=b"1,1")
    assert refusal(path) == "data.file = 'points.csv': allowed with kind = 'points' only, not with 'orthonormal'"
