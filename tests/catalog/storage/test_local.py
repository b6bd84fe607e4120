"""A catalog in a folder."""

from catalog.storage import open_storage


def test_an_unexpected_folder_is_named_once_and_every_unexpected_file(tmp_path):
    for name in ("run/zarr.json", "run/loss/c.0", "run/loss/c.1", "run/foreign/deep/c.0", "run/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "run/time/c.0").mkdir(parents=True)  # a folder in a file's place: it is said not to be that file
    found = open_storage(tmp_path).unexpected_files("run", ["zarr.json", "loss/c.0", "time/c.0"])
    assert sorted(found) == ["foreign/", "loss/c.1", "notes.txt"]
