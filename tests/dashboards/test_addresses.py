"""Whatever an address says: no page fails, what is wrong is said once, and address and controls agree then."""

import pytest
from amounts import amount, with_slow
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.views.catalog.page import CatalogPage
from dashboards.views.explore.page import ExplorePage
from dashboards.views.sweeps.page import SweepsView
from dashboards.views.theory.page import TheoryPage

# Panel 1.9's Tabulator uses what pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

WILD = (
    "", "-1", "999", "1e400", "nan", "-inf", "99999999999999999999", "0.5", "true", "null", "[]", "[[1]]", "{}",
    "<b>x</b>", "\x00", "x" * 30_000, "init.width", "-width", "--",
)  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("swept"))
    publish_cube(catalog, plan_of())
    return catalog


def visited(make, catalog, query):
    """Build a page; what was said, and the address that it has written, must hold together."""
    said, address = [], {}
    context = PageContext(
        catalog, dict(query), say=said.append, say_error=lambda error: pytest.fail(f"{query}: {error!r}"),
        write=lambda found: (address.clear(), address.update(found)),
    )  # fmt: skip
    page = make(context)
    assert all(len(line) < 400 for line in said)
    assert len(set(said)) == len(said)
    return page, said, address


def begun(context):
    page = CatalogPage(context)
    page.view()
    page.begin()
    return page


@pytest.mark.parametrize("key", ["sort", "group", "compare", "search", "where"])
def test_the_catalog_page_stands_what_an_address_says(small_catalog, key):
    for value in WILD[:: amount(3, 1)]:
        page, said, address = visited(begun, small_catalog, {key: value})
        order = page.table.sorters
        sort = f"{'-' * (order[0]['dir'] == 'desc')}{order[0]['field']}" if order else None
        assert (address.get("sort") or None) == sort
        assert address.get("compare", "") == ""
        assert address.get("group", "") == ""
        wrong = value != "" if key in ("compare", "group") else key == "sort" and not order
        assert bool(said) == (wrong and not (key == "sort" and value == "")), (value, said)


@pytest.mark.parametrize("value", WILD[:1])
def test_the_comparison_stands_what_an_address_says(small_catalog, value):
    runs = ",".join(small_catalog.run_ids()[:2])
    _, said, address = visited(begun, small_catalog, {"compare": runs, "time": value, "loss": value})
    assert address["compare"] == runs
    assert address.get("time", "t") == "t"
    assert address.get("loss", "linear") == "linear"
    assert len(said) == 2


KEYS = ["show", "x", "y", "at.seed", "at.width", "by", "cell", "sweep"]


@pytest.mark.parametrize("key", KEYS)
def test_the_page_of_sweeps_stands_what_an_address_says(swept, key):
    """Another value for each key, so that few visits meet every kind of value."""
    for value in WILD[KEYS.index(key) :: amount(len(KEYS), 2)]:
        page, said, address = visited(SweepsView, swept, {"sweep": swept.sweeps.run_ids()[0]} | {key: value})
        controls, cell = page.shown.controls, page.shown.cell.number
        assert (address["show"], address["x"], address["y"]) == (
            controls.quantity.value, controls.x.value, controls.y.value,
        )  # fmt: skip
        assert address["sweep"] == page.chosen.value
        assert address.get("cell") == (None if cell is None else str(cell))
        assert said or address.get(key) in (value, None) or float(value) == float(address[key])


SEVERAL = ("verdict", "sort", "unit", "init.log10_scale", "init.start", "where", "instant")


@pytest.mark.parametrize(
    "case",
    with_slow(
        [(("run",), "x" * 30_000), (SEVERAL, "nan")],
        [(("run",), "nan"), (SEVERAL, "x" * 30_000)],
    ),
)
def test_the_page_of_the_theory_stands_what_an_address_says(small_catalog, case):
    keys, value = case
    query = {"init.width": "4", "flow.samples": "10"} | dict.fromkeys(keys, value)
    page, said, address = visited(TheoryPage, small_catalog, query)
    assert len(page.body) == 7, (value, said)
    assert len(said) == len(keys)
    assert page.selection.query().items() <= address.items()
    assert address.get("verdict", "all") == "all"
    assert address.get("unit", "t") == "t"
    assert not {"where", "instant"} & set(address)


@pytest.mark.parametrize("value", with_slow(WILD[1::16], WILD[9:10]))
def test_the_page_explore_stands_what_an_address_says(small_catalog, value):
    keys = [
        "show",
        "x",
        "lines",
        "colour",
        "play",
        "at",
        "as",
        "scale",
        "xscale",
        "only",
        "window",
        "where",
        "runs",
    ]
    page, said, address = visited(ExplorePage, small_catalog, dict.fromkeys(keys, value))
    assert page.panels
    assert said
    again, told, _ = visited(ExplorePage, small_catalog, address)
    assert told == []
    assert again.choice == page.choice
