"""Damaged runs and sweeps in a browser: on every page one sentence that names the damage."""

from pathlib import Path

import pytest
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

DAMAGES = {
    "gone": ("trajectory/loss/c.0", "missing: it was published and is gone"),
    "flipped": ("trajectory/direction/c.0.0.0", "damaged: its bytes are not those that were published"),
    "cut": ("trajectory/residual/zarr.json", "truncated: it is shorter than what was published"),
}


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:-9])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A catalog whose runs and sweeps are damaged, each in its own way; the runs by the kind of damage."""
    root = tmp_path_factory.mktemp("broken")
    catalog, runs = open_catalog(root), {}
    for number, (how, (path, _)) in enumerate(DAMAGES.items()):
        config = load_config("orthogonal", {"init.width": 4 + number, "flow.samples": 10})
        run(config, catalog)
        runs[how] = config.run_id("1.2")
        damage(root / "runs" / runs[how] / "data.zarr" / path, how)
    return root, runs


@pytest.fixture(scope="module")
def address(serve, broken):
    return serve(broken[0])


def said(page, broken, how):
    """Wait for the sentence about a run, wherever the page has it."""
    path, words = DAMAGES[how]
    page.get_by_text(f"run {broken[1][how]} is damaged: data.zarr/{path}: {words}").first.wait_for()
    assert page.get_by_text("unexpectedly").count() == 0


@pytest.mark.parametrize(("name", "how"), [("flow", "gone"), ("flow", "flipped"), ("theory", "cut")])
def test_a_damaged_run_is_one_sentence_that_names_the_damage(visit, address, broken, name, how):
    said(visit(f"{address}/{name}?run={broken[1][how]}", ready=""), broken, how)


def test_damaged_runs_that_are_compared_are_a_sentence_each(visit, address, broken):
    page = visit(f"{address}/catalog?compare={','.join(broken[1].values())}", ready="")
    for how in DAMAGES:
        said(page, broken, how)


def test_a_damaged_sweep_is_one_sentence_too(visit, serve, tmp_path):
    catalog = open_catalog(tmp_path)
    publish_cube(catalog, plan_of())
    (sweep_id,) = catalog.sweeps.run_ids()
    chunks = (tmp_path / "sweeps" / sweep_id).rglob("final_excess/c.*")
    damage(next(path for path in chunks if path.is_file()), "flipped")
    page = visit(serve(tmp_path) + "/sweeps", ready="")
    page.get_by_text(f"sweep {sweep_id} is damaged: data.zarr/cube/final_excess/c.").first.wait_for()
