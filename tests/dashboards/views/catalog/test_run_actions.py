from dashboards.page_context import PageContext
from dashboards.views.catalog.run_actions import RunActions, verified


def test_whole_runs_are_said_to_be(small_catalog):
    lines, whole = verified(small_catalog, list(small_catalog)[:2])
    assert whole
    assert len(lines) == 2
    lines, whole = verified(small_catalog, None)
    assert whole
    assert lines == ["3 runs and sweeps are whole."]


def test_findings_are_words(damaged_catalog):
    for run_ids in (None, damaged_catalog.run_ids()):
        lines, whole = verified(damaged_catalog, run_ids)
        assert not whole
        assert any("missing" in line for line in lines)
        assert any("manifest" in line for line in lines)


def test_the_result_is_shown_and_unknown_runs_are_said(small_catalog, orthogonal_id):
    actions = RunActions(PageContext(small_catalog), lambda: [orthogonal_id])
    actions.verify([orthogonal_id])
    assert "Every byte is as it was published" in actions.result.object
    actions.verify(["gone-0123456789ab"])
    assert "gone" in actions.result.object
    assert not actions.verify_all.disabled


def test_several_runs_are_no_netcdf(small_catalog):
    actions = RunActions(PageContext(small_catalog), lambda: list(small_catalog))
    actions.format.value = "netcdf"
    assert actions.export.callback() is None
    assert "netCDF holds one run" in actions.result.object
    actions.format.value = "zip"
    assert actions.export.callback().read(2) == b"PK"
    assert actions.export.filename == "3-runs.zip"
