"""The files are whole, valid and the same every time."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from pipeline import figures
from pipeline.figures import FIGURES, write_figures, writing

EXPECTED = {
    "figure-1-timeline": ["neurons align with D₊ or −D₋", "S₊,₁ fits the positive labels", "t / (−ln λ)"],
    "figure-2-states": ["(a) start", "(b) end of alignment", "(c) positive labels fitted", "S₋,₁"],
    "figure-3-loss": ["loss L", "time t of the flow", "5,000", "L = 0.25", "4 convergence"],
}


@pytest.fixture(scope="module")
def written(orthogonal: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_figures(orthogonal, tmp_path_factory.mktemp("figures") / "new" / "folder")


def test_every_figure_is_written_in_both_formats(written):
    assert [path.name for path in written] == [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")]
    assert sorted(written) == sorted(written[0].parent.iterdir())


def test_png_has_print_resolution_and_shows_something(written):
    for path in written[::2]:
        with Image.open(path) as image:
            assert image.width == 1650
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            assert image.info["Source"] == "orthogonal-0123456789ab"
            assert np.asarray(image.convert("L"), dtype=float).var() > 100


def test_svg_is_xml_whose_labels_are_text(written):
    for path in written[1::2]:
        texts = ["".join(e.itertext()) for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        assert set(EXPECTED[path.stem]) <= set(texts)
        assert path.stat().st_size < 200_000


def test_hatches_are_seen_in_the_svg(written):
    """The second cue beside the colour: lines that differ from what they lie on."""
    space = "{http://www.w3.org/2000/svg}"
    patterns = [p for path in written[1::2] for p in ElementTree.parse(path).iter(f"{space}pattern")]
    assert len(patterns) >= 8  # four phases, in the timeline and over the loss
    for pattern in patterns:
        lines = pattern.find(f"{space}path").get("style")
        assert pattern.find(f"{space}rect").get("fill") not in lines, lines


def test_files_are_reproducible_byte_for_byte(orthogonal, written, tmp_path):
    for first, second in zip(written, write_figures(orthogonal, tmp_path), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_a_failure_leaves_the_old_file_and_nothing_else(orthogonal, tmp_path, monkeypatch):
    old = tmp_path / "figure-1-timeline.png"
    old.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_figures(orthogonal, tmp_path)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_wide_network_does_not_make_a_huge_svg(orthogonal, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", {"figure-2-states": FIGURES["figure-2-states"]})
    repeats = 50
    groups = {name: group.to_dataset() for name, group in orthogonal.children.items()}
    wide = {
        name: xr.concat([group[[v for v in group if "neuron" in group[v].dims]]] * repeats, "neuron")
        for name, group in groups.items()
        if "neuron" in group.dims
    }
    for name, group in wide.items():
        groups[name] = groups[name].drop_dims("neuron").merge(group.drop_vars("neuron"))
    tree = xr.DataTree.from_dict(groups)
    _, path = write_figures(tree, tmp_path)
    assert path.stat().st_size < 500_000
