"""What all commands share: options, exit statuses, the console, and how a request is refused."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pipeline.cli.entry import ctrl_c_as_itself
from pipeline.cli.safe_text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    from catalog.catalog import Catalog

DONE, FAILED, WRONG_REQUEST, INTERRUPTED = 0, 1, 2, 130
"""The exit statuses: done; something failed; the request was wrong; interrupted."""
PIPE_WIDTH = 160
"""Columns where no terminal says how many it has: a file or a pipe should lose nothing."""


def echo(text: str, *, err: bool = False) -> None:
    """Say something; what of it came from a catalog can't speak to the terminal."""
    click.echo(visible(text), err=err)


def refuse(message: str, status: int) -> NoReturn:
    """Say one line on standard error and exit."""
    echo(f"reluflow: {' '.join(message.split())}", err=True)
    sys.exit(status)


def speaks(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn what a command raises into one line and the right exit status."""

    @wraps(command)
    def guarded(*arguments: Any, **options: Any) -> None:
        from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError, DiskFullError
        from pipeline.inputs.errors import RequestError

        try:
            with ctrl_c_as_itself():
                status = command(*arguments, **options)
        except (RequestError, CatalogUnwritableError) as error:
            refuse(str(error), WRONG_REQUEST)
        except (DiskFullError, DamagedRunError) as error:
            refuse(str(error), FAILED)
        except CatalogError as error:
            refuse(str(error), WRONG_REQUEST)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader, `head` say, has seen enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(DONE)
            refuse(f"{error.filename or 'the disk'}: {error.strerror or error}", FAILED)
        except MemoryError as error:
            refuse(f"there is not enough memory for this: {error}", FAILED)
        except KeyboardInterrupt:
            logging.disable()  # else zarr's event loop tells of the tasks that it could not finish
            refuse("interrupted; nothing is half-published", INTERRUPTED)
        sys.exit(status or DONE)

    return guarded


def console(json_wanted: bool = False) -> Console:
    """Where a person reads: standard output, or standard error beside JSON."""
    from rich.console import Console

    class PlainConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(errno.EPIPE, "the reader has seen enough")  # rich would exit with status 1

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(visible(text), **options)  # measured as it is shown

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for part in super().render(renderable, options):  # whatever else has text in it
                yield part if part.control else part._replace(text=visible(part.text))

    # No markup: a title or a path may hold brackets.
    plain = PlainConsole(stderr=json_wanted, highlight=False, markup=False, emoji=False)
    if not plain.is_terminal:
        plain.width = PIPE_WIDTH
    return plain


class Folder(click.Path):
    """A folder for files, which need not be there yet; an empty text would mean the one where we are."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path, and take any other as click does."""
        if not str(value).strip():
            self.fail("'' is empty: allowed is the path of a folder", param, ctx)
        return super().convert(value, param, ctx)


def catalog_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--catalog`` as every command has it."""
    return click.option(
        "--catalog", "catalog_url", metavar="URL", envvar="RELUFLOW_CATALOG", default="./catalog-data",
        show_default=True, help="The catalog's place; $RELUFLOW_CATALOG sets it too.",
    )(command)  # fmt: skip


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json`` as every command has it."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="One JSON object on standard output, all else on standard error.",
    )(command)


def opened(url: str) -> Catalog:
    """The catalog at ``url``."""
    from catalog.catalog import open_catalog

    return open_catalog(url)


def existing(url: str) -> Catalog:
    """The catalog at ``url``, for a command that only reads it.

    Raises
    ------
    CatalogError
        If there is none: an empty answer would hide a misspelt place.
    """
    from catalog.errors import CatalogError

    catalog = opened(url)
    if not catalog.storage.is_there():
        raise CatalogError(f"--catalog {url}: there is no catalog there; `reluflow run orthogonal` makes one")
    return catalog


def resolved(catalog: Catalog, name: str) -> str:
    """The run that ``name`` means: a preset's name is the preset as it is, without overrides."""
    from pipeline.workflow.named_runs import run_id_of

    return run_id_of(catalog, name)


def found(catalog: Catalog, name: str) -> tuple[str, str]:
    """The run, or else the sweep, that ``name`` means: its collection and its identifier."""
    from catalog.errors import UnknownRunError
    from catalog.layout import RUNS, SWEEPS

    try:
        return RUNS, resolved(catalog, name)
    except UnknownRunError:
        with suppress(UnknownRunError):
            return SWEEPS, catalog.sweeps.resolve(name)
        raise


def print_json(values: Any) -> None:
    """One strict JSON value on standard output."""
    click.echo(json.dumps(values, allow_nan=False))
