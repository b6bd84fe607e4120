"""The list of quantities: in groups, found by words, and what does not differ last."""

import pytest
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.quantity_groups import EMPTY, NETWORK, NORMS, SAME, TIMES, group_quantities


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    return read_cube(catalog, publish_cube(catalog, plan_of()))


def names(groups):
    return [name for group in groups.values() for name in group.values()]


def test_every_quantity_is_in_one_group(cube):
    groups = group_quantities(cube)
    assert sorted(names(groups)) == sorted(cube.quantities)
    assert "final_excess" in groups[NORMS].values()
    assert next(iter(groups[TIMES].values())) == "t2"
    assert "kinks" in groups[NETWORK].values()
    assert list(groups)[-1] in (SAME, EMPTY)
    assert "end_time" in groups[SAME].values()


def test_words_find_quantities_by_title_name_and_group(cube):
    assert names(group_quantities(cube, "LEMMA 5")) == ["verdict_lemma_5"]
    assert names(group_quantities(cube, "network kinks")) == ["kinks"]
    assert group_quantities(cube, "no such thing") == {}
