"""``reluflow theory``: the laws from the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from pipeline.cli.completion import presets_and_files
from pipeline.cli.shared import (
    Folder,
    catalog_option,
    console,
    json_option,
    opened,
    print_json,
    speaks,
)


@click.group()
def theory() -> None:
    """Measure the theory's laws over many runs: each a table, a figure and a data set in the catalog.

    \b
    Examples:
      reluflow theory ladder orthonormal      exponents in lambda, down to 1e-1000
      reluflow theory width                   how wide for assumption 3, and for the minimum norm
      reluflow theory threshold --seeds 20    lambda* against m and n
      reluflow theory limit non-orthogonal    the jumps of the limit lambda -> 0
      reluflow theory minimum                 loss + penalty norm, beside the flow
      reluflow theory directions              where the neurons of a small start align
    """  # noqa: D301


def law_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every law's command takes."""
    out = click.option(
        "--out", default="figures", show_default=True, type=Folder(),
        help="The folder for the figure.",
    )  # fmt: skip
    return out(catalog_option(json_option(command)))


def present(
    law: str, configuration: dict[str, Any], compute: Callable[[Callable[[], None]], Any], *, steps: int,
    out: Path, catalog_url: str, as_json: bool,
) -> None:  # fmt: skip
    """Compute a law or take it from the catalog, print its table, draw its figure, say what is next."""
    from catalog.storage import local_path
    from pipeline.cli.progress import counting
    from pipeline.cli.theory_tables import TABLES
    from pipeline.figures import write_law
    from pipeline.theory.publishing import kept, scalars

    local_path(str(out), "--out")
    started, catalog = perf_counter(), opened(catalog_url)
    with counting(law, steps) as advance:
        identifier, cube, cached = kept(catalog, law, configuration, lambda: compute(advance))
    paths = write_law(cube, out, source=identifier)
    path, seconds = catalog.sweeps.path(identifier), perf_counter() - started
    if as_json:
        files = {"figures": [str(file) for file in paths], "cached": cached, "seconds": seconds}
        finite = {name: None if value != value else value for name, value in scalars(cube).items()}
        print_json({"sweep_id": identifier, "path": str(path)} | files | finite)
        return
    say = console()
    TABLES[law](say, cube)
    said = "in the catalog already, nothing was computed" if cached else f"computed in {seconds:.1f} s"
    say.print(f"\nThe data set is {path} ({said}); the figure: {', '.join(map(str, paths))}", soft_wrap=True)
    say.print(f"Open it with xarray.open_zarr({f'{path}/data.zarr'!r}, group={law!r}).", soft_wrap=True)
    say.print(next_command(law), soft_wrap=True)


def next_command(law: str) -> str:
    """What is next, with the preset or the file that this command was given, and its settings."""
    given = click.get_current_context().params
    words = [given.get("preset_or_file", "PRESET")]
    for setting in given.get("settings", ()):
        words += ["--set", setting]
    return NEXT[law].replace("PRESET", shlex.join(words))


NEXT = {
    "limit": "Next: reluflow run PRESET --set init.log10_scale=-1000 is such a flow; reluflow figures draws it.",
    "minimum": "Next: reluflow run PRESET --set analysis.penalty=[0.01,0.1] keeps such minima with a run.",
    "ladder": "Next: reluflow run PRESET --set init.log10_scale=-1000, then reluflow show RUN --statements.",
    "width": "Next: reluflow run small-width shows what happens below: more kinks, more saddles, a larger norm.",
    "threshold": "Next: reluflow theory ladder says how fast the excess falls below lambda*.",
}


@theory.command(short_help="Exponents of every statement down to lambda = 1e-1000.")
@click.argument("preset_or_file", default="orthonormal", shell_complete=presets_and_files)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Override a key, such as init.seed=3.")
@law_options
@speaks
def ladder(preset_or_file: str, settings: tuple[str, ...], out: Path, catalog_url: str, as_json: bool) -> None:
    """Go down in lambda on PRESET_OR_FILE and fit every statement's exponent.

    \b
    Examples:
      reluflow theory ladder
      reluflow theory ladder orthogonal --set init.seed=3
    """  # noqa: D301
    from pipeline.configuration import load_config, parse_override
    from pipeline.theory import ladder_law
    from pipeline.theory.ladder import SCALES, ladder_configuration

    config = load_config(preset_or_file, dict(parse_override(text) for text in settings))
    present(
        "ladder", ladder_configuration(config), lambda advance: ladder_law(config, advance=advance),
        steps=len(SCALES), out=out, catalog_url=catalog_url, as_json=as_json,
    )  # fmt: skip


@theory.command(short_help="How many neurons assumption 3 and the minimum norm take.")
@click.option("--seeds", default=30, show_default=True, type=click.IntRange(min=1), help="Starts of each network.")
@law_options
@speaks
def width(seeds: int, out: Path, catalog_url: str, as_json: bool) -> None:
    """Count how often assumption 3 holds and the minimum norm is reached, against m and n.

    \b
    Examples:
      reluflow theory width
      reluflow theory width --seeds 100 --out figures
    """  # noqa: D301
    from pipeline.theory import width_law
    from pipeline.theory.ends import NEGATIVE, POSITIVE
    from pipeline.theory.width import LOG10_SCALE, POINTS, REACHED, WIDTHS

    present(
        "width",
        {
            "points": list(POINTS), "widths": list(WIDTHS), "seeds": seeds, "labels": [POSITIVE, NEGATIVE],
            "log10_scale": LOG10_SCALE, "reached_excess": REACHED,
        },
        lambda advance: width_law(seeds=seeds, advance=advance), steps=len(POINTS) * len(WIDTHS), out=out,
        catalog_url=catalog_url, as_json=as_json,
    )  # fmt: skip


@theory.command(short_help="lambda* against the width and the number of points.")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(min=1), help="Starts of each network.")
@law_options
@speaks
def threshold(seeds: int, out: Path, catalog_url: str, as_json: bool) -> None:
    """Find the lambda* below which the minimum norm is reached, against m and n.

    \b
    Examples:
      reluflow theory threshold
      reluflow theory threshold --seeds 20
    """  # noqa: D301
    from pipeline.theory import threshold_law
    from pipeline.theory.ends import NEGATIVE, POSITIVE
    from pipeline.theory.threshold import ALLOWED, HALVINGS, HIGHEST, LOWEST, POINTS, WIDTHS

    present(
        "threshold",
        {
            "points": list(POINTS), "widths": list(WIDTHS), "seeds": seeds, "labels": [POSITIVE, NEGATIVE],
            "allowed_excess": ALLOWED, "range": [LOWEST, HIGHEST], "halvings": HALVINGS,
        },
        lambda advance: threshold_law(seeds=seeds, advance=advance), steps=len(POINTS) + len(WIDTHS), out=out,
        catalog_url=catalog_url, as_json=as_json,
    )  # fmt: skip


@theory.command(short_help="The jumps from saddle to saddle as lambda goes to 0.")
@click.argument("preset_or_file", default="orthonormal", shell_complete=presets_and_files)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Override a key, such as init.seed=3.")
@law_options
@speaks
def limit(preset_or_file: str, settings: tuple[str, ...], out: Path, catalog_url: str, as_json: bool) -> None:
    """Follow PRESET_OR_FILE's limit lambda -> 0, and flows at 1e-6, 1e-100, 1e-1000 beside it.

    \b
    Examples:
      reluflow theory limit
      reluflow theory limit non-orthogonal --set init.seed=3
    """  # noqa: D301
    from pipeline.configuration import load_config, parse_override
    from pipeline.theory import limit_law
    from pipeline.theory.limit import SCALES, limit_configuration

    config = load_config(preset_or_file, dict(parse_override(text) for text in settings))
    present(
        "limit", limit_configuration(config), lambda advance: limit_law(config, advance=advance),
        steps=2 + len(SCALES), out=out, catalog_url=catalog_url, as_json=as_json,
    )  # fmt: skip


@theory.command(short_help="The least of loss plus penalty times norm, beside the flow.")
@click.argument("preset_or_file", default="non-orthogonal", shell_complete=presets_and_files)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Override a key, such as init.seed=3.")
@click.option(
    "--penalty", "penalties", type=float, multiple=True,
    help="A penalty above 0; again for more of them. Without: 25, from the least at which no neuron is left.",
)  # fmt: skip
@click.option("--output-bias", is_flag=True, help="A constant of the output costs nothing.")
@click.option("--skip", is_flag=True, help="A linear function of the inputs costs nothing.")
@law_options
@speaks
def minimum(
    *, preset_or_file: str, settings: tuple[str, ...], penalties: tuple[float, ...], output_bias: bool, skip: bool,
    out: Path, catalog_url: str, as_json: bool,
) -> None:  # fmt: skip
    """Find the networks of least loss plus penalty times norm on PRESET_OR_FILE, and follow its flow beside them.

    \b
    Examples:
      reluflow theory minimum
      reluflow theory minimum non-orthogonal --penalty 0.1 --penalty 0.01 --skip
      reluflow theory minimum mine.csv --set data.bias=true --output-bias
    """  # noqa: D301
    from pipeline.configuration import load_config, parse_override
    from pipeline.theory import MINIMUM_STEPS, minimum_configuration, minimum_law

    keys: dict[str, Any] = dict(parse_override(text) for text in settings)
    asked = {"output_bias": output_bias, "skip": skip, "penalty": list(penalties)}
    config = load_config(
        preset_or_file, keys | {f"analysis.{key}": value for key, value in asked.items() if value}
    )
    present(
        "minimum", minimum_configuration(config), lambda advance: minimum_law(config, advance=advance),
        steps=MINIMUM_STEPS, out=out, catalog_url=catalog_url, as_json=as_json,
    )  # fmt: skip


@theory.command(short_help="Where the neurons of a small start align, on any data.")
@click.argument("preset_or_file", default="non-orthogonal", shell_complete=presets_and_files)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Override a key, such as init.seed=3.")
@json_option
@speaks
def directions(preset_or_file: str, settings: tuple[str, ...], as_json: bool) -> None:
    """List the extremal directions of PRESET_OR_FILE, which neurons go to each, and whether they are there.

    \b
    Examples:
      reluflow theory directions
      reluflow theory directions orthonormal --set init.log10_scale=-100
    """  # noqa: D301
    from pipeline.cli.theory_tables import print_directions
    from pipeline.configuration import load_config, parse_override
    from pipeline.theory import aligned_start, direction_rows

    config = load_config(preset_or_file, dict(parse_override(text) for text in settings))
    found = aligned_start(config)
    if as_json:
        print_json({"name": config.name, "directions": direction_rows(found)})
        return
    print_directions(console(), config.name, found)
