"""A zip may lie in every way that a zip can, and a name must be one that no system reads otherwise."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import open_catalog
from catalog.errors import CatalogError, DamagedRunError
from catalog.sharing import import_runs, sources
from catalog.verification import verify


def remade(zipped, path, more=(), without=()):
    """The zip with other entries."""
    with zipfile.ZipFile(zipped) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in without:
                new.writestr(name, old.read(name))
        for entry, content in more:
            new.writestr(entry, content)
    return path


def special(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


EVIL = {
    "up": [("../evil", b"x")],
    "up inside": [("runs/../../evil", b"x")],
    "absolute": [("/etc/evil", b"x")],
    "drive": [("C:/evil", b"x")],
    "backslash": [("runs\\..\\evil", b"x")],
    "double slash": [("runs//evil", b"x")],
    "link": [(special("runs/x-0/manifest.json", 0o120777), b"/etc/passwd")],
    "device": [(special("runs/x-0/manifest.json", 0o020777), b"")],
    "case": [("readme.MD", b"x")],
    "file and folder": [("README.md/x", b"x")],
    "strange run": [("runs/-x/manifest.json", b"x")],
}


@pytest.mark.parametrize("kind", EVIL)
def test_evil_zips_are_refused_whole(kind, zipped, target, tmp_path, contents):
    path = remade(zipped, tmp_path / "evil.zip", EVIL[kind])
    before = contents(tmp_path)
    with pytest.raises(DamagedRunError, match=r"evil\.zip: ") as caught:
        import_runs(target, path)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(zipped, target, run_id, tmp_path):
    path = remade(zipped, tmp_path / "twice.zip", [(f"runs/{run_id}/manifest.json", b"{}")])
    with pytest.raises(DamagedRunError, match="clash"):
        import_runs(target, path)


def test_a_name_that_is_cut_at_nul_is_refused(zipped, target, tmp_path):
    path = remade(zipped, tmp_path / "nul.zip", [("xZevil", b"x")])
    path.write_bytes(path.read_bytes().replace(b"xZevil", b"x\0evil"))
    with pytest.raises(DamagedRunError, match="is not allowed; it may lead elsewhere"):
        import_runs(target, path)


def test_a_bomb_is_refused(zipped, target, run_id, tmp_path):
    path = tmp_path / "bomb.zip"
    shutil.copy(zipped, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(2**26))
    with pytest.raises(DamagedRunError, match="--largest-bytes allows 10000000"):
        import_runs(target, path, largest_bytes=10**7)


def test_a_size_that_lies_is_refused(zipped, target, run_id, tmp_path):
    """The zip declares few bytes, and unpacks to many."""
    name = f"runs/{run_id}/data.zarr/data/y/c.0"
    path = remade(zipped, tmp_path / "lying.zip", without=[name])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(10**6))
    content = path.read_bytes()
    assert content.count((10**6).to_bytes(4, "little")) == 2  # in the local header and in the directory
    path.write_bytes(content.replace((10**6).to_bytes(4, "little"), (40).to_bytes(4, "little")))
    done = import_runs(target, path)
    assert run_id in done.refused
    assert target.run_ids() == []


def test_flipped_bits_of_a_zip_never_come_in(zipped, tmp_path, run_id, contents, origin):
    content = zipped.read_bytes()
    true = contents(Path(origin.path(run_id)))
    path, rng = tmp_path / "flipped.zip", np.random.default_rng(1)
    for number, position in enumerate(rng.integers(0, len(content), 12)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        into = open_catalog(tmp_path / f"into-{number}")
        try:
            done = import_runs(into, path)
        except CatalogError:
            done = None
        if done is not None and done.imported:
            assert done.imported == [run_id]
            assert contents(Path(into.path(run_id))) == true
        assert verify(into.storage) == []


# Names


@given(st.text(max_size=20))
@settings(max_examples=300)
def test_a_plain_path_stays_inside_on_any_system(path):
    """Judged by the two systems' own rules for paths."""
    import ntpath
    import posixpath

    if sources.is_plain(path):
        assert posixpath.normpath(path) == path
        assert not posixpath.isabs(path)
        assert ntpath.splitdrive(path)[0] == ""
        assert ntpath.normpath(path) == path.replace("/", "\\")
        assert "\0" not in path


def test_names_of_real_runs_are_plain(origin, run_id):
    files = list(origin.manifest(run_id).files)
    assert all(map(sources.is_plain, files))
    assert sources.clashes(files) == []
    assert sources.clashes(["a/b", "A/B", "c", "c/d", "e"]) == ["a/b", "A/B", "c"]
