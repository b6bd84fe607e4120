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
from itertools import count

import numpy as np

from pipeline.network.activation import Activation
from pipeline.stationary.least_force import ROUNDING, columns_of, least_force, solved

FLAT = 1e-9
"""|D| over 1/n sum |r_k||x_k| up to which there is no force."""
ROUNDS = 50
"""How many boundaries a neuron may reach, for each of the points."""
MOST_PRODUCTS = 2_000
"""Of so many points at most the products of all with all are kept."""
FEW = 32
"""Neurons that touch no more boundaries than this are gone through together."""
DRIFT = 1e-14
"""The cosine up to which a neuron that slides is on its boundary."""
SIDES = 8
"""At how many boundaries with a convex kink all choices of sides are tried; beyond, all of them are crossed."""


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
        # D = sum_k (gain_k bend_k + base_k) x_k
        self.bend, self.base = (1.0 - slope) * residual / n, slope * residual / n
        length = np.linalg.norm(x, axis=1)
        self.length, self.longest = np.where(length > 0, length, 1.0), float(length.max(initial=0.0))
        self.size = float(np.abs(residual) @ length) / n * max(1.0, abs(slope))
        self.products = x @ x.T if n <= MOST_PRODUCTS else None

    def force(self, gain: np.ndarray) -> np.ndarray:
        """D for the gains (..., point); one of rounding is 0."""
        force = np.asarray((gain * self.bend + self.base) @ self.x)
        force[np.linalg.norm(force, axis=-1) <= FLAT * self.size] = 0.0
        return force

    def force_along_points(self, gain: np.ndarray) -> np.ndarray:
        """<D, x_k> for the gains (..., point)."""
        return self._products(gain * self.bend + self.base)

    def _products(self, share: np.ndarray) -> np.ndarray:
        """<sum_l share_l x_l, x_k> (..., point)."""
        if self.products is not None and len(self.x) <= self.x.shape[1]:
            return np.asarray(share @ self.products)
        return np.asarray((share @ self.x) @ self.x.T)

    def follow(self, start: Neurons) -> Ends:
        """Follow every neuron to the end of the flow."""
        course = _Course(start)
        on = np.flatnonzero(course.boundary.any(axis=1))
        self._choose(course, on, course.boundary[on])
        for _ in range(ROUNDS * (len(self.x) + 1)):
            if not len(course.moving):
                break
            self._move(course)
        self._keep_on_boundaries(course, np.arange(len(course.a)), course.w @ self.x.T)
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
        inner = course.w[moving] @ self.x.T
        self._keep_on_boundaries(course, moving, inner)
        force = self.force(course.gain[moving])
        size = np.linalg.norm(force, axis=1)
        if not size.all():
            moving, inner, force, size = (part[size > 0] for part in (moving, inner, force, size))
        e = force / size[:, None]
        w, a, gain = course.w[moving], course.a[moving], course.gain[moving]
        p = np.sum(w * e, axis=1)
        sign = np.where(a != 0, np.sign(a), np.sign(p))
        growing = sign * (p + a)  # the part of e^z in s p(z)
        along = self.force_along_points(gain) * (sign / size)[:, None]
        towards = (np.where(gain > 0.5, -along, along) > ROUNDING * self.length) & ~course.boundary[moving]
        point, nearest = _nearest(inner, along, towards)
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
        course.lost[stopped] = bool(self.base.any())

    def _turn(self, course: _Course, turned: np.ndarray) -> None:
        """Let the neurons whose a reaches 0 go on with the other sign, off the boundaries that repel them now."""
        course.a[turned] = 0.0
        course.gain[turned] = np.where(course.boundary[turned], 0.0, course.gain[turned])
        course.boundary[turned] = False

    def _cross(self, course: _Course, neurons: np.ndarray, point: np.ndarray, sign: np.ndarray) -> None:
        """Let neurons cross the boundaries that they have reached, or slide along them."""
        touched = course.boundary[neurons]
        through = ~touched.any(axis=1) & (sign * self.bend[point] >= 0.0)
        j, k = neurons[through], point[through]
        course.gain[j, k] = 1.0 - course.gain[j, k]
        touched[np.arange(len(neurons)), point] = True
        self._choose(course, neurons[~through], touched[~through])

    def _choose(self, course: _Course, neurons: np.ndarray, touched: np.ndarray) -> None:
        """Choose the side of neurons at each boundary that they touch [neuron, point], or let them slide on it."""
        # Those that touch about as many at a time: what is computed has the columns of the one with most.
        size = np.ceil(np.log2(np.maximum(touched.sum(axis=1), FEW)))
        for one in np.unique(size):
            self._choose_alike(course, neurons[size == one], touched[size == one])

    def _choose_alike(self, course: _Course, neurons: np.ndarray, touched: np.ndarray) -> None:
        a = course.a[neurons]
        gains = self._gains(np.where(a != 0, np.sign(a), 1.0), course.gain[neurons], touched)
        course.gain[neurons], course.boundary[neurons] = gains, touched & (gains > 0.0) & (gains < 1.0)

    def _gram(self, columns: np.ndarray) -> np.ndarray:
        """<x_k, x_l> of each neuron's points [neuron, column]; of very many points they would fill the memory."""
        if self.products is not None:
            return np.asarray(self.products.take(columns[:, :, None] * len(self.x) + columns[:, None, :]))
        own = self.x[columns]
        return np.asarray(own @ own.transpose(0, 2, 1))

    def _keep_on_boundaries(self, course: _Course, neurons: np.ndarray, inner: np.ndarray) -> None:
        """Project w onto the boundaries that it slides on, where it is off them by more than a step's rounding.

        ``inner`` are the <w, x_k> [neuron, point]; they are changed too.
        """
        boundary = course.boundary[neurons]
        off = (np.abs(inner) > DRIFT * self.length) & boundary
        drifted = off.any(axis=1)
        if drifted.any():
            columns, used = columns_of(boundary[drifted])
            share = solved(self._gram(columns), _picked(inner[drifted], columns), used)
            w = course.w[neurons[drifted]] - _spread(share, columns, used, len(self.x)) @ self.x
            w /= np.linalg.norm(w, axis=1)[:, None]
            course.w[neurons[drifted]], inner[drifted] = w, w @ self.x.T

    def _gains(self, sign: np.ndarray, before: np.ndarray, touched: np.ndarray) -> np.ndarray:
        """The gains [neuron, point] that the motion realises, with those at the boundaries that are touched."""
        concave = touched & (sign[:, None] * self.bend < 0.0)
        convex = touched & ~concave
        most = convex.sum(axis=1)
        if not most.any():
            return self._slid(np.where(concave, 0.0, before), concave)[0]
        choices = np.where(most <= SIDES, 2**most, 1)
        number = np.cumsum(convex, axis=1) - 1
        best, least = before.copy(), np.full(len(sign), np.inf)
        row = np.arange(len(sign))
        for choice in count():
            # First all are crossed.
            crossed = (choice >> np.clip(number[row], 0, SIDES)) % 2 == 0
            sides = np.where(crossed, 1.0 - before[row], before[row])
            gains = np.where(convex[row], sides, np.where(concave[row], 0.0, before[row]))
            gains, along = self._slid(gains, concave[row])
            # How fast it leaves the sides of the convex ones, if it does.
            speed = sign[row, None] * np.where(gains > 0.0, along, -along)
            wrong = -np.min(speed, axis=1, initial=0.0, where=convex[row])
            better = wrong < least[row] - ROUNDING
            best[row[better]], least[row[better]] = gains[better], wrong[better]
            row = row[(wrong > ROUNDING * self.size * self.longest) & (choice + 1 < choices[row])]
            if not len(row):
                return best
        raise AssertionError

    def _slid(self, gains: np.ndarray, concave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Put the gains of least force at concave kinks; return them, and the <D, x_k> that they lead to."""
        along = self.force_along_points(gains)
        size = np.sqrt(np.maximum(np.sum((gains * self.bend + self.base) * along, axis=1), 0.0))  # |D|
        columns, used = columns_of(concave)
        bend = np.where(used, self.bend[columns], 0.0)
        gram = self._gram(columns) * bend[:, :, None] * bend[:, None, :]
        share = least_force(gram, _picked(along, columns) * bend, used, size)
        change = _spread(share, columns, used, len(self.x))
        return gains + change, along + self._products(change * self.bend)


def _picked(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The values [row, point] at each row's columns."""
    return np.take_along_axis(values, columns, axis=1)


def _spread(values: np.ndarray, columns: np.ndarray, used: np.ndarray, width: int) -> np.ndarray:
    """Put values [row, column] at the columns that are used of rows of that width, 0 elsewhere."""
    whole = np.zeros((len(values), width))
    whole[np.nonzero(used)[0], columns[used]] = values[used]
    return whole


def _turning(p: np.ndarray, a: np.ndarray) -> np.ndarray:
    """How far along e a neuron with |a| < |p| goes until its a is 0."""
    return np.asarray(np.abs(p) - np.sqrt(np.maximum(p**2 - a**2, 0.0)))


def _nearest(inner: np.ndarray, along: np.ndarray, towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each neuron's next boundary among those it goes towards, and the way to it; no way is infinite."""
    distance = np.full(along.shape, np.inf)
    np.divide(-inner, along, out=distance, where=towards)
    np.maximum(distance, 0.0, out=distance)
    point = np.argmin(distance, axis=1)
    return point, distance[np.arange(len(point)), point]
