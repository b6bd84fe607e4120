"""``reluflow dashboard``."""

from __future__ import annotations

import click

from pipeline.cli.shared import DONE, WRONG_REQUEST, catalog_option, opened, refuse, speaks
from pipeline.inputs.errors import RequestError


@click.command()
@click.option("--port", default=5006, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option(
    "--allow-host", "names", metavar="NAME", multiple=True,
    help="A further name (or name:port) under which it may be asked for: that of a proxy in front of it.",
)  # fmt: skip
@click.option(
    "--data", "paths", metavar="FILE", multiple=True,
    help="A netCDF file (*.nc) or a Zarr store that the page Explore offers beside the catalog's runs.",
)  # fmt: skip
@click.option(
    "--visitors", metavar="N", type=click.IntRange(1, 200),
    help="How many open the same page at once, as a class does: pages are then made before they are asked for.",
)  # fmt: skip
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@catalog_option
@speaks
def dashboard(
    port: int,
    names: tuple[str, ...],
    paths: tuple[str, ...],
    visitors: int | None,
    open_browser: bool,
    catalog_url: str,
) -> int:
    """Look at runs in the browser, and change lambda with a slider.

    It listens on this machine alone (127.0.0.1) and can open nothing but the catalog and the files of --data. To
    show it to others, put a proxy that asks for a password before it and name that with --allow-host.

    \b
    Examples:
      reluflow dashboard
      reluflow dashboard --port 8080 --open
      reluflow dashboard --data experiment.nc
      reluflow dashboard --visitors 30
      reluflow dashboard --allow-host flows.example.org
    """  # noqa: D301
    catalog = opened(catalog_url)
    try:
        from dashboards.application import prepare_first_page, server
        from dashboards.published_runs import read_ahead
        from dashboards.slices.sources import name_files
    except ModuleNotFoundError as error:
        refuse(f"the dashboard needs {error.name}: `pip install 'reluflow[dashboard]'` first", WRONG_REQUEST)
    try:
        serving = server(catalog, port=port, names=names, files=name_files(paths), visitors=visitors)
    except RequestError as error:
        refuse(f"--data {error}", WRONG_REQUEST)
    except OSError as error:
        refuse(f"--port {port}: {error.strerror or error}; another one is allowed, or 0 for any", WRONG_REQUEST)
    address = f"http://localhost:{serving.port}"
    click.echo(f"The dashboard of {catalog.storage} is at {address} (Ctrl-C ends it).")
    if open_browser:
        serving.io_loop.add_callback(click.launch, address)
    serving.start()
    serving.io_loop.add_callback(prepare_first_page)
    read_ahead(catalog)
    try:
        serving.io_loop.start()
    except KeyboardInterrupt:
        serving.stop()
        click.echo("\nThe dashboard has ended; what was saved is in the catalog.")
    return DONE
