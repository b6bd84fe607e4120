"""One run as netCDF: the same numbers and labels, checksummed, and what CF and ACDD ask for."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from amounts import amount, with_slow
from compliance_checker.suite import CheckSuite
from netcdf_reader import Reader
from plain import plain_xarray

from catalog.schema import GROUPS
from catalog.sharing import Item, export
from catalog.sharing import netcdf as written

GEOGRAPHY_AND_CALENDAR = ("geospatial", "time_coverage")
NOBODY_HAS = {"creator_url", "creator_email", "publisher_url", "publisher_email", "standard_name_vocabulary"}
"""What ACDD recommends and would have to be invented: the project has no address, and uses no standard name."""


@pytest.fixture(scope="module")
def netcdf(origin, run_id, tmp_path_factory):
    return export(origin, [Item(run_id)], tmp_path_factory.mktemp("netcdf") / "one.nc").path


def test_the_numbers_and_labels_are_the_runs(netcdf, origin, run_id):
    run = origin[run_id].load()
    with xr.open_datatree(netcdf, engine="netcdf4") as opened:
        assert opened.children.keys() == GROUPS.keys()
        for group in GROUPS:
            read, ours = opened[group].to_dataset().load(), run[group].to_dataset()
            if "time" in ours.dims:
                read = read.swap_dims(sample="time")
            xr.testing.assert_equal(read, ours)
            for name, variable in ours.variables.items():
                assert read.variables[name].dtype == variable.dtype, name
                assert read.variables[name].attrs["long_name"] == variable.attrs["long_name"]
        assert opened.attrs.keys() == run.attrs.keys()


def test_plain_xarray_opens_it(netcdf, origin, run_id):
    line = plain_xarray(str(netcdf), "netcdf4")
    assert line.split()[:-1] == sorted(GROUPS)


def test_every_array_is_deflated_with_a_checksum(netcdf):
    with netCDF4.Dataset(netcdf) as file:
        arrays = [v for group in file.groups.values() for v in group.variables.values() if v.ndim]
        assert len(arrays) > 50
        assert all(array.filters()["fletcher32"] and array.filters()["zlib"] for array in arrays)
        assert not any("_FillValue" in array.ncattrs() for array in arrays)
        assert file.groups["trajectory"]["activation"].flag_values.dtype == np.int8


def test_a_flipped_bit_is_noticed(netcdf, tmp_path):
    """Chunks have checksums; what is read of a file with a flipped bit elsewhere is right, or nothing."""
    content, what = netcdf.read_bytes(), ("trajectory", "direction")
    storage, rng, noticed = tmp_path / "flipped.nc", np.random.default_rng(0), 0
    with Reader() as reader:
        before = reader.read(netcdf, *what)
        assert before
        for position in rng.integers(0, len(content), amount(20, 60)):
            flipped = bytearray(content)
            flipped[position] ^= 1 << int(rng.integers(8))
            storage.write_bytes(flipped)
            found = reader.read(storage, *what)
            assert found in (before, None)
            noticed += found is None
    assert noticed


def test_a_large_run_is_copied_in_pieces(netcdf, origin, run_id, tmp_path, monkeypatch):
    monkeypatch.setattr(written, "LARGE_GROUP_BYTES", 100)
    pieces = export(origin, [Item(run_id)], tmp_path / "pieces.nc").path
    with xr.open_datatree(pieces) as read, xr.open_datatree(netcdf) as whole:
        xr.testing.assert_identical(read.load(), whole.load())


def test_truth_values_and_empty_lists_become_text():
    assert [written.attribute(value) for value in (True, [], [1, 2], "a", 0.5)] == ["true", "", [1, 2], "a", 0.5]


def findings(path, standard):
    """What the checker finds fault with: (weight, title, messages)."""

    def walk(result):
        whole = result.value[0] == result.value[1] if isinstance(result.value, tuple) else bool(result.value)
        if not whole:
            yield result.weight, str(result.name), [str(message) for message in result.msgs]
            for child in result.children or []:
                yield from walk(child)

    suite = CheckSuite()
    dataset = suite.load_dataset(str(path))
    try:
        (results,) = suite.run_all(dataset, [standard], []).values()
    finally:
        dataset.close()
    groups, errors = results
    assert errors == {}
    assert len(groups) > 8
    return [finding for group in groups for finding in walk(group)]


@pytest.fixture(scope="module")
def checker():
    CheckSuite.load_all_available_checkers()
    assert {"cf:1.11", "acdd:1.3"} <= CheckSuite.checkers.keys()


@pytest.fixture(params=sorted(GROUPS))
def flat(request, netcdf, tmp_path):
    """One group with the root's attributes, as a file of its own: the checker does not look into groups."""
    path = tmp_path / f"{request.param}.nc"
    with netCDF4.Dataset(netcdf) as file, netCDF4.Dataset(path, "w") as out:
        group = file.groups[request.param]
        out.setncatts({name: file.getncattr(name) for name in file.ncattrs()})
        for name, dimension in group.dimensions.items():
            out.createDimension(name, dimension.size)
        for name, variable in group.variables.items():
            made = out.createVariable(name, variable.dtype, variable.dimensions)
            made.setncatts({key: variable.getncattr(key) for key in variable.ncattrs()})
            made[...] = variable[...]
    return path


@pytest.mark.filterwarnings("ignore")  # the checker's own libraries
def test_cf_finds_no_fault(flat, checker):
    assert findings(flat, "cf:1.11") == []


@pytest.mark.parametrize(
    "flat", with_slow(["kernel", "trajectory"], sorted(GROUPS.keys() - {"kernel", "trajectory"})), indirect=True
)
@pytest.mark.filterwarnings("ignore")
def test_acdd_finds_what_does_not_exist_alone(flat, checker):
    """Highly recommended: all but standard names, of which CF has none for these. Recommended: all but geography,
    calendar, and addresses that nobody has.
    """
    for weight, title, messages in findings(flat, "acdd:1.3"):
        if title.startswith("variable "):
            assert messages == ["standard_name"], title
        elif weight == 3:
            assert messages == [], title
        elif weight == 2:
            for message in messages:
                name = message.split()[0]
                assert name.startswith(GEOGRAPHY_AND_CALENDAR) or name in NOBODY_HAS, (title, message)
