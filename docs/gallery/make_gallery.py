"""``make gallery``: run the experiments that the catalog lacks, draw them, write the pages."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter

from docs.gallery import recording, rendering
from docs.gallery.experiments import EXPERIMENTS

LAWS: dict[str, Callable[[], None]] = {
    recording.SWEEP[1]: recording.record_sweep,
    recording.LADDER[1]: recording.record_ladder,
}
"""The pages that tell of many runs."""
PAGES = [*(experiment.preset for experiment in EXPERIMENTS), *LAWS]
SLOW = {experiment.preset for experiment in EXPERIMENTS if experiment.slow}


def main(words: list[str]) -> None:
    """Make pages; one line of output each.

    Parameters
    ----------
    words
        Names of pages (none: all of them), and ``--slow`` to run slow experiments too; what the repository keeps
        of them is then replaced.
    """
    parser = ArgumentParser(prog="make_gallery", description="Write the gallery's pages from runs of the catalog.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"one of {', '.join(PAGES)}; none: all")
    parser.add_argument("--slow", action="store_true", help=f"run {', '.join(SLOW)} too")
    told = parser.parse_args(words)
    if unknown := set(told.pages) - set(PAGES):
        parser.error(f"there is no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}")
    records = {e.preset: lambda e=e: recording.record(e) for e in EXPERIMENTS} | LAWS
    for name in told.pages or PAGES:
        started, kept = perf_counter(), name in SLOW and not told.slow
        if not kept:
            records[name]()
        path = rendering.write_page(name)
        how = "from what the repository keeps" if kept else f"{perf_counter() - started:.1f} s"
        print(f"docs/gallery/{path.name} ({how})", flush=True)
    if not told.pages:
        rendering.write_index([experiment.preset for experiment in EXPERIMENTS], list(LAWS))


if __name__ == "__main__":
    main(sys.argv[1:])
