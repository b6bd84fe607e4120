import pytest

from catalog import CatalogError, DamagedRunError, UnknownRunError, open_catalog
from catalog.sharing import import_runs
from dashboards.exports.run_archive import export_archive


def test_a_zip_can_be_imported_again(small_catalog, tmp_path):
    runs = small_catalog.run_ids()
    (tmp_path / "shared.zip").write_bytes(export_archive(small_catalog, runs, "zip"))
    other = open_catalog(tmp_path / "other")
    import_runs(other, str(tmp_path / "shared.zip"))
    assert other.run_ids() == runs
    assert other.verify() == []


def test_netcdf_is_one_file_that_xarray_opens(small_catalog, orthogonal_id, tmp_path):
    import xarray as xr

    path = tmp_path / "run.nc"
    path.write_bytes(export_archive(small_catalog, [orthogonal_id], "netcdf"))
    with xr.open_datatree(path) as tree:
        assert tree["trajectory"].sizes["neuron"] == 12


def test_what_is_too_large_unknown_or_damaged_is_said(small_catalog, damaged_catalog, orthogonal_id, monkeypatch):
    with pytest.raises(UnknownRunError):
        export_archive(small_catalog, ["orthogonal-0123456789ab"], "zip")
    unlisted = damaged_catalog.frame().attrs["damaged"]
    damaged = next(name for name in damaged_catalog if name not in unlisted and damaged_catalog.verify(name))
    with pytest.raises(DamagedRunError):
        export_archive(damaged_catalog, [damaged], "zip")
    monkeypatch.setattr("dashboards.exports.run_archive.LARGEST_BYTES", 10)
    with pytest.raises(CatalogError, match="too much for a page"):
        export_archive(small_catalog, [orthogonal_id], "zip")
