"""``reluflow export`` and ``reluflow import``: runs leave for others, and come in from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.layout import RUNS
from pipeline.cli.completion import runs_of_the_catalog
from pipeline.cli.shared import (
    DONE,
    FAILED,
    catalog_option,
    console,
    existing,
    found,
    json_option,
    opened,
    print_json,
    resolved,
    speaks,
)
from pipeline.cli.words import byte_size

if TYPE_CHECKING:
    from catalog.catalog import Catalog
    from catalog.sharing import Exported, Imported, Item


WEIGHTS = (".npz", ".pt", ".pth")
"""The endings of files that hold the weights of a run alone."""


@click.command()
@click.argument("run_names", metavar="[RUN]...", nargs=-1, shell_complete=runs_of_the_catalog)
@click.argument("destination", metavar="DEST")
@click.option(
    "--format",
    type=click.Choice(("zarr", "zip", "netcdf")),
    help="Without it the ending of DEST decides: .zip, .nc, or none for a folder.",
)
@click.option("--time", type=float, help="With weights.npz or .pt: of which t; the end, if it is not said.")
@click.option("--scaled", is_flag=True, help="With weights.npz: log_norm, direction, output_ratio, at any scale.")
@click.option(
    "--like", metavar="FILE", help="With weights.npz or .pt: a state dict whose names and shapes they get."
)
@click.option("--all", "everything", is_flag=True, help="All runs and sweeps of the catalog.")
@click.option("--where", metavar="EXPRESSION", help='The runs for which this holds, such as "width == 60".')
@catalog_option
@json_option
@speaks
def export(
    *, run_names: tuple[str, ...], destination: str, format: str | None, everything: bool, where: str | None,
    catalog_url: str, as_json: bool, time: float | None, scaled: bool, like: str | None,
) -> None:  # fmt: skip
    """Write runs or sweeps to DEST for anyone who has xarray: a folder that is a catalog, a zip, or netCDF.

    The weights alone, of one run at one time, go into a file weights.npz, or weights.pt for torch.

    \b
    Examples:
      reluflow export orthogonal orthogonal.zip
      reluflow export orthogonal orthogonal.nc
      reluflow export orthogonal weights.npz --time 15    w and a; init.file takes them back
      reluflow export orthogonal trained.pt --like model.pt    as your model names them
      reluflow export --where "width == 60" shared      any web server in front of `shared` makes it a catalog
    """  # noqa: D301
    from catalog.sharing import export as write
    from pipeline.cli.progress import telling
    from pipeline.inputs.errors import RequestError

    catalog = existing(catalog_url)
    if destination.lower().endswith(WEIGHTS):
        how: dict[str, Any] = {"time": time, "scaled": scaled, "like": like}
        _export_weights(catalog, run_names, destination, how, as_json)
        return
    for option, value in (("time", time), ("scaled", scaled), ("like", like)):
        if value is not None and value is not False:
            shown = "" if value is True else f" {value:g}" if option == "time" else f" {value}"
            raise RequestError(f"--{option}{shown}: allowed where DEST ends with .npz or .pt only")
    items = _chosen(catalog, run_names, everything, where)
    with telling() as stages:
        stages.say(f"Writing {destination} ...")
        exported = write(catalog, items, destination, format)
    if as_json:
        print_json(
            {
                "path": str(exported.path),
                "format": exported.format,
                "runs": [item.run_id for item in exported.items],
                "files": exported.files,
                "bytes": exported.bytes,
                "uncompressed_bytes": exported.uncompressed_bytes,
            }
        )
    else:
        _tell_export(exported)


def _export_weights(
    catalog: Catalog, run_names: tuple[str, ...], destination: str, how: dict[str, Any], as_json: bool
) -> None:
    """Write the weights of one run at one time, and say how they are used."""
    from catalog import reading
    from pipeline.inputs.errors import RequestError
    from pipeline.workflow.weight_files import save_weights

    if len(run_names) != 1:
        raise RequestError(f"export ... {destination}: allowed is one RUN before a file of weights")
    run_id = resolved(catalog, run_names[0])
    with reading(run_id, passing=(RequestError, OSError)):
        path = save_weights(catalog[run_id], destination, **how)
    if as_json:
        print_json({"path": str(path), "format": path.suffix[1:], "runs": [run_id]})
    else:
        console().print(f"{path}\n\nNext: init.start = 'given' with init.file = '{path}' starts from them.")


def _chosen(catalog: Catalog, run_names: tuple[str, ...], everything: bool, where: str | None) -> list[Item]:
    """The runs and sweeps that the words on the command line mean."""
    from catalog.sharing import items_of
    from pipeline.inputs.errors import RequestError

    if sum((bool(run_names), everything, where is not None)) != 1:
        raise RequestError("export: allowed is one of RUN..., --all and --where EXPRESSION, before DEST")
    if everything:
        return items_of(catalog, catalog.sweeps)
    if where is not None:
        return items_of(map(str, catalog.where(where).index))
    runs: list[str] = []
    sweeps: list[str] = []
    for name in run_names:
        collection, identifier = found(catalog, name)
        (runs if collection == RUNS else sweeps).append(identifier)
    return items_of(runs, sweeps)


def _tell_export(exported: Exported) -> None:
    """Say what was written, how large it is, what compression gained, and what can be done with it."""
    say = console()
    first = exported.items[0]
    named = first.run_id if len(exported.items) == 1 else f"{len(exported.items)} runs and sweeps"
    files = "1 file" if exported.files == 1 else f"{exported.files} files"
    gain = exported.uncompressed_bytes / exported.bytes
    say.print(
        f"{named}: {byte_size(exported.bytes)} in {files} ({byte_size(exported.uncompressed_bytes)} of numbers, "
        f"{gain:.2g} times as much), at {exported.path}",
        soft_wrap=True,
    )
    if exported.format == "netcdf":
        say.print(
            f'Next: xarray.open_datatree("{exported.path}"); what `reluflow import` takes is zarr or zip.',
            soft_wrap=True,
        )
    elif exported.format == "zip":
        say.print(
            f"Next: reluflow import {exported.path}, here or elsewhere; README.md inside says how to open it.",
            soft_wrap=True,
        )
    else:
        say.print(
            f"Next: python -m http.server --directory {exported.path} shares it; README.md says how to open it.",
            soft_wrap=True,
        )


@click.command("import")
@click.argument("source", metavar="SRC")
@click.option(
    "--largest-bytes",
    type=click.IntRange(min=1),
    help="The largest size of all that comes in, on disk or as arrays.  [16 GiB]",
)
@catalog_option
@json_option
@speaks
def import_runs(source: str, largest_bytes: int | None, catalog_url: str, as_json: bool) -> int:
    """Import the runs of SRC: an export or another catalog; a folder, a zip, or an address (http, s3, ...).

    Every byte is checked before a run is published, and what follows from its configuration and its arrays; one
    that fails is refused, and the others come in. Whether its numbers are right, `verify --recompute` tells.

    \b
    Examples:
      reluflow import orthogonal.zip
      reluflow import http://example.org/flows/
      reluflow import shared --catalog s3://bucket/flows
    """  # noqa: D301
    from catalog.sharing import LARGEST_BYTES
    from catalog.sharing import import_runs as take_in
    from pipeline.cli.progress import telling
    from pipeline.upkeep import judge

    most = LARGEST_BYTES if largest_bytes is None else largest_bytes
    with telling() as stages:
        stages.say(f"Checking and taking in what {source} holds ...")
        catalog = opened(catalog_url)
        done = take_in(catalog, source, most, judge)
        catalog.frame()  # the index learns of them: else the first who lists 10,000 new runs waits for it
    if as_json:
        print_json(
            {
                "imported": done.imported,
                "already": done.already,
                "refused": done.refused,
                "unchecked": done.unchecked,
            }
        )
    else:
        _tell_import(done, source)
    return FAILED if done.refused else DONE


def _tell_import(done: Imported, source: str) -> None:
    say = console()
    for run_id, reason in done.refused.items():
        say.print(f"{run_id}: refused: {reason}", soft_wrap=True)
    for run_id in done.already:
        say.print(f"{run_id}: in the catalog already, the same numbers", soft_wrap=True)
    for run_id in done.imported:
        unchecked = "; ".join(done.unchecked.get(run_id, ()))
        say.print(f"{run_id}: imported{f'; not checked: {unchecked}' if unchecked else ''}", soft_wrap=True)
    say.print(
        f"From {source}: {len(done.imported)} imported, {len(done.already)} there already, {len(done.refused)} "
        f"refused. Next: reluflow {f'show {done.imported[0]}' if done.imported else 'list'}",
        soft_wrap=True,
    )
