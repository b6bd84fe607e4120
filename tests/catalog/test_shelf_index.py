"""The index is a cache: with it, without it, or with a wrong one, the table is the same."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from catalog import open_catalog, shelf_index
from catalog.manifest import Manifest
from catalog.shelf_index import ShelfIndex, index_key, read_index, refreshed

MANIFEST = Manifest(
    run_id="a-0", schema_version="1", created="2026-01-01T00:00:00+00:00", provenance={}, files={},
    configuration={"init": {"width": 60, "seed": 0}, "title": "one"},
    summary={"final_loss": 1e-9, "t3": float("nan"), "gap": None, "balanced": True, "statements.eq_8": "holds"},
)  # fmt: skip


def add(root, number, **changes):
    folder = root / f"runs/a-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = replace(MANIFEST, run_id=f"a-{number}", **changes)
    (folder / "manifest.json").write_bytes(manifest.to_bytes())


@pytest.fixture
def catalog(tmp_path):
    for number in range(5):
        add(tmp_path, number, configuration={"init": {"width": number, "seed": 0}}, summary={"loss": 0.1 * number})
    add(tmp_path, 5, summary={"other": "text", "loss": None})
    return open_catalog(tmp_path)


def test_the_table_from_the_index_is_the_table_from_the_manifests(catalog, monkeypatch):
    fresh = catalog.frame()
    assert catalog.place.names("index") == []  # six manifests are not worth it
    refreshed(catalog.place, "runs", worth=0)
    monkeypatch.setattr("catalog.shelf_index.read_manifest", lambda *_: pytest.fail("read a manifest"))
    pd.testing.assert_frame_equal(catalog.frame(), fresh)


def test_what_changes_is_seen(catalog, tmp_path):
    refreshed(catalog.place, "runs", worth=0)
    catalog.remove("a-5")
    catalog.remove("a-3")
    add(tmp_path, 2, configuration={"init": {"width": 77, "seed": 0}}, summary={"loss": 5.0})
    add(tmp_path, 9, summary={"new": 1})
    frame = catalog.frame()
    assert sorted(frame.index) == ["a-0", "a-1", "a-2", "a-4", "a-9"]
    assert frame.loc["a-2", "width"] == 77
    assert "other" not in frame  # no run has it any more
    refreshed(catalog.place, "runs", worth=0)
    pd.testing.assert_frame_equal(catalog.frame().sort_index(), frame.sort_index(), check_like=True)
    catalog.place.remove("index")
    pd.testing.assert_frame_equal(catalog.frame().sort_index(), frame.sort_index(), check_like=True)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"version": 99}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": [], "parameters": [], "columns": {}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": [], "columns": {"loss": []}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": [], "columns": {"loss": 3}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": 1,'
        b' "columns": {"loss": {"values": [], "codes": [7]}}}',
    ],
)  # fmt: skip
def test_a_damaged_index_is_as_good_as_none(catalog, content):
    fresh = catalog.frame()
    catalog.place.write(index_key("runs"), content)
    pd.testing.assert_frame_equal(catalog.frame(), fresh)


def test_values_keep_their_types(tmp_path):
    index = ShelfIndex()
    values = [1, 1.0, True, "1", None, float("inf"), 1, 1, True, True]
    for number, value in enumerate(values):
        index.add(replace(MANIFEST, run_id=f"a-{number}", summary={"value": value}), "stamp")
    place = open_catalog(tmp_path).place
    place.write(index_key("runs"), index.to_bytes())
    read = read_index(place, "runs").columns["value"]
    assert [(type(value), value) for value in read] == [(type(value), value) for value in values]


def test_a_repeating_column_is_small(catalog):
    index = refreshed(catalog.place, "runs", worth=0)
    stored = json.loads(catalog.place.read(index_key("runs")))["columns"]
    assert stored["preset"] == {"values": ["a"], "codes": [0] * 6}
    assert stored["init.width"] == index.columns["init.width"]


def test_a_catalog_that_can_not_be_written_is_listed_all_the_same(catalog, monkeypatch):
    from catalog.errors import DiskFullError
    from catalog.places.local import LocalPlace

    def full(*_):
        raise DiskFullError("full")

    monkeypatch.setattr(LocalPlace, "write", full)
    assert len(refreshed(catalog.place, "runs", worth=0).run_ids) == 6


def test_bounds_are_for_strangers(catalog, monkeypatch):
    """The index of a catalog of one's own has as many runs as there are."""
    refreshed(catalog.place, "runs", worth=0)
    monkeypatch.setattr(shelf_index, "LARGEST_INDEX", 10)
    assert len(read_index(catalog.place, "runs").run_ids) == 6
