"""From an experiment to its record: its commands are run, what they said is kept beside the pictures they drew."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from PIL import Image

from catalog import decode, open_catalog
from docs.gallery.excess import excess_figure, fits, typical_excess
from docs.gallery.experiments import Experiment
from pipeline.figures import write_animations

PICTURES = Path(__file__).parent / "pictures"
RECORD = "record.json"
SWEEP = ("sweep", "scale-width-seed")
LADDER = ("theory", "ladder")

KEPT_WIDTH, KEPT_COLOURS, KEPT_FRAMES, KEPT_SIZE = 1000, 64, (70, 35, 18), 150_000
"""Pixels, colours and frames (the first that is small enough) of pictures that the repository keeps, and the bytes
that each is below."""


def reluflow(*words: str) -> dict[str, Any]:
    """Run a command of this checkout and return the JSON object that it prints.

    Raises
    ------
    SystemExit
        With the command's status, if it was refused or failed; it has said why.
    """
    told = subprocess.run([sys.executable, "-m", "pipeline.cli", *words, "--json"], stdout=subprocess.PIPE)
    if told.returncode:
        sys.exit(told.returncode)
    said: dict[str, Any] = json.loads(told.stdout)
    return said


def words_of(preset: str, settings: dict[str, str]) -> list[str]:
    """The words of the command that runs this preset with these settings."""
    return ["run", preset, *(word for item in settings.items() for word in ("--set", "=".join(item)))]


def record(experiment: Experiment) -> None:
    """Run an experiment and those that it is compared with, draw it, and keep what was said."""
    folder = PICTURES / experiment.preset
    words = words_of(experiment.preset, {})
    told = {
        "run": reluflow(*words),
        "command": shlex.join(["reluflow", *words]),
        "others": {},
        "slow": experiment.slow,
    }
    for name, settings in experiment.others.items():
        words = words_of(experiment.preset, settings)
        told["others"][name] = reluflow(*words) | {"command": shlex.join(["reluflow", *words])}
    run_id = told["run"]["run_id"]
    # What a place or a moment says changes nothing that a reader sees; a kept record should not change with it.
    for run in (told["run"], *told["others"].values()):
        for name in ("path", "cached", "seconds", "solver_seconds"):
            del run[name]
    if experiment.slow:
        reluflow("figures", run_id, "--out", str(folder))
        _shrink(folder, run_id)
    else:
        reluflow("figures", run_id, "--out", str(folder), "--animate")
    if experiment.staircase:
        told["limit"] = _jumps(experiment.preset, folder)
    _keep(folder, told)


def _jumps(preset: str, folder: Path) -> list[dict[str, Any]]:
    """Follow the limit lambda -> 0, draw its staircase, and keep its plateaus."""
    told = reluflow("theory", "limit", preset, "--out", str(folder))
    law: xr.Dataset = _catalog().sweeps[told["sweep_id"]]["limit"].to_dataset().load()
    names = ("time", "loss", "labels_fitted", "half_squared_norm")
    rows: list[dict[str, Any]] = [
        {name: float(law[name][i]) for name in names} for i in range(law.sizes["plateau"])
    ]
    for i, row in enumerate(rows):
        row["measured"] = float(law["measured_time"].sel(scale=-1000)[i])
        row["labels"] = law.sizes["point"]
        seen = float(law["log10_seen"][i])
        row["seen"] = round(seen) if np.isfinite(seen) else None
    return rows


def _shrink(folder: Path, run_id: str) -> None:
    """Replace the figures by small ones, for the repository."""
    for frames in KEPT_FRAMES:
        write_animations(_catalog()[run_id], folder, formats=["mp4"], frames=frames)
        if (folder / "animation.mp4").stat().st_size < KEPT_SIZE:
            break
    (folder / "figure-1-timeline.png").unlink()  # no page shows it
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            small = image.convert("RGB").resize((KEPT_WIDTH, round(KEPT_WIDTH * image.height / image.width)))
        small.quantize(KEPT_COLOURS).save(path, optimize=True)
    for path in folder.glob("*.svg"):
        path.unlink()


def record_sweep() -> None:
    """Compute the sweep of the paper's discussion, draw it, and keep its numbers."""
    told = reluflow(*SWEEP)
    cube = _catalog().sweeps[told["sweep_id"]]["cube"].to_dataset().load()
    folder = PICTURES / SWEEP[1]
    folder.mkdir(parents=True, exist_ok=True)
    excess_figure(cube, folder / "excess.svg")
    fitted, typical = fits(cube), typical_excess(cube)
    # Where lambda is small, and the excess not yet rounding.
    tens = slice(1, 5)
    slopes = np.polyfit(cube["log10_scale"].values[tens], np.log10(typical.values[tens, 1:]), 1)[0]
    small = fitted.isel(log_init_scale=slice(2, None)).mean(["log_init_scale", "seed"])
    numbers = {
        "cells": told["cells"],
        "exponents": slopes.tolist(),
        "fitted": list(zip(cube["width"].values.tolist(), small.values.tolist(), strict=True)),
        "large": typical.values[0].tolist(),
    }
    _keep(folder, {"command": shlex.join(["reluflow", *SWEEP]), "sweep": numbers})


def record_ladder() -> None:
    """Go down the ladder of scales, and keep its numbers."""
    folder = PICTURES / LADDER[1]
    told = reluflow(*LADDER, "--out", str(folder))
    law: xr.Dataset = _catalog().sweeps[told["sweep_id"]]["ladder"].to_dataset().load()
    names = decode(law["statement"])
    rows = {
        name: (float(paper), float(measured))
        for name, paper, measured in zip(names, law["paper_exponent"], law["exponent"], strict=True)
        if np.isfinite(measured)
    }
    numbers = {
        "exponents": rows,
        "rungs": law.sizes["rung"],
        "epsilon": float(law.attrs["epsilon"]),
        "constants": [float(law[name][-1]) for name in ("constant_t2", "constant_t3")],
        "excess": told["excess_exponent"],
        "expected": told["expected_excess_exponent"],
    }
    _keep(folder, {"command": shlex.join(["reluflow", *LADDER]), "ladder": numbers})


def _catalog() -> Any:
    return open_catalog(os.environ.get("RELUFLOW_CATALOG", "./catalog-data"))


def _keep(folder: Path, told: dict[str, Any]) -> None:
    (folder / RECORD).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


def kept(name: str) -> dict[str, Any]:
    """The record of a page; its pictures are beside it."""
    told: dict[str, Any] = json.loads((PICTURES / name / RECORD).read_text())
    return told
