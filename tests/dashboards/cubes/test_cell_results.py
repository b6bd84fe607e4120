"""The way from a cell to its run: the address leads to exactly the cell's configuration, or there is none."""

from invented_cubes import FAILED, plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.cell_results import link_to_run, list_results
from dashboards.cubes.opened_cube import read_cube
from dashboards.page_context import PageContext
from dashboards.run_selection import read_selection
from pipeline import load_config, run


def opened(tmp_path, grid, **more):
    catalog, plan = open_catalog(tmp_path), plan_of(grid, **more)
    return catalog, plan, read_cube(catalog, publish_cube(catalog, plan))


GRID = {
    "init.log10_scale": [-1, -1000], "init.start": ["balanced", "unbalanced"],
    "init.per_sqrt_width": [True, False],
    "data.y": [[-1.0, 1.0], [-2.0, 1.0]], "flow.slope": [0.0, 0.1], "init.seed": [0],
}  # fmt: skip


def test_every_cells_address_leads_to_its_configuration(tmp_path):
    catalog, plan, cube = opened(tmp_path, GRID)
    for number in range(cube.cells):
        way = link_to_run(cube, number, catalog)
        complaints = []
        found = read_selection(PageContext(catalog, dict(way.query), say=complaints.append))
        # A sweep's cells keep its base's name; a page names other data by what they are. The hash is of the rest.
        name, _, run_hash = plan.run_ids[number].rpartition("-")
        assert found.config.run_id("1.2").rpartition("-")[2] == run_hash
        assert (found.config.name == name) is (found.config.data == load_config("orthogonal").data)
        assert complaints == []


def test_a_published_run_is_opened(tmp_path):
    catalog, plan, cube = opened(tmp_path, {"init.seed": [0, 1], "init.width": [4], "flow.samples": [20]})
    run(load_config("orthogonal", {"init.width": 4, "init.seed": 1, "flow.samples": 20}), catalog)
    assert link_to_run(cube, 1, catalog).query == {"run": plan.run_ids[1]}
    assert "run" not in link_to_run(cube, 0, catalog).query


def test_the_users_own_base_is_said_as_a_preset_if_one_has_the_rest(tmp_path):
    base = tmp_path / "mine.toml"
    base.write_text(
        '[data]\nkind = "points"\nx = [[-1.0], [3.0]]\ny = [1.0, 2.0]\nbias = true\n[init]\nwidth = 7\n'
    )
    catalog, _, cube = opened(tmp_path / "catalog", {"init.seed": [0, 1]}, base=str(base))
    query = link_to_run(cube, 1, catalog).query
    assert (query["data.x"], query["init.width"], query["init.seed"]) == ("[[-1.0], [3.0]]", "7", "1")


def test_what_an_address_cannot_say_is_said_in_words(tmp_path):
    base = tmp_path / "mine.toml"
    base.write_text('[data]\nkind = "orthonormal"\npoints = 3\npositive = 2\n[init]\nwidth = 7\n')
    catalog, _, cube = opened(tmp_path / "catalog", {"init.seed": [0, 1]}, base=str(base))
    way = link_to_run(cube, 0, catalog)
    assert way.query is None
    assert "trajectories = true" in way.words


def test_a_refused_cell_has_no_run(tmp_path):
    base = tmp_path / "mine.toml"
    base.write_text('[data]\nkind = "orthonormal"\npoints = 3\npositive = 1\n')
    grid = {"data.points": [2, 4], "data.positive": [1, 3]}
    catalog, plan, cube = opened(tmp_path / "catalog", grid, base=str(base))
    assert plan.run_ids[1] is None
    assert link_to_run(cube, 1, catalog).query is None
    assert "not allowed" in link_to_run(cube, 1, catalog).words
    assert cube.failures[1] == plan.refusals[1]


def test_the_account_of_a_cell(tmp_path):
    _, _, cube = opened(tmp_path, {"init.log10_scale": [-1, -2], "init.seed": [0, 1, 2, 3]})
    told = {name: value for rows in list_results(cube, 3).values() for name, _, value in rows}
    assert told["t2"] == "4"
    assert told["verdict_lemma_5"] == "holds"
    assert told["end_time"] == "–"
    assert told["wall_seconds"] == "0.5 s"
    failed = {name: value for rows in list_results(cube, FAILED).values() for name, _, value in rows}
    assert failed["status"] == "failed"
    assert {failed[name] for name in ("t2", "kinks", "final_excess", "verdict_lemma_5")} == {"–"}
