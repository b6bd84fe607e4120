"""The command line: ``reluflow``. Imports come with the command that needs them, so that help is instant."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pipeline.completion import presets_and_files, runs_of_the_catalog
from pipeline.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text
    from xarray import DataTree

    from catalog.index import Catalog

DONE, FAILED, WRONG_REQUEST, INTERRUPTED = 0, 1, 2, 130
"""The exit statuses (CONTRACT.md)."""
ELSEWHERE = {
    "sweep": "pipeline.sweep.commands:sweep",
    "theory": "pipeline.theory.commands:theory",
    "verify": "pipeline.upkeep.commands:verify",
    "status": "pipeline.upkeep.commands:status",
    "gc": "pipeline.upkeep.commands:gc",
    "export": "pipeline.sharing_commands:export",
    "import": "pipeline.sharing_commands:import_runs",
    "dashboard": "dashboards.commands:dashboard",
    "completion": "pipeline.completion:completion",
}
"""Commands that stand in rooms of their own: the module that has each, and its name there."""
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
        from pipeline.errors import RequestError

        try:
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
    from catalog.index import open_catalog

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
    if not catalog.place.is_there():
        raise CatalogError(f"--catalog {url}: there is no catalog there; `reluflow run orthogonal` makes one")
    return catalog


def resolved(catalog: Catalog, name: str) -> str:
    """The run that ``name`` means: a preset's name is the preset as it is, without overrides."""
    from catalog.layout import SCHEMA_VERSION
    from pipeline.configuration import load_config, presets

    if name in presets():
        run_id = load_config(name).run_id(SCHEMA_VERSION)
        if run_id in catalog:
            return run_id
    return catalog.resolve(name)


def found(catalog: Catalog, name: str) -> tuple[str, str]:
    """The run, or else the sweep, that ``name`` means: its shelf and its identifier."""
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


class OneLineGroup(click.Group):
    """Commands whose misuse is told in one line, like everything else that is wrong with a request."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Name the commands, those of rooms of their own among them."""
        return sorted([*super().list_commands(context), *ELSEWHERE])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Find a command; one of another room is imported only when it is wanted."""
        if name in ELSEWHERE:
            module, _, attribute = ELSEWHERE[name].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return super().get_command(context, name)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command that the words on the command line name."""
        try:
            return super().main(*arguments, **options | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(WRONG_REQUEST)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            where = context.command_path if context is not None else "reluflow"
            refuse(f"{error.format_message().rstrip('.')} ({where} --help says what is allowed)", WRONG_REQUEST)
        except click.Abort:
            refuse("interrupted; nothing is half-published", INTERRUPTED)


@click.group(cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reluflow")
def main() -> None:
    """Study how shallow ReLU networks learn: the exact gradient flow, labelled and kept.

    \b
    Examples:
      reluflow run orthogonal                                the paper's experiment
      reluflow run orthogonal --set init.log10_scale=-1000   from a start of 1e-1000
      reluflow run mine.toml                                 your own data
      reluflow figures orthogonal --out figures              figures 1, 2 and 3
    """  # noqa: D301 (click looks for the backspace itself)


@main.command()
@json_option
@speaks
def presets(as_json: bool) -> None:
    """List the experiments that come with reluflow.

    \b
    Examples:
      reluflow presets
      reluflow presets --json
    """  # noqa: D301
    from pipeline.configuration import load_config
    from pipeline.configuration import presets as known

    titles = {name: load_config(name).title for name in known()}
    if as_json:
        print_json(titles)
        return
    width = max(map(len, titles))
    for name, title in titles.items():
        click.echo(f"{name:{width}}  {title}")
    click.echo("\nNext: reluflow run NAME; a TOML file of your own runs in the same way.")


@main.command()
@click.argument("preset_or_file", shell_complete=presets_and_files)
@click.option(
    "--set", "settings", metavar="KEY=VALUE", multiple=True, help="Override a key, such as init.width=100."
)
@catalog_option
@json_option
@speaks
def run(preset_or_file: str, settings: tuple[str, ...], catalog_url: str, as_json: bool) -> int:
    """Compute a run of PRESET_OR_FILE and publish it, unless the catalog has it.

    \b
    Examples:
      reluflow run orthogonal
      reluflow run orthonormal --set init.seed=3 --set init.width=1000
      reluflow run mine.toml --catalog /data/flows --json
    """  # noqa: D301
    from catalog.layout import SCHEMA_VERSION
    from pipeline import report
    from pipeline.configuration import load_config, parse_override

    started = perf_counter()
    say = console(as_json)
    config = load_config(preset_or_file, dict(parse_override(text) for text in settings))
    catalog = opened(catalog_url)
    run_id = config.run_id(SCHEMA_VERSION)
    cached = run_id in catalog
    if not cached:
        _compute(config, catalog, run_id)

    manifest, path = catalog.manifest(run_id), catalog.path(run_id)
    origin = catalog.origin(run_id) if cached else None
    seconds = perf_counter() - started
    if as_json:
        print_json(report.as_json(manifest, path, cached, seconds, origin))
    else:
        report.print_report(say, manifest, path, cached, seconds, origin)
    return DONE if report.succeeded(manifest.summary) else FAILED


def _compute(config: Any, catalog: Catalog, run_id: str) -> None:
    """Find out whether the catalog can be written before anything is computed; then compute and publish."""
    catalog.check_writable(run_id)
    from pipeline.progress import telling
    from pipeline.workflow import run as run_stages

    with telling() as stages:
        run_stages(config, catalog, stages=stages)


@main.command("list")
@click.option("--where", metavar="EXPRESSION", help='A condition on the columns, such as "width == 60".')
@catalog_option
@json_option
@speaks
def list_runs(where: str | None, catalog_url: str, as_json: bool) -> int:
    """List the catalog's runs, the oldest first.

    \b
    Examples:
      reluflow list
      reluflow list --where "width == 60 and final_loss < 1e-20"
      reluflow list --catalog http://localhost:8000
    """  # noqa: D301
    from pipeline.listing import print_runs, runs_as_json

    catalog = existing(catalog_url)
    frame = catalog.frame() if where is None else catalog.where(where)
    if as_json:
        print_json(runs_as_json(frame))
    else:
        print_runs(console(), frame, catalog_url)
    return FAILED if frame.attrs.get("damaged") else DONE


@main.command()
@click.argument("run_name", metavar="RUN", shell_complete=runs_of_the_catalog)
@click.option("--statements", is_flag=True, help="The paper's statements, each measured on this run.")
@catalog_option
@json_option
@speaks
def show(run_name: str, statements: bool, catalog_url: str, as_json: bool) -> None:
    """Say all about one RUN or sweep: its identifier, a unique beginning of it, or the name of its preset or file.

    \b
    Examples:
      reluflow show orthogonal
      reluflow show orthogonal --statements    every statement of the paper, measured
      reluflow show scale-width-seed           a sweep: its axes, its cells by status, the range of every result
    """  # noqa: D301
    from pipeline import report

    catalog = existing(catalog_url)
    shelf, run_id = found(catalog, run_name)
    if shelf != catalog.shelf:
        _show_sweep(catalog.sweeps, run_id, statements, as_json)
        return
    if statements:
        from catalog import reading
        from pipeline.verdicts import print_statements, statements_as_json

        with reading(run_id):
            table = catalog[run_id]["statements"].to_dataset().load()
        if as_json:
            print_json(statements_as_json(table))
        else:
            print_statements(console(), run_id, table)
        return
    manifest, path, origin = catalog.manifest(run_id), catalog.path(run_id), catalog.origin(run_id)
    if as_json:
        values = report.as_json(manifest, path, cached=True, seconds=0.0, origin=origin)
        more = {"configuration": manifest.configuration, "provenance": manifest.provenance}
        print_json(values | more | {"unchecked": [] if origin is None else list(origin.unchecked)})
    else:
        report.print_details(console(), manifest, path, origin)


def _show_sweep(sweeps: Catalog, sweep_id: str, statements: bool, as_json: bool) -> None:
    from pipeline.errors import RequestError

    if statements:
        raise RequestError(f"--statements: allowed with a run only, {sweep_id} is a sweep")
    from pipeline.sweep_report import print_sweep, sweep_as_json

    manifest, path, tree = sweeps.manifest(sweep_id), sweeps.path(sweep_id), sweeps[sweep_id]
    cube = next(iter(tree.children.values()), tree)  # a sweep's group is `cube`, a law's has its name
    if as_json:
        print_json(sweep_as_json(manifest, path, cube.to_dataset()))
    else:
        print_sweep(console(), manifest, path, cube.to_dataset(), cube.name or "")


@main.command()
@click.argument("run_name", metavar="RUN", shell_complete=runs_of_the_catalog)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder for the files."
)
@click.option("--animate", is_flag=True, help="The run in motion too: animation.gif and animation.mp4.")
@catalog_option
@json_option
@speaks
def figures(run_name: str, out: Path, animate: bool, catalog_url: str, as_json: bool) -> int:
    """Draw figures 1 (timeline), 2 (four states) and 3 (loss) of a RUN as PNG and SVG.

    \b
    Examples:
      reluflow figures orthogonal --out figures
      reluflow figures orthogonal --out figures --animate    the run in motion too, as GIF and MP4
    """  # noqa: D301
    from catalog.places import local_path

    local_path(str(out), "--out")
    catalog = existing(catalog_url)
    run_id = resolved(catalog, run_name)
    tree = catalog.whole(run_id)  # of which no figure is drawn if a later one could not be
    from catalog import reading
    from pipeline.figures import write_figures
    from pipeline.progress import telling

    with reading(run_id, passing=(OSError, MemoryError)):
        with telling() as stages:
            stages.say("Drawing the figures ...")
            paths, lacking = write_figures(tree, out), ""
        if animate:
            animations, lacking = _animate(tree, out)
            paths += animations
    if as_json:
        print_json({"figures": [str(path) for path in paths]})
    else:
        for path in paths:
            echo(str(path))
        echo(f"\nNext: reluflow show {run_id} says the numbers behind them.")
    if lacking:
        refuse(lacking, FAILED)
    return DONE


def _animate(tree: DataTree, out: Path) -> tuple[list[Path], str]:
    """Write the animations that can be; say what has to be installed for the others."""
    from pipeline.figures import ANIMATIONS, frame_count, unavailable, write_animations
    from pipeline.progress import counting

    lacking = {file_format: unavailable(file_format) for file_format in ANIMATIONS}
    with counting("Drawing the animation", frame_count(tree)) as advance:
        formats = [file_format for file_format, reason in lacking.items() if not reason]
        written = write_animations(tree, out, formats=formats, progress=advance)
    return written, "; ".join(filter(None, lacking.values()))


def command_line() -> None:
    """Run ``reluflow`` as a process of its own.

    Libraries' warnings are for developers (who pass -W): after a Ctrl-C zarr's background thread went on to
    print one behind the line that a person should read.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    main()


if __name__ == "__main__":
    command_line()
