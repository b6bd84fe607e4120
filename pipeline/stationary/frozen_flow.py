"""The flow of directions with the residual frozen, equation (10), followed exactly to where it ends.

While the network is small the residual is r_k for all times, and a neuron z = (w, a) obeys

    dw/dt = a D,   da/dt = <D, w>,   D = 1/n sum_k gain_k r_k x_k,

with gain_k = phi'(<w, x_k>), or, on the boundary of point k, any number between phi' of its two sides (Filippov).
Inside a pattern D is constant. With e = D/|D|, p = <w, e> and z = |D| t,

    p(z) = p cosh z + a sinh z,   a(z) = a cosh z + p sinh z,   w(z) = w + e (p(z) - p).

So w moves along e alone, by q = p(z) - p, which grows with the sign s of a as long as a keeps it. The boundary of
point k is reached at q_k = -<w, x_k>/<e, x_k>: the nearest q_k is next, and no time has to be solved for, because
a(z)^2 = a^2 + p(z)^2 - p^2. If none is ahead, w/|w| tends to s e.

On boundaries B the gains minimise |D|^2 over those of the points whose kink is concave for s G (s r_k < 0 for a
ReLU): either the neuron leaves to a side, or it slides and <D, x_k> = 0. The other kinks are crossed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from pipeline.network.activation import Activation

FLAT = 1e-9
"""|D| over 1/n sum |r_k||x_k| up to which there is no force."""
ROUNDING = 1e-12
"""The cosine up to which a vector is orthogonal, or a neuron on a boundary."""
ROUNDS = 50
"""How many boundaries a neuron may reach, for each of the points."""
PIVOTS, PATIENCE = 200, 3
"""How often the gains on boundaries are changed, and how often in vain before that is done one by one."""


@dataclass(frozen=True)
class Neurons:
    """Neurons on points: what the flow moves.

    Attributes
    ----------
    direction
        w/|w| [neuron, coord].
    ratio
        a/|w| [neuron].
    gain
        phi' [neuron, point], as a share of the step from the side where the point is off to that where it is on:
        0 off, 1 on, in between while the neuron slides.
    boundary
        Where it slides, [neuron, point].
    """

    direction: np.ndarray
    ratio: np.ndarray
    gain: np.ndarray
    boundary: np.ndarray

    @classmethod
    def at(cls, x: np.ndarray, direction: np.ndarray, ratio: np.ndarray) -> Neurons:
        """Neurons that begin off all boundaries; a point at exactly 0 is off."""
        gain = (direction @ x.T > 0.0).astype(float)
        return cls(direction.copy(), ratio.astype(float), gain, np.zeros(gain.shape, dtype=bool))

    def of(self, chosen: np.ndarray) -> Neurons:
        """Some of them."""
        return Neurons(self.direction[chosen], self.ratio[chosen], self.gain[chosen], self.boundary[chosen])


@dataclass(frozen=True)
class Ends(Neurons):
    """Where the frozen flow leads: the neurons there, and what they do there.

    Attributes
    ----------
    rate
        d ln|w|/dt there, s G(w/|w|) [neuron].
    force
        D there [neuron, coord].
    reached
        Boundaries reached on the way [neuron].
    followed
        Whether the end was found [neuron]; not where w reaches 0 and phi is leaky: there the flow is not unique.
    """

    rate: np.ndarray
    force: np.ndarray
    reached: np.ndarray
    followed: np.ndarray


class _Course:
    """The neurons on their way: what :class:`Neurons` has, changed in place.

    Who is still ``moving``, and who is ``lost``: an unbalanced neuron with |a| > |w| may reach w = 0, where all
    boundaries meet and the flow is not unique. A ReLU keeps it there.
    """

    def __init__(self, start: Neurons) -> None:
        self.w, self.a = start.direction.copy(), start.ratio.astype(float)
        self.gain, self.boundary = start.gain.copy(), start.boundary.copy()
        self.balanced = np.abs(np.abs(self.a) - 1.0) <= ROUNDING
        self.reached = np.zeros(len(self.a), dtype=int)
        self.moving = np.arange(len(self.a))
        self.lost = np.zeros(len(self.a), dtype=bool)


class FrozenFlow:
    """The flow of directions for points x (n, d), a residual r (n) and an activation."""

    def __init__(self, x: np.ndarray, residual: np.ndarray, activation: Activation) -> None:
        n, slope = len(x), activation.negative_slope
        self.x = x
        self.bend = (1.0 - slope) * residual / n
        self.linear = slope * (residual @ x) / n
        length = np.linalg.norm(x, axis=1)
        self.length = np.where(length > 0, length, 1.0)
        self.size = float(np.abs(residual) @ length) / n * max(1.0, abs(slope))

    def force(self, gain: np.ndarray) -> np.ndarray:
        """D for the gains (..., point); one of rounding is 0."""
        force = np.asarray((gain * self.bend) @ self.x + self.linear)
        force[np.linalg.norm(force, axis=-1) <= FLAT * self.size] = 0.0
        return force

    def follow(self, start: Neurons) -> Ends:
        """Follow every neuron to the end of the flow."""
        course = _Course(start)
        for j in np.flatnonzero(course.boundary.any(axis=1)):
            self._choose(course, int(j), np.flatnonzero(course.boundary[j]))
        for _ in range(ROUNDS * (len(self.x) + 1)):
            if not len(course.moving):
                break
            self._move(course)
        followed = ~course.lost
        followed[course.moving] = False
        force = self.force(course.gain)
        # d ln|w|/dt = a <D, w>/|w|^2; of the norm of (w, a) where that is not balanced.
        share = 2.0 * course.a / (1.0 + course.a**2)
        rate = share * np.sum(course.w * force, axis=1)
        return Ends(course.w, course.a, course.gain, course.boundary, rate, force, course.reached, followed)

    def _move(self, course: _Course) -> None:
        """Take every neuron that moves to the next boundary, or to its end."""
        moving = course.moving
        force = self.force(course.gain[moving])
        size = np.linalg.norm(force, axis=1)
        moving, force, size = (part[size > 0] for part in (moving, force, size))
        e = force / size[:, None]
        w, a = course.w[moving], course.a[moving]
        p = np.sum(w * e, axis=1)
        sign = np.where(a != 0, np.sign(a), np.sign(p))
        growing = sign * (p + a)  # the part of e^z in s p(z)
        along = sign[:, None] * (e @ self.x.T) / self.length
        towards = np.where(course.gain[moving] > 0.5, -along, along) > ROUNDING
        distance = np.full(along.shape, np.inf)
        np.divide(-(w @ self.x.T) / self.length, along, out=distance, where=towards & ~course.boundary[moving])
        distance = np.maximum(distance, 0.0)
        point = np.argmin(distance, axis=1)
        nearest = distance[np.arange(len(moving)), point]
        turn = np.where((growing < -ROUNDING) & ~course.balanced[moving], _turning(p, a), np.inf)
        rests = np.abs(growing) <= ROUNDING
        goes_on = ~rests & (np.isfinite(nearest) | np.isfinite(turn))
        ends = ~rests & ~goes_on
        course.w[moving[ends]], course.a[moving[ends]] = sign[ends, None] * e[ends], sign[ends]
        step = sign * np.where(goes_on, np.minimum(nearest, turn), 0.0)
        square = np.maximum(a**2 + (p + step) ** 2 - p**2, 0.0)
        there = w + step[:, None] * e
        norm = np.linalg.norm(there, axis=1)
        some = moving[goes_on]
        lost = norm <= ROUNDING
        norm = np.where(lost, 1.0, norm)
        course.w[some] = np.where(lost[:, None], w, there / norm[:, None])[goes_on]
        course.a[some] = (sign * np.sqrt(square) / norm)[goes_on]
        # A neuron that shrinks is unstable against an imbalance of rounding: balanced is exactly that.
        course.a[some] = np.where(course.balanced[some], sign[goes_on], course.a[some])
        course.reached[some] += 1
        turned = goes_on & (turn <= nearest) & ~lost
        self._turn(course, moving[turned])
        crossed = goes_on & ~turned & ~lost
        self._cross(course, moving[crossed], point[crossed], sign[crossed])
        self._stop(course, moving[goes_on & lost])
        course.moving = moving[goes_on & ~lost]

    def _stop(self, course: _Course, stopped: np.ndarray) -> None:
        """Let the neurons whose w reaches 0 stay there, by relu'(0) = 0; with a leaky ReLU they are lost."""
        course.gain[stopped], course.boundary[stopped] = 0.0, False
        course.lost[stopped] = bool(self.linear.any())

    def _turn(self, course: _Course, turned: np.ndarray) -> None:
        """Let the neurons whose a reaches 0 go on with the other sign, off the boundaries that repel them now."""
        course.a[turned] = 0.0
        course.gain[turned] = np.where(course.boundary[turned], 0.0, course.gain[turned])
        course.boundary[turned] = False

    def _cross(self, course: _Course, neurons: np.ndarray, point: np.ndarray, sign: np.ndarray) -> None:
        """Let neurons cross the boundaries that they have reached, or slide along them."""
        free = ~course.boundary[neurons].any(axis=1)
        through = free & (sign * self.bend[point] >= 0.0)
        j, k = neurons[through], point[through]
        course.gain[j, k] = 1.0 - course.gain[j, k]
        for j, k in zip(neurons[~through], point[~through], strict=True):
            self._choose(course, j, np.append(np.flatnonzero(course.boundary[j]), k))

    def _choose(self, course: _Course, j: int, points: np.ndarray) -> None:
        """Choose the side of neuron j at each boundary that it touches, or that it slides along it."""
        sign = float(np.sign(course.a[j])) or 1.0
        chosen = self._gains(sign, course.gain[j], points)
        course.gain[j, points] = chosen
        slides = points[(chosen > 0.0) & (chosen < 1.0)]
        course.boundary[j] = False
        course.boundary[j, slides] = True
        if len(slides):
            held = self.x[slides]
            w = course.w[j] - solved(held @ held.T, held @ course.w[j]) @ held
            course.w[j] = w / np.linalg.norm(w)

    def _gains(self, sign: float, before: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The gains at the boundaries ``points`` that the motion realises."""
        x, bend = self.x[points], self.bend[points]
        base = before.copy()
        base[points] = 0.0
        base = self.force(base)
        concave = sign * bend < 0.0
        free = np.flatnonzero(~concave)
        sides = [(1.0 - before[points[k]], before[points[k]]) for k in free]
        best: tuple[float, np.ndarray] | None = None
        for choice in product(*sides) if len(free) <= 8 else [tuple(1.0 - before[points[free]])]:
            gains = np.zeros(len(points))
            gains[free] = choice
            force = base + (gains * bend) @ x
            gains[concave] = least_force(force, bend[concave, None] * x[concave])
            force = base + (gains * bend) @ x
            speed = sign * (x[free] @ force) * np.where(gains[free] > 0, 1.0, -1.0)
            wrong = float(-speed.min(initial=0.0))
            if best is None or wrong < best[0] - 1e-12:
                best = wrong, gains
            if wrong <= ROUNDING * self.size * self.length.max(initial=0.0):
                break
        assert best is not None
        return best[1]


def _turning(p: np.ndarray, a: np.ndarray) -> np.ndarray:
    """How far along e a neuron with |a| < |p| goes until its a is 0."""
    return np.asarray(np.abs(p) - np.sqrt(np.maximum(p**2 - a**2, 0.0)))


def solved(gram: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The solution of gram s = side; the least one where there are several."""
    try:
        found = np.linalg.solve(gram, side)
    except np.linalg.LinAlgError:
        found = np.full(len(side), np.inf)
    with np.errstate(invalid="ignore"):
        good = np.linalg.norm(gram @ found - side) <= ROUNDING * np.linalg.norm(side)
    return found if good else np.asarray(np.linalg.lstsq(gram, side, rcond=1e-13)[0])


def least_force(force: np.ndarray, kinks: np.ndarray) -> np.ndarray:
    """The shares in [0, 1] for which |force + shares kinks| is least, for kinks (kink, coord).

    By pivots: which shares are 0, 1 or between is changed at the kinks where it contradicts the slope, at all of
    them as long as their number falls, then at the last one (Murty's rule, which ends).
    """
    gram, projection = kinks @ kinks.T, kinks @ force
    size = np.sqrt(np.diag(gram))
    shares, free = np.zeros(len(kinks)), np.zeros(len(kinks), dtype=bool)
    fewest, patience = len(kinks) + 1, PATIENCE
    for _ in range(PIVOTS):
        fixed = np.where(free, 0.0, shares)
        shares = fixed.copy()
        if free.any():
            shares[free] = -solved(gram[np.ix_(free, free)], (projection + gram @ fixed)[free])
        slope = (projection + gram @ shares) / size
        allowed = ROUNDING * (np.linalg.norm(force) + size.sum())
        below, above = free & (shares < -ROUNDING), free & (shares > 1.0 + ROUNDING)
        loose = ~free & np.where(shares > 0.5, slope > allowed, slope < -allowed)
        wrong = np.flatnonzero(below | above | loose)
        if not len(wrong):
            break
        if len(wrong) < fewest:
            fewest, patience = len(wrong), PATIENCE
        else:
            patience -= 1
        changed = wrong if patience > 0 else wrong[-1:]
        free[changed] = loose[changed]
        shares = np.where(shares > 0.5, 1.0, 0.0)
    return np.where(shares < ROUNDING, 0.0, np.where(shares > 1.0 - ROUNDING, 1.0, shares))
