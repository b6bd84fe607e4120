"""The index is a cache: with it, without it, or with a wrong one, the table is the same."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from amounts import amount

from catalog import index as index_module
from catalog import open_catalog
from catalog.index import TableIndex, index_key, read_index, refreshed
from catalog.manifest import Manifest
from catalog.origins import Origin, origin_key, write_origin
from catalog.self_digest import encode_with_digest, names_listed
from catalog.verification import Finding, Problem

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
    assert catalog.storage.names("index") == []  # six manifests are not worth it
    refreshed(catalog.storage, "runs", worth=0)
    monkeypatch.setattr("catalog.index.read_manifest", lambda *_: pytest.fail("read a manifest"))
    pd.testing.assert_frame_equal(catalog.frame(), fresh)


def test_what_changes_is_seen(catalog, tmp_path):
    refreshed(catalog.storage, "runs", worth=0)
    catalog.remove("a-5")
    catalog.remove("a-3")
    add(tmp_path, 2, configuration={"init": {"width": 77, "seed": 0}}, summary={"loss": 5.0})
    add(tmp_path, 9, summary={"new": 1})
    frame = catalog.frame()
    assert sorted(frame.index) == ["a-0", "a-1", "a-2", "a-4", "a-9"]
    assert frame.loc["a-2", "width"] == 77
    assert "other" not in frame  # no run has it any more
    refreshed(catalog.storage, "runs", worth=0)
    pd.testing.assert_frame_equal(catalog.frame().sort_index(), frame.sort_index(), check_like=True)
    catalog.storage.remove("index")
    pd.testing.assert_frame_equal(catalog.frame().sort_index(), frame.sort_index(), check_like=True)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"version": 99}',
        encode_with_digest({"version": 99}), encode_with_digest({"version": 2}),
        encode_with_digest({"version": 2, "run_ids": ["a-0"], "stamps": [], "parameters": [], "columns": {}}),
        b'{"version": 1, "run_ids": ["a-0"], "stamps": [], "parameters": [], "columns": {}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": [], "columns": {"loss": []}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": [], "columns": {"loss": 3}}',
        b'{"version": 1, "run_ids": ["a-0"], "stamps": ["x"], "parameters": 1,'
        b' "columns": {"loss": {"values": [], "codes": [7]}}}',
    ],
)  # fmt: skip
def test_a_damaged_index_is_as_good_as_none(catalog, content):
    fresh = catalog.frame()
    catalog.storage.write(index_key("runs"), content)
    pd.testing.assert_frame_equal(catalog.frame(), fresh)


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_every_flipped_bit_of_the_index_is_noticed(tmp_path):
    """Every byte of a small one, a bit of it each time; some of them through the table and verify."""
    for number in range(3):
        add(tmp_path, number)
    catalog = open_catalog(tmp_path)
    fresh = catalog.frame()
    refreshed(catalog.storage, "runs", worth=0)
    path, content = tmp_path / index_key("runs"), catalog.storage.read(index_key("runs"))
    bits = range(0, 8 * len(content), amount(7, 1))  # the bit within the byte goes round
    assert len(content) > 600
    for bit in bits:
        path.write_bytes(flipped(content, bit))
        assert read_index(catalog.storage, "runs").spoilt, bit
        with pytest.raises((ValueError, TypeError, KeyError)):
            names_listed(path.read_bytes())
    for bit in bits[:: amount(71, 499)]:
        path.write_bytes(flipped(content, bit))
        assert Finding("runs", "index/runs.json", Problem.DAMAGED, "index") in catalog.verify(), bit
        pd.testing.assert_frame_equal(catalog.frame(), fresh)
        assert path.read_bytes() == content, "written anew, few as they are"


def test_an_index_that_contradicts_the_manifests_is_found(catalog):
    """Its own digest is right: somebody else wrote it."""
    index = refreshed(catalog.storage, "runs", worth=0)
    assert [found for found in catalog.verify() if found.collection == "index"] == []
    index.columns["loss"][0] = 42.0
    catalog.storage.write(index_key("runs"), index.to_bytes())
    assert Finding("runs", "index/runs.json", Problem.CONTRADICTED, "index") in catalog.verify()


def test_an_index_of_an_older_version_names_runs_and_is_no_damage(catalog):
    older = {"version": 1, "run_ids": ["a-0"], "stamps": [""], "parameters": [], "columns": {"loss": [42.0]}}
    catalog.storage.write(index_key("runs"), json.dumps(older).encode())
    assert names_listed(catalog.storage.read(index_key("runs"))) == ["a-0"]
    assert [found for found in catalog.verify() if found.collection == "index"] == []
    assert catalog.frame().loc["a-0", "loss"] == 0.0


def test_a_run_says_where_it_came_from(catalog):
    """In the table, from the index or not; unless it was published again since."""
    origin = Origin("http://example.org/", "2026-02-01T00:00:00+00:00", MANIFEST.created, ("its points",))
    write_origin(catalog.storage, "a-0", origin)
    write_origin(catalog.storage, "a-1", replace(origin, published="2025-01-01T00:00:00+00:00"))
    assert (catalog.origin("a-0"), catalog.origin("a-1"), catalog.origin("a-2")) == (origin, None, None)
    for _ in range(2):
        frame = catalog.frame()
        assert frame["imported_from"].dropna().to_dict() == {"a-0": "http://example.org/"}
        refreshed(catalog.storage, "runs", worth=0)
    key = origin_key("a-0")
    catalog.storage.write(key, flipped(catalog.storage.read(key), 100))
    assert catalog.origin("a-0") is None
    assert Finding("a-0", key, Problem.DAMAGED, "origins") in catalog.verify()
    catalog.remove("a-0")
    assert not catalog.storage.exists(key)


def test_values_keep_their_types(tmp_path):
    index = TableIndex()
    values = [1, 1.0, True, "1", None, float("inf"), 1, 1, True, True]
    for number, value in enumerate(values):
        index.add(replace(MANIFEST, run_id=f"a-{number}", summary={"value": value}), "stamp")
    storage = open_catalog(tmp_path).storage
    storage.write(index_key("runs"), index.to_bytes())
    read = read_index(storage, "runs").columns["value"]
    assert [(type(value), value) for value in read] == [(type(value), value) for value in values]


def test_a_repeating_column_is_small(catalog):
    index = refreshed(catalog.storage, "runs", worth=0)
    stored = json.loads(catalog.storage.read(index_key("runs")))["columns"]
    assert stored["preset"] == {"values": ["a"], "codes": [0] * 6}
    assert stored["init.width"] == index.columns["init.width"]


def test_a_catalog_that_can_not_be_written_is_listed_all_the_same(catalog, monkeypatch):
    from catalog.errors import DiskFullError
    from catalog.storage.local import LocalStorage

    def full(*_):
        raise DiskFullError("full")

    monkeypatch.setattr(LocalStorage, "write", full)
    assert len(refreshed(catalog.storage, "runs", worth=0).run_ids) == 6


def test_bounds_are_for_strangers(catalog, monkeypatch):
    """The index of a catalog of one's own has as many runs as there are."""
    refreshed(catalog.storage, "runs", worth=0)
    monkeypatch.setattr(index_module, "LARGEST_INDEX", 10)
    assert len(read_index(catalog.storage, "runs").run_ids) == 6
