"""Files that would take the memory, or for ever: each is one line, before anything of it is taken in."""

import os
import tracemalloc

import numpy as np
import pytest

from pipeline.configuration import arrays, bounds, load_config, parse_override, parse_toml, read_bytes
from pipeline.configuration.wording import shown
from pipeline.inputs.errors import RequestError
from pipeline.sweep import load_sweep

pytestmark = pytest.mark.usefixtures("nothing_destroyed")

DIGITS = "9" * 5000
FEWER = "9" * 4000
KEYS = (
    "init.width",
    "init.seed",
    "init.log10_scale",
    "flow.tolerance",
    "flow.end_time",
    "data.y",
    "title",
    "nothing",
)


def one_line(attempt, *arguments):
    """The line by which it is refused."""
    with pytest.raises(RequestError) as caught:
        attempt(*arguments)
    (line,) = str(caught.value).splitlines()
    assert len(line) < 600
    return line


@pytest.fixture
def written(tmp_path):
    """The path of a TOML file with this text."""

    def write(text, name="mine.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("key", KEYS)
def test_a_number_of_many_digits(key, written):
    value = f"[{DIGITS}]" if key == "data.y" else DIGITS
    table, _, word = key.rpartition(".")
    text = f"[{table}]\n{word} = {value}\n" if table else f"{word} = {value}\n"
    assert one_line(load_config, written(text)).endswith(
        "it has a number of more than 4,300 digits, which are allowed"
    )
    if key != "title":  # any text is one
        assert key in one_line(load_config, "orthogonal", dict([parse_override(f"{key}={value}")]))


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("title", "init.seed")])
def test_a_number_that_no_float_holds(key):
    value = f"[{FEWER}, 1]" if key == "data.y" else FEWER
    assert key in one_line(load_config, "orthogonal", dict([parse_override(f"{key}={value}")]))


def test_a_number_that_can_not_be_written():
    assert shown(10**5000) == "a value too long to be written"
    assert one_line(load_config, "orthogonal", {"init.width": 10**5000}).startswith("init.width = ")


DEEP = ".".join("a" * 50_000)


@pytest.mark.parametrize(
    "text",
    [f"{DEEP} = 1", f"[{DEEP}]", f"[[{DEEP}]]", f"x = {{{DEEP} = 1}}", DEEP.replace("a", '"a"') + " = 1",
     DEEP.replace(".", " . ") + " = 1", DEEP.replace("a", "'.'") + " = 1", f"a = '''\n'''\n{DEEP} = 1",
     "x = " + "[" * 100_000, "x = " + "{a = " * 50_000, f"x = {DIGITS}", "a" * 2**20 + "." + DEEP,
     "\n".join(f"k{i} = 1" for i in range(bounds.MOST_KEYS + 1)), "[" + "[]," * bounds.MOST_LISTS,
     "#" * (bounds.LARGEST_TOML + 1), '"""' + '\\"""' * 10_000],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
def test_toml_that_would_take_the_memory(text, written):
    path = written(text)
    tracemalloc.start()
    try:
        assert one_line(load_config, path).startswith(f"{path}: not a TOML file: ")
        assert one_line(load_sweep, path).startswith(f"{path}: not a TOML file: ")
        assert tracemalloc.get_traced_memory()[1] < 120 * 2**20
    finally:
        tracemalloc.stop()


def test_toml_that_only_looks_deep():
    dots = ".".join("a" * 100)
    text = f'a = "{dots}"  # {dots}\nb = \'{dots}\'\nc = """\n{dots}\n"""\nd.e.f.g = 1.5\nh = [{"1.5, " * 1000}]\n'
    found = parse_toml(text)
    assert (found["a"], found["c"]) == (dots, f"{dots}\n")
    assert found["d"] == {"e": {"f": {"g": 1.5}}}


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat", ".npy", ".npz", ".pt", ".toml"])
def test_what_is_no_regular_file(ending, tmp_path, written):
    """None of them is read: opening a pipe would wait, /dev/zero never ends."""
    pipe, folder, zero = (tmp_path / f"{name}{ending}" for name in ("pipe", "folder", "zero"))
    os.mkfifo(pipe)
    folder.mkdir()
    zero.symlink_to("/dev/zero")
    for path in (pipe, folder, zero):
        for table, more in (("data", ""), ("init", 'start = "given"\n')):
            config = written(f'[{table}]\nfile = "{path.name}"\n{more}')
            assert "a regular file is allowed, no folder, pipe or device" in one_line(load_config, config)
        if ending != ".pt":
            assert "a regular file is allowed" in one_line(load_config, path)
        if ending == ".toml":
            assert "a regular file is allowed" in one_line(load_sweep, path)


@pytest.mark.parametrize("ending", [".csv", ".npz", ".toml"])
def test_a_file_that_is_too_large(ending, tmp_path):
    path = tmp_path / f"large{ending}"
    with path.open("wb") as file:
        file.truncate(2**36)
    assert "it has 68,719,476,736 bytes: at most " in one_line(load_config, path)


def test_a_file_without_a_size_is_read_no_further(monkeypatch, tmp_path):
    """As those of /proc are."""
    (tmp_path / "grows.toml").write_text("x = 1")
    monkeypatch.setitem(bounds._LARGEST, ".toml", 4)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((0o100644, *[0] * 9)))
    with pytest.raises(ValueError, match="more than 4 bytes"):
        read_bytes(tmp_path / "grows.toml")
    monkeypatch.setitem(bounds._LARGEST, ".toml", 5)
    assert read_bytes(tmp_path / "grows.toml") == b"x = 1"


def test_arrays_that_unpack_to_more_than_is_meant(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "LARGEST_ARRAYS", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros((2**17, 1)), y=np.zeros(2**17))
    assert (tmp_path / "bomb.npz").stat().st_size < 2**15
    with pytest.raises(ValueError, match=r"it unpacks to 2,\d+,\d+ bytes: at most 1,048,576 are allowed"):
        arrays.npz_arrays((tmp_path / "bomb.npz").read_bytes())
    np.savez_compressed(tmp_path / "small.npz", x=np.zeros(2**18, dtype="i1"))
    with pytest.raises(ValueError, match="the array x has 262,144 numbers: at most 131,072 are allowed"):
        arrays.npz_arrays((tmp_path / "small.npz").read_bytes()).numbers("x")


@pytest.mark.parametrize("shape", [(10**15,), (10**9, 10**9), (2**40, 2)])
def test_arrays_that_announce_more_than_they_have(shape, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    content = (tmp_path / "x.npy").read_bytes()
    forged = content.replace(b"(3,), }".ljust(60), repr(shape).encode() + b", }".ljust(60 - len(repr(shape))))
    assert forged != content
    with pytest.raises(ValueError, match=r"announces|damaged|read|large|big"):
        arrays.npy_array(forged)
