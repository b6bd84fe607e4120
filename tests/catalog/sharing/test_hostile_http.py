"""Whatever a web server answers: nothing of it comes in, it ends, and one line says why."""

import pytest
from hostile_web import ANYWHERE, MUCH, NAMES, ZIPS, hostile

from catalog import open_catalog
from catalog.bounds import LARGEST_INDEX
from catalog.errors import CatalogError
from catalog.sharing import import_runs
from catalog.storage import http as http_storage
from catalog.storage.bounded_http import Patience

pytestmark = pytest.mark.usefixtures("nothing_destroyed")

SHORT = Patience(connecting=2.0, answering=0.1, lateness=0.05, document=0.25)
"""An honest answer may be late by this too: it is told in one line as well."""
BUFFERED = 32 * 2**20
"""Bytes that are on their way between two processes when one of them stops reading."""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    monkeypatch.setattr(http_storage, "PATIENCE", SHORT)


def one_line(attempt):
    """The line by which it is refused; empty if it was not."""
    try:
        attempt()
    except CatalogError as error:
        said = str(error)
    else:
        return ""
    assert said.strip()
    assert "\n" not in said
    return said


def nothing_comes_in(url, target):
    """List, verify and import what is there; the lines that say why not."""

    def take_in():
        done = import_runs(target, url)
        assert done.refused
        assert all(reason and "\n" not in reason for reason in done.refused.values())

    def verify():
        assert open_catalog(url).verify()

    said = [one_line(lambda: open_catalog(url).frame()), one_line(verify), one_line(take_in)]
    assert target.run_ids() == []
    assert target.sweeps.run_ids() == []
    return said


FEW = ("endless", "gzip bomb", "silence")
"""Of a second kind of file as many answers as show that it is read as carefully; the others are slow."""


def twice(first, second, names):
    """Every answer in place of the first kind of file, and in place of the second."""
    kinds = [pytest.param(name, first) for name in names]
    marks = {name: () if name in FEW else pytest.mark.slow for name in names}
    return kinds + [pytest.param(name, second, marks=marks[name]) for name in names]


@pytest.mark.parametrize(("name", "kind"), twice("names", "manifest", ANYWHERE))
def test_a_hostile_answer(name, kind, one, target):
    with hostile(one, kind, ANYWHERE[name]) as (url, server):
        said = nothing_comes_in(url, target)
        if kind == "names" and name not in ("to nowhere", "bytes"):
            assert all(said), said
        assert server.sent <= 6 * (LARGEST_INDEX + BUFFERED)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(name, one, target):
    with hostile(one, "names", NAMES[name]) as (url, _):
        assert all(nothing_comes_in(url, target))


@pytest.mark.parametrize(
    ("name", "kind"),
    twice("chunk", "metadata", (
        "endless", "endless with a length", "gzip bomb", "one byte now and then", "silence", "to itself", "500",
        "a length that is too small", "a length that is too large", "no http", "nothing",
    )),
)  # fmt: skip
def test_a_hostile_file(name, kind, one, target, run_id):
    with hostile(one, kind, ANYWHERE[name]) as (url, server):
        nothing_comes_in(url, target)

        def read():
            open_catalog(url)[run_id].load()

        if name not in ("a length that is too small",):
            with pytest.raises(Exception, match=r".") as caught:
                read()
            assert not isinstance(caught.value, MemoryError)
        assert server.sent <= 40 * BUFFERED + 16 * 2**24


@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip(name, one, target, tmp_path):
    with hostile(one, "zip", ZIPS[name]) as (url, server):
        assert one_line(lambda: import_runs(target, f"{url}/one.zip", largest_bytes=2**25))
        assert target.run_ids() == []
        assert server.sent <= 2**25 + BUFFERED + len(MUCH)


def test_a_server_that_is_given_up_is_asked_again_later(one, monkeypatch):
    monkeypatch.setattr(
        http_storage, "PATIENCE", Patience(answering=0.1, lateness=0.1, document=0.2, resting=1000.0)
    )
    with hostile(one, "names", ANYWHERE["silence"]) as (url, server):
        catalog = open_catalog(url)
        assert "is too slow, 0 bytes in" in one_line(catalog.frame)
        assert server.asked == 1
        assert "is too slow, 0 bytes in" in one_line(catalog.frame)
        assert server.asked == 1
        catalog.storage.system.server.given_up -= 1000.0
        assert "is too slow, 0 bytes in" in one_line(catalog.frame)
        assert server.asked == 2
