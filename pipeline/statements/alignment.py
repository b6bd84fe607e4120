"""Section 4.2, first phase: at t1 = -epsilon ln(lambda)/|D_-| the neurons are aligned, and small (Lemma 2)."""

from __future__ import annotations

from math import log

import numpy as np

from pipeline.statements.assumptions import SETTING
from pipeline.statements.label_signs import Side
from pipeline.statements.reading import ANGLE, Reading, natural_log
from pipeline.statements.rows import Row, Statement, log_at_most, not_applicable

NEAR = 0.01
"""How far from t1, relatively, the sample may be that stands for it (gradient descent has its own instants)."""


def aligned(run: Reading, side: Side) -> Row:
    """Measure 1 - cos with D over the neurons of one sign at t1."""
    place = _at_t1(run)
    if isinstance(place, str):
        return not_applicable(place)
    at = float(run.time[place])
    return log_at_most(
        float(natural_log(run.courses.bend[side.sign])[place]),
        log(2.0) + run.log_power(run.epsilon),
        f"1 - cos of the worst of {int(side.members.sum())} neurons at t1 = {at:.4g}",
        at,
        resolution=ANGLE,
    )


def lemma_2_i(run: Reading) -> Row:
    """Lemma 2 (i): <wbar_j, D_+> >= (1 - 2 lambda^epsilon) |D_+| on S_{+,1}."""
    return aligned(run, run.first)


def lemma_2_ii(run: Reading) -> Row:
    """Lemma 2 (ii): <wbar_j, -D_-> >= (1 - 2 lambda^epsilon) |D_-| on S_{-,1}."""
    return aligned(run, run.second)


def lemma_2_iii(run: Reading) -> Row:
    """Lemma 2 (iii): |w_j| <= 2 c lambda^(1 - r epsilon) for every neuron."""
    place = _at_t1(run)
    if isinstance(place, str):
        return not_applicable(place)
    at = float(run.time[place])
    bound = log(2.0) + run.log_c + run.log_power(1.0 - run.growth_ratio * run.epsilon)
    return log_at_most(float(run.courses.largest[place]), bound, f"the largest |w_j| at t1 = {at:.4g}", at)


def _at_t1(run: Reading) -> int | str:
    """The sample at t1, or why there is none."""
    t1 = run.times.t1
    if not run.covers(t1):
        return f"the run ends at t = {run.time[-1]:.4g}, before t1 = {t1:.4g}"
    place = int(np.argmin(np.abs(run.time - min(t1, run.time[-1]))))
    if abs(run.time[place] - t1) > NEAR * t1 and t1 < run.time[-1]:
        return f"no sample within {NEAR:.0%} of t1 = {t1:.4g}"
    return place


ALIGNMENT = (
    Statement("lemma_2_i", "at t1: 1 - cos(w_j, D_+) <= 2 lambda^epsilon on S_{+,1}", SETTING, lemma_2_i),
    Statement("lemma_2_ii", "at t1: 1 - cos(w_j, -D_-) <= 2 lambda^epsilon on S_{-,1}", SETTING, lemma_2_ii),
    Statement("lemma_2_iii", "at t1: every |w_j| <= 2 c lambda^(1 - r epsilon)", SETTING, lemma_2_iii),
)
