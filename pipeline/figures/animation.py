"""The run in motion, as a file's content or as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.figures.encoding import Encoder, gif, mp4
from pipeline.figures.film import Film
from pipeline.figures.frames import FRAMES, frame_samples
from pipeline.figures.reading import Run, heading, refuse_no_run
from pipeline.figures.style import publication_style
from pipeline.figures.writing import replace_file
from pipeline.inputs.arguments import SAMPLES, shown, whole
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import folder, function

ANIMATIONS = ("gif", "mp4")
"""The formats of an animation."""


def animation(
    tree: Run,
    file_format: str = "gif",
    *,
    frames: int = FRAMES,
    progress: Callable[[], None] | None = None,
) -> bytes:
    """Draw a run in motion: figure 2 alive, above the loss with its phases and a cursor at the time shown.

    The frames are samples of the run, most of them where the network moves. Neurons stand at their kinks for
    one-dimensional data, at their cosines with D_+ and -D_- for orthogonal inputs, else in the plane of the first
    two principal components of the final weights.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm.
    file_format
        ``"gif"`` (repeats for ever) or ``"mp4"`` (H.264; needs imageio-ffmpeg).
    frames
        How many, at most; :func:`frame_count` says how many it will be.
    progress
        Called after each frame.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    RequestError
        If the format is another one, if there are fewer than two frames, or if what encodes it is not installed.
    OSError
        If ffmpeg fails.
    """
    _refuse_other("file_format", file_format)
    return _encoded(tree, [file_format], frames, progress)[file_format]


def frame_count(tree: Run, frames: int = FRAMES) -> int:
    """How many frames :func:`animation` draws: fewer than ``frames`` where the run has fewer samples."""
    return len(frame_samples(tree, frames))


def write_animations(
    tree: Run,
    out: Path,
    *,
    formats: Sequence[str] = ANIMATIONS,
    frames: int = FRAMES,
    progress: Callable[[], None] | None = None,
) -> list[Path]:
    """Write ``animation.gif`` and ``animation.mp4``, and return the files. Each frame is drawn once.

    Parameters
    ----------
    tree, frames, progress
        See :func:`animation`.
    out
        The folder; made if it is not there. Files of the same names are replaced, each at once and whole.
    formats
        Some of :data:`ANIMATIONS`.

    Raises
    ------
    RequestError
        See :func:`animation`.
    OSError
        If the folder cannot be made or written, or if ffmpeg fails; no file is then half-written.
    """
    if not isinstance(formats, list | tuple):
        raise RequestError(f"formats = {shown(formats)}: a list of some of {', '.join(ANIMATIONS)} is allowed")
    for i, file_format in enumerate(formats):
        _refuse_other(f"formats[{i}]", file_format)
    out, written = folder("out", out), []
    contents = _encoded(tree, formats, frames, progress)
    out.mkdir(parents=True, exist_ok=True)
    for file_format, content in contents.items():
        path = out / f"animation.{file_format}"
        replace_file(path, content)
        written.append(path)
    return written


def _refuse_other(name: str, file_format: str) -> None:
    if not isinstance(file_format, str) or file_format not in ANIMATIONS:
        raise RequestError(f"{name} = {shown(file_format)}: allowed are {' and '.join(map(repr, ANIMATIONS))}")


def _encoded(
    tree: Run, formats: Sequence[str], frames: int, progress: Callable[[], None] | None
) -> dict[str, bytes]:
    """Draw the film once and encode it in each format."""
    frames, progress = whole("frames", frames, SAMPLES), function("progress", progress)
    refuse_no_run(tree)
    source = getattr(tree, "attrs", {}).get("id", "live")
    title = f"{heading(tree)} ({source})"
    with publication_style(), ExitStack() as stack:
        film = Film(tree, frames)
        encoders: dict[str, Encoder] = {}
        for file_format in formats:
            if file_format == "gif":
                typical = [film.frame(number) for number in (0, len(film) // 2, len(film) - 1)]
                encoders["gif"] = stack.enter_context(gif(typical, title))
            else:
                encoders["mp4"] = stack.enter_context(mp4(film.size, len(film), title))
        for number in range(len(film)):
            picture = film.frame(number)
            for encoder in encoders.values():
                encoder.add(picture)
            if progress is not None:
                progress()
        return {file_format: encoder.content() for file_format, encoder in encoders.items()}
