"""The run in motion: files that players read, whose frames show what the run did, drawn as figure 2 draws it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from amounts import with_slow
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from pipeline.figures import ANIMATIONS, animation, frame_count, unavailable, write_animations, writing
from pipeline.figures.encoding import FRAME_RATE
from pipeline.figures.film import Film
from pipeline.figures.style import publication_style
from pipeline.inputs.errors import RequestError

FEW = 6


def _pictures(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB"), dtype=np.int16))
    return found


def _video(content: bytes, tmp_path: Path) -> tuple[str, list[np.ndarray]]:
    """What a player makes of it: what ffmpeg says of the file, and every frame decoded."""
    path = tmp_path / "played.mp4"
    path.write_bytes(content)
    # imageio_ffmpeg.read_frames would do this too, but leaves its pipes open (0.8.1).
    words = [get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    played = subprocess.run(words, capture_output=True, check=True, timeout=60)
    said = played.stderr.decode()
    width, height = map(int, re.search(r"Video: h264.*?, (\d+)x(\d+)", said).groups())
    frames = np.frombuffer(played.stdout, np.uint8).reshape(-1, height, width, 3)
    return said, list(frames.astype(np.int16))


@pytest.fixture(scope="module")
def files(orthogonal: xr.DataTree) -> dict[str, bytes]:
    return {kind: animation(orthogonal, kind, frames=FEW) for kind in ANIMATIONS}


def test_gif_holds_every_frame_and_each_differs_from_the_last(files):
    pictures = _pictures(files["gif"])
    assert len(pictures) == FEW
    for before, after in pairwise(pictures):
        assert np.abs(before - after).max() > 100
    with Image.open(io.BytesIO(files["gif"])) as image:
        assert image.info["loop"] == 0
        assert b"orthogonal-0123456789ab" in image.info["comment"]
        assert image.info["duration"] == 500
        image.seek(1)
        assert image.info["duration"] == 1000 / FRAME_RATE
    assert len(files["gif"]) < 120_000


def test_mp4_plays(files, tmp_path):
    about, pictures = _video(files["mp4"], tmp_path)
    assert "Video: h264" in about
    assert "yuv420p" in about  # what every browser plays
    assert f", {FRAME_RATE} fps," in about
    assert "orthogonal-0123456789ab" in about
    # The first frame stays for half a second, the last for two.
    assert len(pictures) == 10 + (FEW - 2) + 40
    assert files["mp4"].index(b"moov") < files["mp4"].index(b"mdat")  # plays while it loads
    assert len(files["mp4"]) < 120_000


def test_both_formats_show_the_same(files, tmp_path):
    _, video = _video(files["mp4"], tmp_path)
    gif = _pictures(files["gif"])
    for number in (0, FEW - 1):
        assert np.abs(gif[number] - video[[0, -1][number > 0]]).mean() < 2.0


@pytest.mark.parametrize("kind", ANIMATIONS)
def test_files_are_reproducible_byte_for_byte(orthogonal, files, kind):
    assert animation(orthogonal, kind, frames=FEW) == files[kind]


def test_the_paper_is_white_and_the_cursor_purple(files):
    first = _pictures(files["gif"])[0]
    assert (first[0, 0] == 255).all()
    assert (np.abs(first - [0xCC, 0x79, 0xA7]).max(axis=2) < 12).sum() > 40


@pytest.mark.parametrize("name", with_slow(["orthonormal"], ["orthogonal", "unfinished", "long"]))
def test_a_frame_is_what_a_whole_figure_would_be(trees, name):
    """What stands still is drawn once; drawing everything anew gives the same pixels."""
    with publication_style():
        film = Film(trees[name], FEW)
        middle = film.frame(FEW // 2)
        for number in (0, FEW - 1, FEW // 2):
            again = film.frame(number)
        fresh = Film(trees[name], FEW).frame(FEW // 2)
    np.testing.assert_array_equal(again, middle)
    np.testing.assert_array_equal(fresh, middle)
    assert film.size[0] % 2 == film.size[1] % 2 == 0  # H.264 refuses the odd


def test_general_data_is_seen_in_its_principal_components(orthonormal):
    oblique = orthonormal.copy(deep=True)
    oblique["data"]["largest_cosine"].values[...] = 0.3
    with publication_style():
        film = Film(oblique, 3)
        assert [film.frame(number).std() > 10 for number in range(len(film))] == [True] * 3
    assert "component" in film._drawing.labels[0]


def test_a_run_given_as_its_groups_is_drawn_too(orthogonal):
    """What a dashboard has in its hand, which was never in a catalog."""
    groups = {name: group.to_dataset() for name, group in orthogonal.children.items()}
    drawn, wanted = (_pictures(animation(run, "gif", frames=2)) for run in (groups, orthogonal))
    for before, after in zip(drawn, wanted, strict=True):
        assert np.abs(before[60:] - after[60:]).mean() < 0.5  # below the heading, which has no name to say


def test_progress_counts_the_frames(orthogonal):
    told = []
    animation(orthogonal, "gif", frames=5, progress=lambda: told.append(1))
    assert len(told) == frame_count(orthogonal, 5) == 5


def test_what_is_not_there_is_said_in_one_line(orthogonal, monkeypatch, tmp_path):
    with pytest.raises(RequestError, match=r"^file_format = 'webm': allowed are 'gif' and 'mp4'$"):
        animation(orthogonal, "webm")
    with pytest.raises(RequestError, match=r"^frames = 1: a whole number from 2 "):
        animation(orthogonal, "gif", frames=1)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert unavailable("gif") == ""
    with pytest.raises(RequestError, match=r"imageio-ffmpeg, which is not installed: pip install 'reluflow\[ani"):
        animation(orthogonal, "mp4", frames=2)
    assert [path.name for path in write_animations(orthogonal, tmp_path, formats=["gif"], frames=2)] == [
        "animation.gif"
    ]


def test_a_failure_leaves_the_old_file_and_nothing_else(orthogonal, tmp_path, monkeypatch):
    old = tmp_path / "animation.gif"
    old.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_animations(orthogonal, tmp_path, frames=2)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_an_interruption_ends_ffmpeg_and_leaves_no_folder(orthogonal, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animation(orthogonal, "mp4", frames=4, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
