"""The labelled layer: every row, in the paper's order."""

from __future__ import annotations

from typing import Any

import xarray as xr

from catalog.schema import STATEMENTS, conform, decode, validate, variable
from pipeline.inputs.arguments import PROPER_SHARE, number
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import instance, refuse_other_sizes
from pipeline.network.points import describe_points
from pipeline.statements.alignment import ALIGNMENT
from pipeline.statements.between_samples import DenseOutput
from pipeline.statements.convergence import CONVERGENCE
from pipeline.statements.fitting import FIRST_FITTED, SECOND_FITTED
from pipeline.statements.preliminaries import PRELIMINARIES
from pipeline.statements.reading import Reading, read_run
from pipeline.statements.rows import Row
from pipeline.statements.saddle import SADDLE

ROWS = (*PRELIMINARIES, *ALIGNMENT, *FIRST_FITTED, *SADDLE, *SECOND_FITTED, *CONVERGENCE)
"""The paper's statements in the order of :data:`catalog.schema.PAPER_STATEMENTS`."""


def check_statements(
    data: xr.Dataset,
    trajectory: xr.Dataset,
    phases: xr.Dataset,
    minimum: xr.Dataset,
    *,
    epsilon: float = 0.05,
    dense_output: DenseOutput | None = None,
) -> xr.Dataset:
    """Check every statement of the paper on a run: both sides measured, the margin, the verdict, the reason.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow. The trajectory should have samples at
        :func:`pipeline.statements.times.statement_times`.
    phases
        Of :func:`pipeline.phases.label_phases`: who is in S_{+,1} and S_{-,1}, and their u.
    minimum
        Of :func:`pipeline.minimal_norm.compare`: the minimum, and the distance and excess along time.
    epsilon
        The free constant of the lemmas, between 0 and 1.
    dense_output
        Reads the same flow between the samples, where a row about every instant of a stretch is decided. None: of
        such a row the worst sample is taken.

    Returns
    -------
    Dataset
        measured(statement), bound, margin, verdict, scale and measured_at. The coordinate ``statement`` has the
        rows' names as flags, and in its attribute ``claims`` what each claims; ``reasons`` of ``verdict`` says why
        a row does not apply, or what was measured. :func:`statement_rows` reads it all back by name.

    Raises
    ------
    ValueError
        If a dataset is not what its stage makes, or epsilon is not between 0 and 1.

    Notes
    -----
    Where the negative labels have the larger |D|, + and - change places in every row ('without loss of
    generality'). Orthogonal inputs of unequal lengths have |v_+| and |v_-| for n |D_+| and n |D_-|.
    """
    data, trajectory = describe_points(data), validate("trajectory", trajectory)
    phases, minimum = validate("phases", phases), validate("minimal_norm", minimum, "minimum")
    refuse_other_sizes(data=data, trajectory=trajectory, phases=phases, minimum=minimum)
    if dense_output is not None:
        dense_output = instance("dense_output", dense_output, DenseOutput, "a DenseOutput")
    epsilon = number("epsilon", epsilon, PROPER_SHARE)
    run = read_run(data, trajectory, phases, minimum, epsilon, dense_output)
    return _labelled(run, [statement.check(run) for statement in ROWS])


def _labelled(run: Reading, rows: list[Row]) -> xr.Dataset:
    told = {statement.name: (statement.claim, row) for statement, row in zip(ROWS, rows, strict=True)}
    attributes = {"epsilon": run.epsilon, "fitted_first": "positive" if run.first.sign > 0 else "negative"}
    return _table(told, attributes)


def _table(told: dict[str, tuple[str, Row]], attributes: dict[str, Any]) -> xr.Dataset:
    verdict, scale = variable("statements", "verdict"), variable("statements", "scale")
    rows = [row for _, row in told.values()]
    dataset = conform(
        "statements",
        {
            "statement": [STATEMENTS.index(name) + 1 for name in told],
            "measured": [row.measured for row in rows],
            "bound": [row.bound for row in rows],
            "margin": [row.margin for row in rows],
            "verdict": [verdict.flag(row.verdict) for row in rows],
            "scale": [scale.flag("logarithmic" if row.logarithmic else "linear") for row in rows],
            "measured_at": [row.at for row in rows],
            "resolution": [row.resolution for row in rows],
        },
        attributes,
    )
    dataset.variables["statement"].attrs["claims"] = [claim for claim, _ in told.values()]
    dataset.variables["verdict"].attrs["reasons"] = [row.reason for row in rows]
    return dataset


def add_rows(statements: xr.Dataset, rows: dict[str, tuple[str, Row]]) -> xr.Dataset:
    """Add rows to the table, as :func:`pipeline.check_small_start` gives them.

    Parameters
    ----------
    statements
        Of :func:`check_statements`.
    rows
        The claim and the row of each, by its name.
    """
    instance("rows", rows, dict, "what check_small_start returns")
    for name, told in rows.items():
        if not (name in STATEMENTS and isinstance(told, tuple) and len(told) == 2 and isinstance(told[1], Row)):
            raise RequestError(
                f"rows[{name!r}] is no claim with its Row: allowed is what check_small_start returns"
            )
    return _table(statement_rows(statements) | rows, dict(statements.attrs))


def statement_rows(statements: xr.Dataset) -> dict[str, tuple[str, Row]]:
    """Read the table back: the claim and the row of each statement, by its name, in the paper's order.

    Parameters
    ----------
    statements
        The dataset of :func:`check_statements`, or the group of that name of a run.
    """
    table = validate("statements", statements).variables
    claims: Any = table["statement"].attrs.get("claims")
    reasons: Any = table["verdict"].attrs.get("reasons")
    if not all(isinstance(words, list) and len(words) == table["verdict"].size for words in (claims, reasons)):
        raise RequestError("statements has no claims or reasons: allowed is what check_statements returns")
    numbers = ("measured", "bound", "margin", "measured_at", "resolution")
    columns = [decode(table[name]) for name in ("statement", "verdict", "scale")]
    cells = zip(
        *(column.tolist() for column in columns), *(table[name].values.tolist() for name in numbers), strict=True
    )
    return {
        name: (
            str(claim),
            Row(
                measured=measured,
                bound=bound,
                margin=margin,
                verdict=verdict,
                reason=str(reason),
                logarithmic=scale == "logarithmic",
                at=at,
                resolution=resolution,
            ),
        )
        for claim, reason, (name, verdict, scale, measured, bound, margin, at, resolution) in zip(
            claims, reasons, cells, strict=True
        )
    }
