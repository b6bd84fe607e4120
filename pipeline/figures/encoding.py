"""From frames to a file: an animated GIF by Pillow, an MP4 by the ffmpeg that imageio-ffmpeg brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from pipeline.figures.film import Picture
from pipeline.inputs.errors import RequestError

FRAME_RATE = 20
"""Frames a second: 120 of them take six. A GIF counts hundredths, and 1/20 s is a whole number of them."""

FIRST, LAST = 0.5, 2.0
"""Seconds for which the first and the last frame stay."""

COLOURS = 128
"""Of a GIF's palette."""

NEARLY_WHITE = 248

QUALITY = 20
"""The constant rate factor of H.264: at 23, its default, thin lines have halos that are seen."""


def unavailable(file_format: str) -> str:
    """Say what has to be installed for this format; empty if nothing."""
    if file_format != "mp4":
        return ""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    # Where its wheel brings no program and the machine has none either, it is a RuntimeError.
    except (ImportError, RuntimeError):
        return (
            "an MP4 needs imageio-ffmpeg, which is not installed: pip install 'reluflow[animate]' (a GIF does not)"
        )
    return ""


@dataclass(frozen=True)
class Encoder:
    """What takes a film's frames one by one, and then gives the file's content."""

    add: Callable[[Picture], None]
    content: Callable[[], bytes]


@contextmanager
def gif(typical: Sequence[Picture], title: str) -> Iterator[Encoder]:
    """Encode a GIF that repeats for ever.

    Parameters
    ----------
    typical
        Frames that hold every colour: one palette for all keeps what stands still from flickering.
    title
        Kept as the file's comment.
    """
    palette = _palette(Image.fromarray(np.concatenate(typical)))
    frames: list[Image.Image] = []

    def add(picture: Picture) -> None:
        frames.append(Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE))

    def content() -> bytes:
        file, durations = BytesIO(), [round(1000 * seconds) for seconds in _seconds(len(frames))]
        frames[0].save(
            file, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, comment=title
        )  # fmt: skip
        return file.getvalue()

    yield Encoder(add, content)


@contextmanager
def mp4(size: tuple[int, int], frames: int, title: str) -> Iterator[Encoder]:
    """Encode an MP4 (H.264) that every browser plays; the same bytes every time on one machine.

    Parameters
    ----------
    size
        Width and height in pixels, both even.
    frames
        How many will be added.
    title
        Kept in the file's metadata.

    Raises
    ------
    RequestError
        If there is no ffmpeg.
    OSError
        If ffmpeg fails.
    """
    if lacking := unavailable("mp4"):
        raise RequestError(lacking)
    import imageio_ffmpeg

    # An MP4's index is written last and moved to the front, so ffmpeg needs a file that it can go back in.
    with TemporaryDirectory(prefix="reluflow-") as folder:
        path = Path(folder) / "film.mp4"
        exact = ["-bitexact", "-map_metadata", "-1", "-metadata", f"title={title}", "-movflags", "+faststart"]
        writer = imageio_ffmpeg.write_frames(
            str(path), size, fps=FRAME_RATE, quality=None, codec="libx264", macro_block_size=2,
            output_params=["-crf", str(QUALITY), "-preset", "fast", *exact], ffmpeg_log_level="error",
        )  # fmt: skip
        writer.send(None)
        copies = iter([round(seconds * FRAME_RATE) for seconds in _seconds(frames)])

        def add(picture: Picture) -> None:
            for _ in range(next(copies)):
                writer.send(np.ascontiguousarray(picture))

        def content() -> bytes:
            writer.close()
            return path.read_bytes()

        try:
            yield Encoder(add, content)
        finally:
            writer.close()


def _palette(typical: Image.Image) -> Image.Image:
    """Choose the colours: half of them by how much they cover, half by how far apart they are.

    By the first rule alone a marker of 40 pixels turns grey; by the second the shades of two phases become one.
    """
    chosen = np.concatenate(
        [
            np.reshape(typical.quantize(COLOURS // 2, rule).getpalette() or [], (-1, 3))
            for rule in (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE)
        ]
    )
    chosen[chosen.min(axis=1) >= NEARLY_WHITE] = 255  # the means of white and of what borders it: the paper
    palette = Image.new("P", (1, 1))
    palette.putpalette(chosen.ravel().tolist())
    return palette


def _seconds(frames: int) -> list[float]:
    """How long each frame stays."""
    seconds = [1 / FRAME_RATE] * frames
    seconds[0], seconds[-1] = FIRST, LAST
    return seconds
