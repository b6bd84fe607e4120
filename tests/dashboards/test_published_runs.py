import pytest

from catalog import CatalogError, open_catalog
from dashboards.published_runs import Shelf, read_ahead, shelf_of
from pipeline import load_config, run


def test_a_run_that_appears_is_another_version(tmp_path):
    catalog = open_catalog(tmp_path / "catalog")
    shelf = Shelf(catalog)
    empty = shelf.table()
    assert empty.rows.empty
    run(load_config("orthogonal", {"init.width": 4, "flow.samples": 10}), catalog)
    shelf._took = 0.0
    full = shelf.table()
    assert full.version == empty.version + 1
    assert list(full.rows["run_id"]) == catalog.run_ids()
    shelf._took = 0.0
    assert shelf.table() is full  # read anew, and the same


def test_what_is_young_enough_is_not_read_again(small_catalog, monkeypatch):
    shelf = Shelf(small_catalog)
    table = shelf.table()
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert shelf.table(age=3600) is table


def test_a_slow_catalog_is_read_less_often(small_catalog, monkeypatch):
    shelf = Shelf(small_catalog)
    table = shelf.table()
    shelf._took = 100.0
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert shelf.table() is table


def test_the_table_is_read_before_the_first_visitor_asks(small_catalog, monkeypatch):
    shelf_of.cache_clear()
    read_ahead(small_catalog).join()
    monkeypatch.setattr(type(small_catalog), "frame", lambda self: 1 / 0)
    assert len(shelf_of(small_catalog).table(age=3600).rows) == 3


def test_reading_ahead_leaves_errors_to_who_asks(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder was")
    catalog = open_catalog(tmp_path)
    read_ahead(catalog).join()  # an exception in a thread would be a warning, and so an error
    with pytest.raises(CatalogError, match="can't be read"):
        shelf_of(catalog).table()


def test_all_visitors_share_one_shelf(small_catalog):
    assert shelf_of(small_catalog) is shelf_of(open_catalog(str(small_catalog.place.url)))


def test_damaged_runs_are_named(damaged_catalog):
    (message,) = Shelf(damaged_catalog).table().damaged.values()
    assert "damaged" in message
