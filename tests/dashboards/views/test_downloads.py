import pytest

from dashboards.views.downloads import CurveSelection, Downloads, list_offers, size_text
from pipeline import RequestError
from pipeline.figures import FIGURES

BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "csv": b"# ", "toml": b"# ", "html": b"<!DOCTYPE html>"}


@pytest.fixture
def made(tree, orthogonal_id):
    return Downloads(lambda: tree, lambda: orthogonal_id, list_offers(lambda: CurveSelection([3], 1.0, 9.0)))


def test_every_file_is_what_its_name_says(made, orthogonal_id):
    for suffix in made.offers:
        ending = suffix.rpartition(".")[2]
        if ending in BEGINNINGS:
            made.menu.value = suffix
            content = made.button.callback().read()
            assert content.lstrip().startswith(BEGINNINGS[ending]), suffix
            assert made.button.filename == ("orthogonal.toml" if ending == "toml" else f"{orthogonal_id}{suffix}")


def test_a_click_brings_the_file_made_behind_the_page(made, monkeypatch):
    wanted = []
    monkeypatch.setattr(made.button.making, "work", lambda job: wanted.append(job) or made.content())
    made.menu.value = "-curves.csv"
    made.button._clicks += 1
    assert wanted == [None]
    assert made.button.data.startswith("data:text/plain;charset=UTF-8;base64,")


def test_the_selection_is_that_of_the_click(made):
    made.menu.value = "-curves.csv"
    text = made.button.callback().read().decode()
    assert "log_norm_3" in text
    assert "log_norm_4" not in text


def test_each_figure_and_format_is_offered_once(made):
    assert [suffix for suffix in made.offers if "figure" in suffix] == [
        f"-{name}.{form}" for name in FIGURES for form in ("png", "svg")
    ]


def test_what_goes_wrong_is_said_and_no_file_comes(orthogonal_id):
    def broken():
        raise RequestError("<b>no</b>")

    made = Downloads(broken, lambda: orthogonal_id, list_offers())
    assert made.button.callback() is None
    assert "&lt;b&gt;no" in made.line.object


def test_sizes_are_said_as_a_person_does():
    assert [size_text(size) for size in (12, 2048, 3 * 2**20)] == ["12 bytes", "2 kB", "3 MB"]
