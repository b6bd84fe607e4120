"""A section as a file and as a table."""

import csv
import io

import pytest
from invented_cubes import cube_of, excess, plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.section import SectionChoice, cut_section
from dashboards.cubes.section_table import write_csv, write_html_table


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog, plan = open_catalog(tmp_path_factory.mktemp("catalog")), plan_of()
    return read_cube(catalog, publish_cube(catalog, plan, cube_of(plan)))


def test_the_file_reads_back_as_the_cells(cube):
    cut = cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))
    rows = list(csv.DictReader(io.StringIO(write_csv(cube, cut))))
    assert len(rows) == 12
    for row in rows:
        values = {"init.seed": int(row["init.seed"]), "init.log10_scale": int(row["init.log10_scale"])}
        if row["failed_cells"] == "1":
            assert row["value"] == ""
        else:
            assert float(row["value"]) == excess(values | {"init.width": 8})
    assert [row["failed_cells"] for row in rows].count("1") == 1


def test_labels_are_words(cube):
    cut = cut_section(cube, SectionChoice("verdict_lemma_5", "seed", "width", {"log_init_scale": 0}, "median"))
    rows = list(csv.DictReader(io.StringIO(write_csv(cube, cut))))
    assert [row["value"] for row in rows[:4]] == ["holds", "fails", "not applicable", "holds"]


def test_the_table_has_heads_and_no_markup_of_others(cube):
    cut = cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))
    html = write_html_table(cube, cut)
    assert html.count('<th scope="row">') == 3
    assert html.count("<td>") == 12
    assert "<td>failed</td>" in html
    cut.attrs["title"] = "<script>"
    assert "<script>" not in write_html_table(cube, cut)


def test_a_large_table_is_a_sentence(cube):
    cut = cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))
    wide = cut.isel(seed=[0] * 400)
    assert write_html_table(cube, wide).startswith("<p>3 × 400 values: too many")
