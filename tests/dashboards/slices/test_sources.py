"""Runs and files that the Explore page opens."""

import pytest
import xarray as xr

from catalog.sharing import export, items_of
from dashboards.page_context import PageContext
from dashboards.run_selection import read_selection
from dashboards.slices.sources import CHANGED, Sources, name_files, open_file
from dashboards.slices.variables import describe_group, group_names, words_along
from pipeline import RequestError


@pytest.fixture(scope="module")
def exported(small_catalog, orthogonal_id, tmp_path_factory):
    destination = tmp_path_factory.mktemp("exported") / "mine.nc"
    export(small_catalog, items_of([orthogonal_id]), destination)
    return destination


def test_a_netcdf_file_and_a_zarr_store_have_the_runs_variables(tree, exported, small_catalog, orthogonal_id):
    store = small_catalog.path(orthogonal_id) / "data.zarr"
    for path in (exported, store):
        with open_file(path) as opened:
            assert set(group_names(opened)) == set(group_names(tree))
            found = describe_group(opened, "trajectory")["activation"]
            assert (found.words[3], found.sizes["point"]) == ("sliding", 2)
            assert words_along(opened["trajectory/direction"], "coord") == ["x", "bias"]


def test_only_files_of_the_command_line_are_opened(exported, small_catalog, tmp_path):
    files = name_files([str(exported)])
    sources = Sources(PageContext(small_catalog, files=files))
    assert "trajectory" in sources.open("file:mine.nc").children
    for key in ("file:/etc/passwd", "file:../mine.nc"):
        with pytest.raises(RequestError, match=r"is no file of this dashboard; allowed are mine\.nc"):
            sources.open(key)


def test_files_that_do_not_open_are_refused_in_one_line(tmp_path, exported):
    xr.Dataset().to_netcdf(tmp_path / "empty.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    for path, said in (
        (tmp_path / "absent.nc", "is not there"), (tmp_path / "text.nc", "does not open"),
        (tmp_path / "empty.nc", "has no variables"),
    ):  # fmt: skip
        with pytest.raises(RequestError, match=said) as caught:
            name_files([str(path)])
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(RequestError, match="another file is called"):
        name_files([str(exported), str(exported)])


def test_a_changed_selection_of_another_page_is_a_source(small_catalog):
    said = []
    context = PageContext(small_catalog, {"preset": "orthogonal", "init.width": "5"}, say=said.append)
    sources = Sources(context)
    assert sources.key_of(read_selection(context)) == CHANGED
    assert sources.options([])["orthogonal, changed"] == CHANGED
    assert sources.open(CHANGED)["trajectory"].sizes["neuron"] == 5
    assert said == []
