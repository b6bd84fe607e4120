"""``reluflow presets``, ``run``, ``list``, ``show`` and ``figures``."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.completion import presets_and_files, runs_of_the_catalog
from pipeline.cli.shared import (
    DONE,
    FAILED,
    Folder,
    catalog_option,
    console,
    echo,
    existing,
    found,
    json_option,
    opened,
    print_json,
    refuse,
    resolved,
    speaks,
)  # fmt: skip

if TYPE_CHECKING:
    from xarray import DataTree

    from catalog.catalog import Catalog


@click.command()
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


@click.command()
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
    from pipeline.cli import report
    from pipeline.configuration import load_config, parse_override
    from pipeline.workflow.named_runs import pin_source

    started = perf_counter()
    say = console(as_json)
    config = load_config(preset_or_file, dict(parse_override(text) for text in settings))
    catalog = opened(catalog_url)
    config = pin_source(config, catalog)
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
    from pipeline.cli.progress import telling
    from pipeline.workflow.computation import run as run_stages

    with telling() as stages:
        run_stages(config, catalog, stages=stages)


@click.command("list")
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
    from pipeline.cli.runs_table import print_runs, runs_as_json

    catalog = existing(catalog_url)
    frame = catalog.frame() if where is None else catalog.where(where)
    if as_json:
        print_json(runs_as_json(frame))
    else:
        print_runs(console(), frame, catalog_url)
    return FAILED if frame.attrs.get("damaged") else DONE


@click.command()
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
    from pipeline.cli import report

    catalog = existing(catalog_url)
    collection, run_id = found(catalog, run_name)
    if collection != catalog.collection:
        _show_sweep(catalog.sweeps, run_id, statements, as_json)
        return
    if statements:
        from catalog import reading
        from pipeline.cli.statements_table import print_statements, statements_as_json

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
    from pipeline.inputs.errors import RequestError

    if statements:
        raise RequestError(f"--statements: allowed with a run only, {sweep_id} is a sweep")
    from pipeline.cli.sweep_details import print_sweep, sweep_as_json

    manifest, path, tree = sweeps.manifest(sweep_id), sweeps.path(sweep_id), sweeps[sweep_id]
    cube = next(iter(tree.children.values()), tree)  # a sweep's group is `cube`, a law's has its name
    if as_json:
        print_json(sweep_as_json(manifest, path, cube.to_dataset()))
    else:
        print_sweep(console(), manifest, path, cube.to_dataset(), cube.name or "")


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=runs_of_the_catalog)
@click.option("--out", required=True, type=Folder(), help="The folder for the files.")
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
    from catalog.storage import local_path

    local_path(str(out), "--out")
    catalog = existing(catalog_url)
    run_id = resolved(catalog, run_name)
    tree = catalog.whole(run_id)  # of which no figure is drawn if a later one could not be
    from catalog import reading
    from pipeline.cli.progress import telling
    from pipeline.figures import write_figures

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
        echo(f"\nNext: reluflow show {run_id} prints the numbers behind them.")
    if lacking:
        refuse(lacking, FAILED)
    return DONE


def _animate(tree: DataTree, out: Path) -> tuple[list[Path], str]:
    """Write the animations that can be; say what has to be installed for the others."""
    from pipeline.cli.progress import counting
    from pipeline.figures import ANIMATIONS, frame_count, unavailable, write_animations

    lacking = {file_format: unavailable(file_format) for file_format in ANIMATIONS}
    with counting("Drawing the animation", frame_count(tree)) as advance:
        formats = [file_format for file_format, reason in lacking.items() if not reason]
        written = write_animations(tree, out, formats=formats, progress=advance)
    return written, "; ".join(filter(None, lacking.values()))
