"""Points from files as people have them: npz, npy, tensors, TOML; and one line about each that can't be read."""

import io
import pickle
import sys
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from torch_double import torch_of

from pipeline.configuration import DataConfig, load_config
from pipeline.data import generate_data
from pipeline.data.sources import given_points
from pipeline.inputs.errors import RequestError


def test_npz(read):
    x, y, names = read("mine.npz", {"x": np.eye(3, 2), "y": np.array([1, 2, 3]), "more": np.ones(1)})
    assert_array_equal(x, np.eye(3, 2))
    assert_array_equal(y, [1.0, 2.0, 3.0])
    assert (y.dtype, names) == (np.float64, ["x1", "x2"])
    x, _, names = read("mine.npz", {"x": np.float32([1, 2]), "y": np.float32([1, 2])})
    assert_array_equal(x, [[1.0], [2.0]])
    assert names == ["x"]


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"x": np.eye(2)}, "the array y is missing, there is x"),
        ({"y": np.ones(2)}, "the array x is missing, there is y"),
        ({"x": np.eye(2), "X": np.eye(2), "y": np.ones(2)}, "the arrays x and X are both there: one is allowed"),
        ({"x": np.eye(2), "y": np.ones(3)}, "x has the shape (2, 2) and y (3,): allowed are (n, d) and (n,)"),
        ({"x": np.eye(2), "y": np.eye(2)}, "x has the shape (2, 2) and y (2, 2): allowed are (n, d) and (n,)"),
        ({"x": np.zeros((0, 2)), "y": []}, "x has the shape (0, 2) and y (0,): allowed are (n, d) and (n,)"),
        ({"x": 1.0, "y": [1.0]}, "x has the shape () and y (1,): allowed are (n, d) and (n,)"),
        ({"x": np.eye(2) * 1j, "y": np.ones(2)}, "the array x is not of real numbers"),
        ({"x": np.eye(2), "y": ["1", "2"]}, "the array y is not of real numbers"),
        ({"x": np.eye(2), "y": [True, False]}, "the array y is not of real numbers"),
    ],
)
def test_npz_that_is_refused(refusal, arrays, line):
    assert refusal("mine.npz", arrays) == line


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 3)])
def test_labels_as_a_column_or_a_row_and_capitals(read, shape):
    x, y, _ = read("mine.npz", {"X": np.eye(3, 2), "y": np.arange(3).reshape(shape)})
    assert_array_equal(x, np.eye(3, 2))
    assert_array_equal(y, [0.0, 1.0, 2.0])


# npy and torch


def test_npy(read, refusal):
    def npy(array):
        content = io.BytesIO()
        np.save(content, array)
        return content.getvalue()

    x, y, names = read("mine.npy", npy(np.array([[1, 2, 3], [4, 5, 6]])))
    assert_array_equal(x, [[1.0, 2.0], [4.0, 5.0]])
    assert_array_equal(y, [3.0, 6.0])
    assert names == ["x1", "x2"]
    assert refusal("mine.npy", npy(np.ones(3))) == (
        "the array has the shape (3,): allowed is (n, d + 1), the last column is y"
    )
    assert refusal("mine.npy", b"1,2\n") == "it is not an npy file"
    assert refusal("mine.npy", npy(np.ones((2, 2)))[:-3])  # in one line
    assert "allow_pickle=False" in refusal("mine.npy", npy(np.array([[Trap(), Trap()]])))
    assert not Trap.sprung


def test_tensors_need_torch(read, refusal, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    line = refusal("mine.pt", b"rubbish")
    assert line == "reading it needs torch: pip install torch, or save the arrays with numpy.savez"
    monkeypatch.setitem(sys.modules, "torch", torch_of({"x": np.eye(3, 2), "y": np.ones((3, 1))}))
    x, y, _ = read("mine.pt", b"")
    assert (x.shape, y.tolist()) == ((3, 2), [1.0, 1.0, 1.0])
    monkeypatch.setitem(sys.modules, "torch", torch_of(RuntimeError("Invalid magic\nnumber")))
    assert refusal("mine.pt", b"rubbish").startswith("torch can't read it (Invalid magic number): allowed is")
    monkeypatch.setitem(sys.modules, "torch", torch_of({"epoch": np.ones(1), "model": {}}))
    assert refusal("mine.pt", b"").startswith("it holds no dictionary of tensors: ")


class Trap:
    """Unpickling it would be noticed."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def test_nothing_is_unpickled(refusal, tmp_path):
    line = refusal("mine.npz", {"x": np.array([Trap()], dtype=object), "y": np.ones(1)})
    assert "allow_pickle=False" in line
    with zipfile.ZipFile(tmp_path / "more.npz", "w") as archive:
        for name in ("x.npy", "y.npy", "x", "y"):
            archive.writestr(name, pickle.dumps(Trap()))
    refusal("more.npz", (tmp_path / "more.npz").read_bytes())
    assert not Trap.sprung


def test_npz_that_is_none(refusal, tmp_path):
    np.save(tmp_path / "array.npy", np.eye(2))
    for content in (b"", b"rubbish", (tmp_path / "array.npy").read_bytes()):
        assert refusal("mine.npz", content) == "it is not an npz file"
    np.savez_compressed(tmp_path / "good.npz", x=np.arange(1000.0), y=np.arange(1000.0))
    good = bytearray((tmp_path / "good.npz").read_bytes())
    for place in range(60, 1000, 97):  # in the compressed arrays
        damaged = good.copy()
        damaged[place] ^= 0xFF
        assert refusal("mine.npz", bytes(damaged)).startswith("it is damaged: ")


# TOML


def test_toml(read):
    x, y, names = read("mine.toml", 'note = "mine"\nx = [[1, 2.0], [3, 4]]\ny = [1, -1]\n')
    assert_array_equal(x, [[1.0, 2.0], [3.0, 4.0]])
    assert_array_equal(y, [1.0, -1.0])
    assert names == ["x1", "x2"]
    assert_array_equal(read("mine.toml", "x = [1, 2]\ny = [1, 1]")[0], [[1.0], [2.0]])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("x = [1]", "y is missing: allowed are x and y, or file"),
        ("x = [1, 2]\ny = [1]", "y has 1 label for 2 points: allowed is one label for each point"),
        ("x = [[1, 2], [3]]\ny = [1, 1]", "x has rows of 1 and 2 numbers: allowed is one length of at least 1"),
        ('x = [[1], ["2"]]\ny = [1, 1]', "x[1][0] = '2': a number is allowed"),
        ("x = [1]\ny = [nan]", "y[0] = nan: a finite number is allowed"),
        ("x = [[1]]\ny = 1979-05-27", "y = datetime.date(1979, 5, 27): a list or an array is allowed"),
        ("x = = 1", "Invalid value (at line 1, column 5)"),
        (b'x = "\xff"', "byte 6 is no text of the encoding utf-8: save it as UTF-8 (in Excel: CSV UTF-8)"),
    ],
)
def test_toml_that_is_refused(refusal, content, line):
    assert refusal("mine.toml", content) == line


def test_toml_without_end(refusal):
    assert "nested too deeply" in refusal("mine.toml", "x = " + "[" * 5000)


# Any file


def test_other_endings(refusal):
    allowed = "allowed are the endings .csv, .txt, .dat, .tsv, .npy, .npz, .pt, .pth, .toml"
    for name in ("mine.xlsx", "mine", "mine.csv.gz"):
        assert refusal(name, "1,2\n") == allowed


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RequestError, match=r"^data\.file = 'none\.csv': No such file or directory$"):
        given_points(DataConfig(file=str(tmp_path / "none.csv")))


def test_a_file_that_changes_between_naming_and_reading_the_run(tmp_path):
    """Else a run would be published under the name of other data."""
    (tmp_path / "points.csv").write_text("1,0,1\n0,1,-1\n")
    (tmp_path / "mine.toml").write_text('[data]\nfile = "points.csv"\n')
    config = load_config(tmp_path / "mine.toml")
    assert_array_equal(generate_data(config.data)["y"], [1.0, -1.0])
    (tmp_path / "points.csv").write_text("1,0,1\n0,1,-2\n")
    with pytest.raises(RequestError, match=r"^data\.file = 'points\.csv': it was changed while it was read$"):
        generate_data(config.data)


def test_a_files_labels_reach_the_data(tmp_path):
    (tmp_path / "mine.csv").write_text("height,the width,y\n1,0,1\n0,1,-1\n")
    data = generate_data(DataConfig(file=str(tmp_path / "mine.csv"), bias=True))
    assert data["coord"].attrs["labels"] == "height the_width bias"
    assert_array_equal(data["x"], [[1, 0, 1], [0, 1, 1]])


def test_a_bias_of_its_own_leaves_no_room_for_another(tmp_path):
    (tmp_path / "mine.csv").write_text("x,bias,y\n1,1,3\n")
    with pytest.raises(RequestError, match=r"^data\.bias = true: allowed without a column named 'bias' only"):
        generate_data(DataConfig(file=str(tmp_path / "mine.csv"), bias=True))
