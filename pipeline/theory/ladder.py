"""Down the ladder of lambda: the measured exponents of every statement beside the paper's.

The paper bounds deviations by powers of lambda whose exponents are not sharp. At each lambda the statements are
measured; ln(measured) against ln(lambda) over the values of lambda where it is above rounding has a slope, the
measured exponent. The times of the fits, over -ln(lambda)/|D|, tend to 1.

What the final excess over the minimum norm should scale with: a neuron that starts active on some but not all
points of its sign grows along D_S of that set S only, and is left at |w| ~ lambda^(1 - |D_S|/|D|) when its sign is
fitted. Its square is excess, so the largest proper S decides: exponent 2 (1 - max |D_S|/|D|). Without such S (a
single point of each sign) idle neurons stay at lambda, and the exponent is 2.

On data of which the paper promises nothing the excess tends to that of the limit process, which may be above 0.
The difference falls as a power of lambda too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import COORDINATES, ORTHOGONAL, PAPER_STATEMENTS, variable
from pipeline import initialise, limit_process
from pipeline.configuration import RunConfig, as_config, stated
from pipeline.inputs.arguments import at_least_one
from pipeline.inputs.errors import RequestError
from pipeline.statements import LIMIT_ENDS, idle_share
from pipeline.workflow.computation import follow, prepare

SCALES = (
    0.4, 0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0, -3.5, -4.0, -5.0, -6.0, -8.0, -10.0, -15.0, -20.0, -30.0, -50.0,
    -70.0, -100.0, -150.0, -200.0, -300.0, -500.0, -700.0, -1000.0,
)  # fmt: skip
"""log10 of the scales, the largest of them no smaller than the labels."""
SCALABLE = ("balanced", "unbalanced")
"""The starts that have a limit."""
PRODUCTS_LIMIT = 20_000
"""The number of points times that of neurons up to which the limit lambda -> 0 is followed too."""
TOLERANCE = 1e-9
"""Of the solver: deviations of that size are to be told from its errors."""
ASYMPTOTIC = -2.0
"""log10 lambda from which on a value enters the fits."""
CLEAR = 3.0
"""How many times its resolution a deviation must be to enter a fit."""

LIMIT_ERROR = 1e-7
"""The share of the limit's 1/2 |theta|^2 up to which a difference from it is rounding: the limit's own error."""
LIMIT_REACHED = 1e-3
"""The same share up to which a run ends where the limit does."""
ONE_POWER = 0.25
"""How far, relatively, the exponents between three scales may be apart if they are to be one."""

Advance = Callable[[], None]


def nothing() -> None:
    """Tell nobody of the progress."""


def ladder_law(config: RunConfig | str, rungs: Sequence[float] = SCALES, advance: Advance = nothing) -> xr.Dataset:
    """Measure each of the paper's statements at each lambda, and fit the exponents.

    Parameters
    ----------
    config
        A run whose ``init.log10_scale`` is replaced; the data should meet assumptions 1 to 3.
    rungs
        log10 of the scales, falling.
    advance
        Called after each value.

    Returns
    -------
    Dataset
        measured, bound, margin, verdict and resolution (rung, statement); constant_t2, constant_t3 and the ends
        (rung): excess, plateaus, final_loss, hull_difference, variation_norm; exponent, paper_exponent,
        fitted_rungs and holds_from (statement); minimum, excess_exponent beside expected_excess_exponent (NaN for
        oblique inputs); of any data limit_excess, what is left of the excess in the limit lambda -> 0,
        limit_deviation(rung) from it, the limit_exponent of its fall, and limit_from, the log10 of the scale from
        which on it is below a thousandth of the norm.

    Raises
    ------
    RequestError
        If the start is given: its scale is its own.
    """
    config = as_config(config)
    if config.init.start == "given":
        raise RequestError("init.start = 'given': the ladder needs a start that it can scale, allowed is another")
    rungs = at_least_one("rungs", rungs).tolist()
    data = prepare(config)
    trees = []
    for log10_scale in rungs:
        trees.append(follow(_on(config, log10_scale), data)[0])
        advance()
    table = {
        name: np.array([tree["statements"][name].values for tree in trees])
        for name in ("measured", "bound", "margin", "verdict", "scale", "resolution")
    }
    log_scale = np.array([float(tree["trajectory"]["log_init_scale"]) for tree in trees])
    rates = sorted(float(np.linalg.norm(data[f"growth_{sign}"].values)) for sign in ("positive", "negative"))
    times = {name: np.array([float(tree["phases"][name]) for tree in trees]) for name in ("t2", "t3")}
    escape = np.where(log_scale < 0.0, -log_scale, np.nan)
    logarithmic = (table["scale"] == variable("statements", "scale").flag("logarithmic")).any(axis=0)
    names = PAPER_STATEMENTS
    usable = np.array([_usable(table, i, log_scale) & bool(logarithmic[i]) for i in range(len(names))])
    exponent = np.array([slope(log_scale, table["measured"][:, i], usable[i]) for i in range(len(names))])
    bias = names.index("theorem_1_bias")
    ends = {name: np.array([end(tree) for tree in trees]) for name, end in ENDS.items()}
    minimum = float(trees[0]["minimal_norm"]["value"])
    return _labelled(
        config, rungs, log_scale, table,
        constant_t2=times["t2"] * rates[1] / escape,
        constant_t3=times["t3"] * rates[0] / escape,
        exponent=exponent,
        paper_exponent=np.array(
            [slope(log_scale, table["bound"][:, i], np.isfinite(table["bound"][:, i]) & logarithmic[i])
             for i in range(len(names))]
        ),
        fitted_rungs=usable.sum(axis=1),
        holds_from=np.array([holds_from(rungs, table["verdict"][:, i]) for i in range(len(names))]),
        **ends, minimum=minimum,
        **beside_limit(rungs, log_scale, ends["excess"] + minimum, limit_norm(config, data), minimum),
        excess_exponent=exponent[bias],
        expected_excess_exponent=expected_excess_exponent(data),
    )  # fmt: skip


def limit_norm(config: RunConfig, data: xr.Dataset) -> float:
    """1/2 |theta|^2 at the end of the limit lambda -> 0; NaN where it has none, or takes too long."""
    scalable = config.init.start in SCALABLE and config.flow.output_speed == 1.0
    if not scalable or data.sizes["point"] * (config.init.width or 0) > PRODUCTS_LIMIT:
        return float("nan")
    limit = limit_process(data, initialise(data, config.init), slope=config.flow.slope)
    return float(limit["half_squared_norm"][-1]) if limit.attrs["reason"] in LIMIT_ENDS else float("nan")


def beside_limit(
    rungs: Sequence[float], log_scale: np.ndarray, norm: np.ndarray, there: float, minimum: float
) -> dict[str, Any]:
    """Hold the norms at the ends of all runs to that of the limit: how far they are away, and how that falls."""
    deviation = norm - there
    away = np.flatnonzero(~(np.abs(deviation) <= LIMIT_REACHED * there))
    first = int(away[-1]) + 1 if len(away) else 0
    return {
        "limit_excess": there - minimum,
        "limit_deviation": deviation,
        "limit_error": LIMIT_ERROR * there,
        "limit_exponent": falling_power(log_scale, deviation, LIMIT_ERROR * there),
        "limit_from": float(rungs[first]) if first < len(rungs) else float("nan"),
    }


def falling_power(log_scale: np.ndarray, deviation: np.ndarray, error: float) -> float:
    """Fit p of |deviation| ~ lambda^p at the last three scales where it is no error; NaN if that is no power."""
    clear = np.flatnonzero(np.abs(deviation) > error)[-3:]
    if len(clear) < 3 or clear[-1] - clear[0] > 2:
        return float("nan")
    size = np.log(np.abs(deviation[clear]))
    powers = np.diff(size) / np.diff(log_scale[clear])
    if powers.min() <= 0.0 or np.ptp(powers) > ONE_POWER * powers.max():
        return float("nan")
    return float(np.polyfit(log_scale[clear], size, 1)[0])


ENDS: dict[str, Callable[[dict[str, xr.Dataset]], float]] = {
    "excess": lambda tree: float(tree["minimal_norm"]["excess"].values[-1]),
    "plateaus": lambda tree: float(tree["plateaus"].sizes["plateau_number"]),
    "final_loss": lambda tree: float(tree["trajectory"]["loss"].values[-1]),
    "hull_difference": lambda tree: float(tree["minimal_norm"]["hull_difference"]),
    "variation_norm": lambda tree: float(tree["minimal_norm"]["variation_norm"]),
}
"""What is kept of how each run ends."""


def ladder_configuration(config: RunConfig) -> dict[str, Any]:
    """Tell all that determines a ladder: what its identifier is the hash of."""
    return config.resolved() | stated(config.resolved()) | {"rungs": list(SCALES), "ladder_tolerance": TOLERANCE}


def _on(config: RunConfig, log10_scale: float) -> RunConfig:
    init = config.init.model_copy(update={"log10_scale": log10_scale})
    flow = config.flow.model_copy(update={"tolerance": min(config.flow.tolerance, TOLERANCE)})
    return config.model_copy(update={"init": init, "flow": flow})


def _usable(table: dict[str, np.ndarray], i: int, log_scale: np.ndarray) -> np.ndarray:
    """The values of lambda at which one statement's measured side enters the fit."""
    with np.errstate(divide="ignore"):
        lowest = np.log(CLEAR * table["resolution"][:, i])
    small = log_scale <= ASYMPTOTIC * np.log(10.0)
    return np.asarray(np.isfinite(table["measured"][:, i]) & (table["measured"][:, i] > lowest) & small)


def slope(log_scale: np.ndarray, log_size: np.ndarray, usable: np.ndarray) -> float:
    """The exponent e of size ~ lambda^e by least squares on the logarithms; NaN of fewer than three values."""
    if usable.sum() < 3:
        return float("nan")
    return float(np.polyfit(log_scale[usable], log_size[usable], 1)[0])


def holds_from(scales: Sequence[float], verdicts: np.ndarray) -> float:
    """The largest log10 of a scale from which on down to the smallest the statement holds; NaN if it does not."""
    holds = verdicts == variable("statements", "verdict").flag("holds")
    if not holds[-1]:
        return float("nan")
    broken = np.flatnonzero(~holds)
    return float(scales[int(broken[-1]) + 1 if len(broken) else 0])


def expected_excess_exponent(data: xr.Dataset) -> float:
    """2 (1 - max |D_S|/|D|) over the proper subsets S of a sign's points: see above; NaN for oblique inputs."""
    if float(data["largest_cosine"]) > ORTHOGONAL:
        return float("nan")
    x, y = data["x"].values, data["y"].values
    return 2.0 * (1.0 - max(idle_share(x[sign * y > 0], y[sign * y > 0]) for sign in (1, -1)))


DESCRIPTIONS = {
    "constant_t2": ("rung", "t2 |D_+|/(-ln lambda)", "Tends to 1 (Lemma 3); D of the sign fitted first."),
    "constant_t3": ("rung", "t3 |D_-|/(-ln lambda)", "Tends to 1 (Lemma 4); D of the other sign."),
    "excess": ("rung", "final excess of 1/2 |theta|^2", "Over the least of all interpolators."),
    "plateaus": ("rung", "stationary points lingered at", "The origin among them."),
    "final_loss": ("rung", "final loss", "L at the end."),
    "hull_difference": ("rung", "largest |h - h*| between the data", "At the end."),
    "variation_norm": ("rung", "|h|_var at the end", "Of the learned function, everywhere."),
    "minimum": ("", "min 1/2 |theta|^2", "Over the interpolators (eq 8)."),
    "limit_excess": ("", "excess in the limit lambda -> 0", "At the end of its jumps, over the same minimum."),
    "limit_deviation": ("rung", "excess less the limit's", "Of 1/2 |theta|^2 at the end."),
    "limit_error": ("", "distance from the limit that is rounding", "The error of the limit's own norm."),
    "limit_exponent": ("", "exponent of limit_deviation", "At the last three scales where it is no rounding."),
    "limit_from": (
        "",
        "log10 of the scale that reaches the limit's norm",
        "Within 0.1 %, as all smaller ones.",
    ),
    "exponent": (
        "statement",
        "measured exponent",
        "d ln(measured)/d ln(lambda) over the fitted values of lambda.",
    ),
    "paper_exponent": ("statement", "the paper's exponent", "That of the bound."),
    "fitted_rungs": (
        "statement",
        "values of lambda fitted",
        "Those with lambda <= 1e-2 and a deviation above rounding.",
    ),
    "holds_from": ("statement", "log10 of the scale from which on it holds", "Down to the smallest lambda."),
    "excess_exponent": ("", "exponent of the final excess", "Of 1/2 |theta|^2 over its minimum."),
    "expected_excess_exponent": ("", "expected exponent of the excess", "2 (1 - max |D_S|/|D|)."),
}
"""What else the cube has: the dimension of each, its name, and what it is."""


def _labelled(
    config: RunConfig, rungs: Sequence[float], log_scale: np.ndarray, table: dict[str, np.ndarray], **derived: Any
) -> xr.Dataset:
    by_both = {
        name: (("rung", "statement"), table[name], variable("statements", name).attributes)
        for name in ("measured", "bound", "margin", "verdict", "resolution")
    }
    by_both["verdict"] = (*by_both["verdict"][:1], table["verdict"].astype(np.int8), by_both["verdict"][2])
    variables = {
        name: ((dims,) if dims else (), derived[name], {"long_name": name_of, "comment": doc, "units": "1"})
        for name, (dims, name_of, doc) in DESCRIPTIONS.items()
    }
    log10 = {"long_name": "log10 of the scale", "comment": "init.log10_scale", "units": "1"}
    natural = {"long_name": "ln lambda", "comment": variable("trajectory", "log_init_scale").doc, "units": "1"}
    return xr.Dataset(
        by_both | variables | {"log_init_scale": ("rung", log_scale, natural)},
        {
            "rung": ("rung", np.asarray(rungs, dtype=float), log10),
            "statement": (
                "statement",
                np.arange(1, len(PAPER_STATEMENTS) + 1, dtype=np.int8),
                COORDINATES["statement"].attributes,
            ),
        },
        {"law": "ladder", "name": config.name, "epsilon": config.analysis.epsilon, "tolerance": TOLERANCE},
    )  # fmt: skip
