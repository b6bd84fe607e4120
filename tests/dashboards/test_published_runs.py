import pytest

from catalog import CatalogError, open_catalog
from dashboards.published_runs import PublishedRuns, published_runs_of, read_ahead
from pipeline import load_config, run


def test_a_run_that_appears_is_another_version(tmp_path):
    catalog = open_catalog(tmp_path / "catalog")
    published = PublishedRuns(catalog)
    empty = published.snapshot()
    assert empty.rows.empty
    run(load_config("orthogonal", {"init.width": 4, "flow.samples": 10}), catalog)
    published._took = 0.0
    full = published.snapshot()
    assert full.version == empty.version + 1
    assert list(full.rows["run_id"]) == catalog.run_ids()
    published._took = 0.0
    assert published.snapshot() is full  # read anew, and the same


def test_what_is_young_enough_is_not_read_again(small_catalog, monkeypatch):
    published = PublishedRuns(small_catalog)
    snapshot = published.snapshot()
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert published.snapshot(age=3600) is snapshot


def test_a_slow_catalog_is_read_less_often(small_catalog, monkeypatch):
    published = PublishedRuns(small_catalog)
    snapshot = published.snapshot()
    published._took = 100.0
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert published.snapshot() is snapshot


def test_the_table_is_read_before_the_first_visitor_asks(small_catalog, monkeypatch):
    published_runs_of.cache_clear()
    read_ahead(small_catalog).join()
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert len(published_runs_of(small_catalog).snapshot(age=3600).rows) == 3


def test_reading_ahead_leaves_errors_to_who_asks(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder was")
    catalog = open_catalog(tmp_path)
    read_ahead(catalog).join()  # an exception in a thread would be a warning, and so an error
    with pytest.raises(CatalogError, match="can't be read"):
        published_runs_of(catalog).snapshot()


def test_all_visitors_share_one_list(small_catalog):
    assert published_runs_of(small_catalog) is published_runs_of(open_catalog(str(small_catalog.storage.url)))


def test_damaged_runs_are_named(damaged_catalog):
    (message,) = PublishedRuns(damaged_catalog).snapshot().damaged.values()
    assert "damaged" in message
