"""Filippov's conditions, read off a stored trajectory: what the twin says of itself is checked, not believed."""

from __future__ import annotations

import numpy as np
from filippov_course import Followed
from filippov_modes import hull_margin, regions

ACCURACY = 5e-6
"""Of finite differences and of the linear program, as a share of sum |r_k||x_k|/n."""


def violations(found: Followed, times: np.ndarray) -> list[str]:
    """Say where the trajectory is no solution in Filippov's sense at ``times``; empty if it is one everywhere.

    For every neuron the weights must lie on the stated side of every boundary, or on it where the neuron slides;
    the speed of w, by finite differences, over a must be a mean of the forces in the open regions around; the
    speed of a must be <w, D>.
    """
    twin, said = found.twin, []
    residuals = found.residual(times)
    for time, r in zip(times, residuals, strict=True):
        one = next(part for part in reversed(found.segments) if part.start <= time)
        step = 1e-3 * (one.end - one.start)
        middle = min(max(time, one.start + step), one.end - step)
        if step <= 1e-9 * times.max() or middle != time:
            continue
        (w, a), (w_on, a_on), (w_back, a_back) = (
            twin.unpack(one.dense(at)[None]) for at in (time, time + step, time - step)
        )
        (w_far, a_far), (w_aft, a_aft) = (twin.unpack(one.dense(time + way * step)[None]) for way in (2, -2))
        w_speed = (8 * (w_on - w_back) - (w_far - w_aft))[0] / (12 * step)
        a_speed = (8 * (a_on - a_back) - (a_far - a_aft))[0] / (12 * step)
        for j in range(len(a[0])):
            if one.frozen[j]:
                continue
            said += [
                f"t = {time:g}, neuron {j}: {text}"
                for text in _of_neuron(twin, (w[0, j], a[0, j]), (w_speed[j], a_speed[j]), one.side[j], r)
            ]
    return said


def _of_neuron(twin, weights, speeds, side, r):
    (w, a), (w_speed, a_speed) = weights, speeds
    normal, said = twin.bounds.normal, []
    length, bulk = np.linalg.norm(w), float(twin.bulk(r))
    reach = normal @ w
    if (side * reach < -1e-7 * length).any():
        said.append("on the wrong side of a boundary")
    if (np.abs(reach[side == 0]) > 1e-7 * length).any():
        said.append("not on a boundary that it slides along")
    if abs(a) < 1e-3 * length:
        return said
    force = w_speed / a
    allowed = ACCURACY * bulk
    positive, negative = twin.bounds.forces(r)
    if (np.abs(normal[side == 0] @ force) > allowed).any():
        said.append("a normal velocity while it slides")
    left = force - np.where(side > 0, positive, np.where(side < 0, negative, 0.0)) @ normal
    slid = side == 0
    if slid.any():
        signs = regions(normal[slid])
        around = np.where(signs > 0, positive[slid], negative[slid]) @ normal[slid]
        outside = -hull_margin(around, left)
    else:
        outside = np.abs(left).max()
    if outside > allowed:
        said.append(f"its force is {outside / bulk:.1e} of the bulk outside Filippov's set")
    if abs(a_speed - w @ force) > allowed * length:
        said.append("a does not move by <w, D>")
    return said
