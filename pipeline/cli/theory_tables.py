"""The laws in words: a table each, what it shows, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
import xarray as xr
from rich.console import Console
from rich.table import Table

from catalog.schema import PAPER_STATEMENTS, decode
from pipeline.cli.words import counted
from pipeline.theory.directions import direction_rows


def print_ladder(console: Console, law: xr.Dataset) -> None:
    """Print the exponents beside the paper's, the constants, and the law of the excess."""
    scales = law["rung"].values
    console.print(
        f"{law.attrs['name']} from 10^{scales[0]:g} to 10^{scales[-1]:g}, epsilon = {law.attrs['epsilon']:g}: "
        "deviation ~ lambda^exponent\n"
    )
    table = Table("statement", "paper's exponent", "measured", "scales fitted", "holds from 10^", box=None)
    for i, name in enumerate(PAPER_STATEMENTS):
        start = float(law["holds_from"][i])
        if isnan(start) and isnan(float(law["exponent"][i])):
            continue
        table.add_row(
            name, _number(law["paper_exponent"][i], ".4f"), _number(law["exponent"][i], ".4f"),
            str(int(law["fitted_rungs"][i]) or "-"), "-" if isnan(start) else f"{start:g}",
        )  # fmt: skip
    console.print(table)
    if table.row_count < len(PAPER_STATEMENTS):
        console.print(f"Of {len(PAPER_STATEMENTS) - table.row_count} others the assumptions are met at no scale.")
    console.print(_scales_table(law))
    console.print(_excess_in_words(law))
    console.print("'Holds from': the largest scale at which, as at all smaller ones, the statement holds.")


def _scales_table(law: xr.Dataset) -> Table:
    table = Table(
        "\nlambda = 10^", "\nt2 |D_+|/(-ln lambda)", "\nt3 |D_-|/(-ln lambda)", "\nplateaus",
        "final excess\nof the norm", "less the\nlimit's", "between the data\n|h - h*|", box=None,
    )  # fmt: skip
    for scale in (0.4, 0.0, -1.0, -2.0, -4.0, -6.0, -10.0, -20.0, -100.0, -1000.0):
        if scale in law["rung"].values:
            at = law.sel(rung=scale)
            table.add_row(
                f"{scale:g}", _number(at["constant_t2"], ".4f"), _number(at["constant_t3"], ".4f"),
                _number(at["plateaus"], "g"), _number(at["excess"], ".4g"),
                _number(at["limit_deviation"], ".2g") if "limit_deviation" in law else "-",
                _number(at["hull_difference"], ".2g"),
            )  # fmt: skip
    return table


def _excess_in_words(law: xr.Dataset) -> str:
    """What becomes of the excess over the minimum norm as lambda falls."""
    power, expected = float(law["excess_exponent"]), float(law["expected_excess_exponent"])
    if not isnan(power):
        return (
            "\nThe paper: both constants tend to 1. The final excess over the minimum norm goes as "
            f"lambda^{power:.3f}; idle neurons that see a part of a sign's points explain {expected:.3f}."
        )
    last, minimum = float(law["excess"][-1]), float(law["minimum"])
    return (
        f"\nAt the smallest scale the excess over the minimum norm is {last:.6g}, "
        f"{last / minimum:.3g} of the minimum. Where its assumptions hold, the paper promises none."
        f"{_limit_in_words(law)}"
    )


def _limit_in_words(law: xr.Dataset) -> str:
    """What the limit lambda -> 0 says of the excess, and how a ladder tends to it; nothing without a limit."""
    limit = float(law["limit_excess"]) if "limit_excess" in law else float("nan")  # older ladders have none
    if isnan(limit):
        return ""
    said = f"\nIn the limit lambda -> 0 it is {limit:.6g} (reluflow theory limit)"
    if "limit_from" not in law:
        return f"{said}."
    start, power = float(law["limit_from"]), float(law["limit_exponent"])
    if isnan(start):
        return f"{said}; at the smallest scale the norm is not yet within 0.1 % of the limit's."
    fall = "" if isnan(power) else f", and its distance falls as lambda^{power:.3f}"
    return f"{said}: from 10^{start:g} on the norm is within 0.1 % of the limit's{fall}."


def print_width(console: Console, law: xr.Dataset) -> None:
    """Print, for each n, the share of starts that reach the minimum beside the exact probability."""
    console.print(
        f"Share of {law.attrs['seeds']} starts that reach the minimum norm (exact probability of assumption 3)\n"
    )
    widths = law["width"].values
    table = Table("n", *(f"m = {m}" for m in widths), "even odds at m", box=None)
    for n in law["points"].values:
        at = law.sel(points=n)
        cells = [f"{float(r):.2f} ({float(p):.2f})" for r, p in zip(at["reached"], at["probability"], strict=True)]
        table.add_row(str(n), *cells, f"{float(at['even_odds']):.1f}")
    console.print(table)
    console.print(
        "\nAssumption 3 holds and the minimum is reached, or neither, in "
        f"{float(law['agreement'].mean()):.1%} of the starts; the paper: always. The width of even odds doubles "
        "every two points."
    )


def print_threshold(console: Console, law: xr.Dataset) -> None:
    """Print lambda* against m and against n, and the two fitted laws."""
    console.print(
        f"lambda*: the final excess is {law.attrs['allowed_excess']:.0%} of the minimum norm; median (least, "
        f"largest) of log10 over {law.attrs['seeds']} starts\n"
    )
    for dim, fixed in (
        ("width", f"n = {law.attrs['points_of_widths']}"),
        ("points", f"m = {law.attrs['width_of_points']}"),
    ):
        table = Table("m" if dim == "width" else "n", f"log10 lambda* ({fixed})", box=None)
        for size in law[dim].values:
            values = law[f"log10_threshold_{dim}"].sel({dim: size}).values
            table.add_row(str(size), f"{np.median(values):.2f} ({values.min():.2f}, {values.max():.2f})")
        console.print(table)
        console.print()
    console.print(
        f"lambda* ~ m^{float(law['width_exponent']):.2f} (the paper: -1/2) and "
        f"~ e^(-{float(law['points_rate']):.2f} n) (the paper: e^(-Theta(n)))."
    )


def print_limit(console: Console, law: xr.Dataset) -> None:
    """Print the jumps of the limit, and the statements on small starts at the last of the scales beside it."""
    plateaus = law.sizes["plateau"]
    console.print(
        f"{law.attrs['name']}, lambda -> 0: {counted(plateaus - 1, 'jump')} in the time t/(-ln lambda); "
        f"it ends because {law.attrs['reason']}\n"
    )
    scales = [f"{scale:g}" for scale in law["scale"].values]
    if plateaus > 1:
        _print_jumps(console, law, scales)
    console.print(f"\nChecked at 10^{scales[-1]}:\n")
    rows = Table("statement", "verdict", "measured", "bound", "margin", "", box=None)
    said = law["row"].attrs
    told = zip(said["names"], decode(law["row_verdict"]), said["reasons"], strict=True)
    for i, (name, verdict, reason) in enumerate(told):
        sides = (_number(law[f"row_{side}"][i], ".3g") for side in ("measured", "bound", "margin"))
        rows.add_row(name, verdict.replace("_", " "), *sides, reason)
    console.print(rows)


def _print_jumps(console: Console, law: xr.Dataset, scales: list[str]) -> None:
    """Print a row for each jump, with the time at which flows of finite lambda make it."""
    table = Table(
        "\njump", "t over\n-ln lambda", "neurons\nthat escape", "loss\nbefore", "\nafter", "labels\nfitted",
        "\n1/2 |theta|^2", *(f"measured at\n10^{scale}" for scale in scales), "plateau seen\nbelow 10^", box=None,
    )  # fmt: skip
    for i in range(1, law.sizes["plateau"]):
        before, at = law.isel(plateau=i - 1), law.isel(plateau=i)
        escaping = at["escaping"].values == 1
        signs = before["output_sign"].values[escaping]
        words = " and ".join(
            f"{(signs == sign).sum()} with a {symbol} 0"
            for sign, symbol in ((1, ">"), (-1, "<"))
            if (signs == sign).any()
        )
        table.add_row(
            str(i), _number(at["time"], ".6g"), words, _number(before["loss"], ".6g"), _number(at["loss"], ".6g"),
            f"{int(at['labels_fitted'])} of {law.sizes['point']}", _number(at["half_squared_norm"], ".7g"),
            *(_number(at["measured_time"].sel(scale=scale), ".6g") for scale in law["scale"].values),
            _number(at["log10_seen"], ".3g"),
        )  # fmt: skip
    console.print(table)
    if law.attrs["tie"]:
        console.print("Neurons of several directions escape at one instant; equal norms are taken for them.")
    console.print(
        "\nMeasured: when the loss has made half of its way; it differs by a constant over -ln lambda. A plateau "
        "is seen where it lasts longer than the passage that leads to it."
    )


def print_minimum(console: Console, law: xr.Dataset) -> None:
    """Print a row for each penalty: what is least there, and the flow at the same loss."""
    free = [word for key, word in (("output_bias", "constant"), ("skip", "linear function")) if law.attrs[key]]
    beside = f"; a {' and a '.join(free)} cost{'s' * (len(free) == 1)} nothing" if free else ""
    console.print(f"{law.attrs['name']}: the least of loss + penalty norm{beside}\n")
    table = Table(
        "\npenalty", "\nloss", "\n1/2 |theta|^2", "\nneurons", "\ngap", "the flow has\nthis loss at t",
        "with\n1/2 |theta|^2", box=None,
    )  # fmt: skip
    for place in np.argsort(-law["penalty"].values):
        at = law.isel(penalty=place)
        table.add_row(
            f"{float(at['penalty']):.4g}", _number(at["loss"], ".4g"), _number(at["norm"], ".7g"),
            f"{int(at['neurons'])}", f"{abs(float(at['gap'])):.0e}", _number(at["time_at_loss"], ".5g"),
            _number(at["norm_at_loss"], ".7g"),
        )  # fmt: skip
    console.print(table)
    least = "not known" if isnan(float(law["least_norm"])) else f"{float(law['least_norm']):.7g}"
    console.print(
        f"\nFrom the penalty {float(law['vanishing_penalty']):.6g} on no neuron is left. At penalty 0 the least "
        f"1/2 |theta|^2 is {least}."
    )
    console.print("No network of that loss has a smaller norm; the flow's is that, or larger.")


COORDINATES_SHOWN = 6
"""Of a direction."""


def print_directions(console: Console, name: str, found: xr.Dataset) -> None:
    """Print a row for each extremal direction, with the neurons that go there."""
    rows = direction_rows(found)
    how = "all" if found.attrs["complete"] else "those that the neurons find, as the cells are too many, are"
    console.print(f"{name}: {counted(len(rows), 'extremal direction')} of the labels; {how} listed\n")
    table = Table(
        "\ndirection", "\nG there", "\nof G a", "neurons,\na > 0", "\na < 0", "growing ones\nescape at t",
        "least measured\ncosine", box=None,
    )  # fmt: skip
    for row in rows:
        shown = ", ".join(f"{value:.4f}" for value in row["direction"][:COORDINATES_SHOWN])
        more = ", ..." if len(row["direction"]) > COORDINATES_SHOWN else ""
        table.add_row(
            f"({shown}{more})", f"{row['value']:.6g}", row["kind"], str(row["positive"]), str(row["negative"]),
            "-" if row["escape"] is None else f"{row['escape']:.5g}",
            "-" if row["least_cosine"] is None else f"{row['least_cosine']:.6f}",
        )  # fmt: skip
    console.print(table)
    still = int((found["partner"].values < 0).sum())
    console.print(
        f"\n{counted(still, 'neuron')} of {found.sizes['neuron']} end where they feel no force. Measured at "
        f"t = {float(found['aligned_at']):.4g}, before the residual has changed by a hundredth."
    )


TABLES: dict[str, Callable[[Console, xr.Dataset], None]] = {
    "ladder": print_ladder,
    "limit": print_limit,
    "minimum": print_minimum,
    "width": print_width,
    "threshold": print_threshold,
}
"""What prints each law."""


def _number(value: xr.DataArray, form: str) -> str:
    return "-" if isnan(float(value)) else format(float(value), form)
