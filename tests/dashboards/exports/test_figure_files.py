import io
from xml.etree import ElementTree

import pytest
from amounts import with_slow
from PIL import Image

from dashboards.exports.figure_files import draw_figure_file
from pipeline.figures import FIGURES, heading, write_figures


@pytest.fixture(scope="module")
def written(small_catalog, orthogonal_id, tmp_path_factory):
    """The folder into which the command writes a run's figures."""
    folder = tmp_path_factory.mktemp("figures")
    write_figures(small_catalog[orthogonal_id], folder)
    return folder


@pytest.mark.parametrize("name", with_slow([*FIGURES][-1:], [*FIGURES][:-1]))
def test_a_figure_is_the_one_of_the_command(name, tree, written):
    png = draw_figure_file(tree, name, "png")
    assert png == (written / f"{name}.png").read_bytes()
    assert Image.open(io.BytesIO(png)).size[0] > 1000
    svg = draw_figure_file(tree, name, "svg").decode()  # the names of its parts differ from drawing to drawing
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert heading(tree) in svg
