"""Finding runs: by name, by a short name, by a condition; and what is said when there is none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import catalog
from catalog.catalog import open_catalog
from catalog.errors import (
    AmbiguousRunError,
    CatalogError,
    CatalogUnwritableError,
    DamagedRunError,
    UnknownRunError,
)
from catalog.manifest import Manifest
from catalog.table import select

ONE_LINE = r"^[^\n]+$"


def add(root, run_id, created="2026-01-01T00:00:00+00:00", configuration=None, **summary):
    """A run of which there is only the manifest; a listing needs no more."""
    (root / "runs" / run_id).mkdir(parents=True)
    configuration = configuration or {
        "data": {"seed": 0},
        "init": {"width": 60, "seed": 1, "start": "balanced"},
    }
    manifest = Manifest(run_id, "1.0", created, configuration, summary, {}, {})
    (root / "runs" / run_id / "manifest.json").write_bytes(manifest.to_bytes())


@pytest.fixture
def several(tmp_path):
    add(tmp_path, "orthogonal-aaaa00000000", "2026-01-03T00:00:00+00:00", final_loss=1e-9, status="converged")
    add(
        tmp_path,
        "orthogonal-large-bbbb00000000",
        "2026-01-01T00:00:00+00:00",
        {"data": {"seed": 0, "x": [[1.0, 2.0]]}, "init": {"width": 2000, "seed": 2}},
        final_loss=float("nan"),
    )
    add(
        tmp_path,
        "mine-cccc00000000",
        "2026-01-02T00:00:00+00:00",
        final_loss=1e-3,
        status="budget",
        width_used=59,
    )
    add(tmp_path, "mine-cccd00000000", "2026-01-04T00:00:00+00:00", size=5, final_loss=None)
    return open_catalog(tmp_path)


def test_opening_creates_nothing(tmp_path):
    opened = open_catalog(tmp_path / "nothing")
    assert (opened.run_ids(), list(opened), len(opened), "a-0" in opened) == ([], [], 0, False)
    assert len(opened.frame()) == 0
    assert len(opened.where("width == 60")) == 0
    assert opened.verify() == []
    assert not list(tmp_path.iterdir())


def test_addresses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere/else")
    assert open_catalog("here").storage.root == tmp_path / "here"
    assert open_catalog(Path("here")).storage.root == tmp_path / "here"
    assert open_catalog("file:///a%20b/c").storage.root == Path("/a b/c")
    assert open_catalog("~/runs").storage.root == Path("/somewhere/else/runs")
    assert open_catalog("memory://x/y").path is not None
    for url in (
        "nonsense://bucket/x", "file://elsewhere/x", "", " ", "http://[::1", "http://", "http:///x", "http:x",
        "http://host:99999/x", "file://", "file:x", "data:,", "data:text/plain,x", "simplecache::", "s3://",
        "s3:/x", "simplecache::http://host/x", "zip://x::y.zip", "ftp://host/x", "github://a:b@main/x", "local:/x",
        "xx:y", "HTTP://", "reference://x", "blockcache::file:///x",
    ):  # fmt: skip
        with pytest.raises(CatalogError, match=ONE_LINE) as caught:
            open_catalog(url)
        assert "file:///path" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert open_catalog("./data:,").storage.root == tmp_path / "data:,"
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="is a file"):
        open_catalog("file")


def test_membership_never_leaves_the_catalog(pristine, run_id):
    opened = open_catalog(pristine)
    assert run_id in opened
    for name in (f"../runs/{run_id}", "..", "", f"{run_id}/data.zarr", 3, None, "a\0b"):
        assert name not in opened


def test_an_unknown_run_names_close_ones(several):
    with pytest.raises(
        UnknownRunError,
        match=r"^no run 'orthogonal-aaaa00000001' in this catalog; close to it: "
        r"orthogonal-aaaa00000000",
    ) as caught:
        several["orthogonal-aaaa00000001"]
    assert isinstance(caught.value, KeyError)
    assert caught.value.close_matches[0] == "orthogonal-aaaa00000000"
    for ask in (several.manifest, several.path, several.resolve):
        with pytest.raises(UnknownRunError, match=r"^no run 'zzz' in this catalog$"):
            ask("zzz")


@pytest.mark.parametrize(
    ("text", "run_id"),
    [
        ("orthogonal", "orthogonal-aaaa00000000"),
        ("orthogonal-large", "orthogonal-large-bbbb00000000"),
        ("orthogonal-l", "orthogonal-large-bbbb00000000"),
        ("mine-cccc", "mine-cccc00000000"),
        ("cccd", "mine-cccd00000000"),
        ("mine-cccc00000000", "mine-cccc00000000"),
    ],
)
def test_short_names(several, text, run_id):
    assert several.resolve(text) == run_id


def test_short_names_that_do_not_do(several):
    for text in ("mine", "mine-", "mine-ccc", "orth"):
        with pytest.raises(AmbiguousRunError, match=rf"^'{text}' fits 2 runs: "):
            several.resolve(text)
    with pytest.raises(UnknownRunError, match="close to it: orthogonal-aaaa00000000"):
        several.resolve("orthogonl")
    for text in ("", "..", "ccc"):
        with pytest.raises(UnknownRunError):
            several.resolve(text)


def test_the_frame(several):
    frame = several.frame()
    assert frame.index.name == "run_id"
    assert [name[:8] for name in frame.index] == ["orthogon", "mine-ccc", "orthogon", "mine-ccc"]
    assert frame["created"].is_monotonic_increasing
    assert frame["created"].iloc[0] == pd.Timestamp("2026-01-01")
    assert list(frame["init.width"]) == list(frame["width"]) == [2000, 60, 60, 60]
    assert "seed" not in frame  # data.seed or init.seed?
    assert {"data.seed", "init.seed"} <= set(frame.columns)
    assert frame["data.x"].iloc[0] == "[[1.0, 2.0]]"
    assert np.array_equal(frame["final_loss"], [np.nan, 1e-3, 1e-9, np.nan], equal_nan=True)
    assert frame["summary.size"].iloc[3] == 5  # `size` is the bytes on disk
    assert frame["size"].iloc[3] == 0
    assert frame.columns.is_unique


def test_a_summary_may_repeat_the_parameters(tmp_path):
    add(tmp_path, "a-0", configuration={"init": {"width": 60}}, **{"init.width": 60, "width": 60, "loss": 1.0})
    frame = open_catalog(tmp_path).frame()
    assert sorted(frame.columns) == sorted(
        ["created", "preset", "schema_version", "size", "init.width", "width", "loss"]
    )


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("width==60", 3),
        ("init.width == 60", 3),
        ("`init.width` == 60", 3),
        ("width > 60 or final_loss < 1e-6", 2),
        ("preset == 'mine' and not final_loss < 1e-6", 2),
        ("start in ['balanced', \"x\"]", 3),
        ("width_used == 59", 1),
        ("(init.seed == 2) | (status == 'budget')", 2),
        ("created > '2026-01-02'", 2),
        ("preset == 'init.width'", 0),
        ("run_id == 'mine-cccc00000000'", 1),
        ("10 < width < 100", 3),
        ("~(width == 60)", 1),
        ("-final_loss / 2 > -1", 2),
    ],
)
def test_where(several, expression, found):
    assert len(several.where(expression)) == found


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "width ==",
        "width",
        "60",
        "width = 60",
        "wdth == 60",
        "`no.such` == 1",
        "width == 'a' +",
        "status < 3",
        "'x'",
        "@x == 1",
        "created.to_csv('stolen') == 1",
        "__import__('os').system('touch stolen')",
        "width[0] == 1",
        "width ** 9 ** 9 ** 9 > 0",
        "preset * 9 == ('a' * 9999999999)",
        "(lambda: 1)() == 1",
        "width == 60; width == 61",
        "_column_0_ == 1",
        "width == 60\nwidth == 61",
        "(" * 500,
        "a" * 10_000,
        "[x for x in width] == 1",
        "\0",
    ],
)
def test_bad_conditions_are_one_clear_line(several, expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match=ONE_LINE) as caught:
        several.where(expression)
    assert str(caught.value).startswith("--where ")
    assert not list(tmp_path.glob("stolen*"))


@pytest.mark.parametrize(
    ("frame", "expression", "said"),
    [(None, "a == 1", "frame is a NoneType: a DataFrame"), (pd.DataFrame(), 1, "expression is a int: a str")],
)
def test_what_is_no_table_or_no_text_is_named(frame, expression, said):
    with pytest.raises(CatalogError, match=said):
        select(frame, expression)


def test_a_misspelt_column_is_named_with_close_ones(several):
    with pytest.raises(CatalogError, match=r"there is no column 'final_los'; close to it: final_loss"):
        several.where("final_los < 1")


def test_one_damaged_manifest_does_not_hide_the_others(several):
    (several.storage.root / "runs/mine-cccc00000000/manifest.json").write_text("{}")
    frame = several.frame()
    assert len(frame) == 3
    assert "is damaged" in frame.attrs["damaged"]["mine-cccc00000000"]
    with pytest.raises(DamagedRunError, match=ONE_LINE):
        several.manifest("mine-cccc00000000")


def test_a_store_that_does_not_open(several):
    with pytest.raises(DamagedRunError, match="`reluflow verify mine-cccc00000000` names the damage"):
        several["mine-cccc00000000"]


def test_a_run_that_is_removed_while_it_is_opened_is_unknown(several, monkeypatch):
    """Not damaged: there is nothing to be mended."""

    def store(storage, key):
        several.remove("mine-cccc00000000")
        raise FileNotFoundError(key)

    monkeypatch.setattr(type(several.storage), "store", store)
    with pytest.raises(UnknownRunError):
        several["mine-cccc00000000"]

    (left, *_) = several.run_ids()

    def unreadable(*words):
        several.remove(left)
        raise DamagedRunError("gone")

    monkeypatch.setattr("catalog.catalog.read_manifest", unreadable)
    with pytest.raises(UnknownRunError):
        several.manifest(left)


def test_a_real_run_through_the_front_door(tmp_path, tree, run_id, description):
    opened = catalog.open_catalog(tmp_path)
    opened.check_writable(run_id)
    path = opened.publish(run_id, tree, **description)
    assert opened.path(run_id) == path
    manifest = opened.manifest(run_id)
    assert manifest.configuration == description["configuration"]
    assert manifest.summary["final_loss"] == 1e-12
    assert np.isnan(manifest.summary["t3"])
    assert manifest.size > 10_000
    frame = opened.where("width == 60 and log10_scale < -5 and balanced")
    assert frame.index.tolist() == [run_id]
    assert isinstance(frame, pd.DataFrame)
    assert opened[run_id]["phases/phase"].dtype == np.int8
    with pytest.raises(CatalogUnwritableError):
        catalog.open_catalog("/proc/reluflow").publish("a-0", tree, **description)


def test_the_front_door_names_everything():
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None
