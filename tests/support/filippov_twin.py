"""A slow, obvious solver of the flow: Runge-Kutta from event to event, one mode for each neuron and boundary.

Between events the plain weights obey w' = a D, a' = <w, D> with fixed modes, by SciPy's DOP853. An event is a
boundary that is reached, a force that leaves Filippov's set while a neuron slides, or the sign of a changing while
it slides. There :mod:`filippov_modes` lists all modes that Filippov's definition allows. More than one is an
ambiguity, which is reported. Nothing here is shared with the solver.

Where several are allowed the twin does what the product says of itself: relu'(0) = 0.
"""

from __future__ import annotations

import numpy as np
from filippov_course import Ambiguity, Followed, Segment
from filippov_modes import steady
from filippov_neurons import ROUNDING, Twin
from scipy.integrate import DOP853
from scipy.optimize import brentq

RTOL = 1e-11
"""Of the Runge-Kutta steps."""
REACHED = 1e-11
"""The share of |w| beyond which a boundary has been passed."""
AT = 1e-8
"""The share of |w| up to which a neuron at an event is on other boundaries as well."""
VANISHED = 1e-7
"""|w|/|a| below which w has reached 0."""
INSIDE = np.linspace(0.0, 1.0, 9)
"""Where in each step events are looked for."""
AHEAD = (1e-6, 1e-5, 1e-4, 1e-3)
"""How far ahead a choice must hold, over the time in which the residual changes by itself."""
MOST_EVENTS = 4000
SAME_INSTANT = 12
"""Events of one neuron at one instant after which the twin gives up."""


class TwinError(Exception):
    """The twin itself can't follow this problem."""


def follow(
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    a: np.ndarray,
    end_time: float,
    *,
    slope: float = 0.0,
) -> Followed:
    """Follow the gradient flow of sum a_j phi(<w_j, x>) on the square loss (1/2n) sum r_k^2 to ``end_time``.

    Parameters
    ----------
    x, y : (n, d), (n,)
        Points (a bias is a coordinate) and labels.
    w, a : (m, d), (m,)
        The start.
    slope
        Of the leaky ReLU.

    Returns
    -------
    Followed

    Raises
    ------
    TwinError
        If it takes too many events: then this twin is no witness.
    """
    x, y, w, a = (np.array(one, dtype=float) for one in (x, y, w, a))
    return Run(Twin(x, y, w, a, float(slope)), float(end_time)).whole()


class Run:
    """One integration."""

    def __init__(self, twin: Twin, end_time: float) -> None:
        self.twin, self.end_time = twin, end_time
        self.found = Followed(twin, [], [], [], np.inf)
        self.count: dict[int, int] = {}
        self.at = -1.0
        self.left_there: dict[int, object] = {}

    # -- the loop -------------------------------------------------------------------------------------------------

    def whole(self) -> Followed:
        """Integrate to the end."""
        twin = self.twin
        time, state = 0.0, np.concatenate([twin.w.ravel(), twin.a])
        state = self.begin(state)
        smallest = (1.0 + 1e-9) * twin.first_bulk
        while time < self.end_time:
            time, state = self.stretch(time, state)
            if float(twin.bulk(self.residual_of(state))) < smallest:
                break
        return self.found

    def stretch(self, time: float, state: np.ndarray) -> tuple[float, np.ndarray]:
        """Integrate up to the next event, or as far as the sizes of the neurons stay what they are."""
        twin, d = self.twin, self.twin.w.shape[1]
        size = self.sizes(state)
        twin.head(*(one[0] for one in twin.unpack(state[None])))
        floor = 1e-2 * RTOL * np.maximum(size, 1e-250)
        solver = DOP853(
            twin.speed, time, state, self.end_time, rtol=RTOL, atol=np.r_[np.repeat(floor, d), floor],
            max_step=self.end_time / 20,
        )  # fmt: skip
        while solver.status == "running":
            message = solver.step()
            if solver.status == "failed":
                raise TwinError(message)
            dense = solver.dense_output()
            event = self.first_event(solver.t_old, solver.t, dense)
            event = self.release(solver.t_old, solver.t if event is None else event[0], dense) or event
            until = solver.t if event is None else event[0]
            self.found.segments.append(Segment(solver.t_old, until, dense, twin.side.copy(), twin.frozen.copy()))
            if event is not None:
                return until, self.happen(until, dense(until), *event[1:])
            ratio = self.sizes(solver.y)[~twin.frozen] / np.maximum(size[~twin.frozen], 1e-250)
            if len(ratio) and (ratio.max() > 10.0 or ratio.min() < 0.1):
                break
        return solver.t, self.restore(solver.y)

    def sizes(self, state: np.ndarray) -> np.ndarray:
        """|(w, a)| of each neuron."""
        m, d = self.twin.w.shape
        w, a = state[: m * d].reshape(m, d), state[m * d :]
        return np.sqrt((w**2).sum(axis=1) + a**2)

    def residual_of(self, state: np.ndarray) -> np.ndarray:
        """r of a state."""
        return self.twin.residual(*self.twin.unpack(state[None]))[0]

    def restore(self, state: np.ndarray) -> np.ndarray:
        """Lay the neurons on what they slide along, and restore Lemma 1: a^2 - |w|^2 never changes."""
        twin = self.twin
        w, a = (one[0].copy() for one in twin.unpack(state[None]))
        for j in range(len(a)):
            if twin.frozen[j]:
                continue
            if twin.corner[j] is not None:
                w[j] = twin.corner[j].projector @ w[j]
            square, c = w[j] @ w[j], twin.imbalance[j]
            if twin.balanced[j] or square == 0.0:
                continue
            if c >= 0:
                a[j] = np.sign(a[j]) * np.sqrt(c + square)
            else:
                w[j] *= np.sqrt((a[j] ** 2 - c) / square)
        return np.concatenate([w.ravel(), a])

    # -- events ---------------------------------------------------------------------------------------------------

    def signals(self, times: np.ndarray, dense) -> dict[str, np.ndarray]:
        """What is positive while the modes last (times, m, boundaries), half a rounding allowed; by kind."""
        twin = self.twin
        w, a = twin.unpack(np.array([dense(time) for time in times]))
        r = twin.residual(w, a)
        length = np.maximum(np.linalg.norm(w, axis=2), 1e-290)
        reach = twin.side * (w @ twin.bounds.normal.T) / length[:, :, None] / REACHED + 0.5
        lasting = np.full(reach.shape, np.inf)
        output = np.full(reach.shape, np.inf)
        for j in np.flatnonzero(~twin.frozen & (twin.side == 0).any(axis=1)):
            slid = np.flatnonzero(twin.side[j] == 0)
            lasting[:, j, slid] = twin.margins(j, r) / ROUNDING + 0.5
            if twin.imbalance[j] < 0 and not twin.balanced[j] and not twin.resting[j][slid].all():
                output[:, j, slid[0]] = twin.heading[j] * a[:, j] / length[:, j] / REACHED
        return {"reach": np.where(twin.side == 0, np.inf, reach), "margin": lasting, "output": output}

    def first_event(self, start: float, end: float, dense) -> tuple[float, int, str, int] | None:
        """The first signal that becomes negative by more than rounding: when, whose, what, where."""
        times = start + INSIDE * (end - start)
        best = None
        for kind, values in self.signals(times, dense).items():
            for j, u in np.argwhere((values < -0.5).any(axis=0)):
                one = values[:, j, u]
                i = np.flatnonzero(one < -0.5)[0]
                above = np.flatnonzero(one[:i] > 0)
                when = self.root((kind, j, u), times[above[-1]], times[i], dense) if len(above) else start
                if best is None or when < best[0]:
                    best = (when, int(j), kind, int(u))
        return best

    def root(self, key: tuple[str, int, int], low: float, high: float, dense) -> float:
        """Where the signal ``key`` changes its sign in [low, high]."""

        def signal(time: float) -> float:
            return float(self.signals(np.array([time]), dense)[key[0]][0, key[1], key[2]])

        if signal(low) <= 0.0:  # it was above by rounding
            return low
        return float(brentq(signal, low, high, xtol=1e-15 * max(high, 1e-300), rtol=1e-15))

    def happen(self, time: float, state: np.ndarray, j: int, kind: str, u: int) -> np.ndarray:
        """Give neuron j its modes after the event, and return the state after it."""
        twin = self.twin
        self.found.events.append((time, j))
        if time > self.at:
            self.at, self.count = time, {}
        self.count[j] = self.count.get(j, 0) + 1
        if self.count[j] > SAME_INSTANT or len(self.found.events) > MOST_EVENTS:
            raise TwinError(f"neuron {j} at t = {time}: no end of events ({kind} at boundary {u})")
        w, a = (one[0].copy() for one in twin.unpack(state[None]))
        if kind == "output":
            self.report(time, j, "output")
            twin.set_sides(j, np.where(twin.side[j] == 0, -1, twin.side[j]))
            return self.restore(state)
        normal = twin.bounds.normal
        inside = np.linalg.norm(normal @ w[j])
        if twin.rank > 1 and inside <= VANISHED * abs(a[j]) and twin.imbalance[j] >= 0 and not twin.balanced[j]:
            self.report(time, j, "zero")
            twin.frozen[j] = True
            w[j] -= normal.T @ np.linalg.lstsq(normal.T, w[j], rcond=None)[0]
            twin.set_sides(j, np.zeros(len(normal), dtype=int))
            return np.concatenate([w.ravel(), a])
        hand = (np.abs(normal @ w[j]) <= AT * np.linalg.norm(w[j])) | (twin.side[j] == 0)
        hand[u] = True
        self.decide(time, {j: hand}, w, a, kind != "reach")
        if self.count[j] > SAME_INSTANT // 2 and twin.side[j, u]:  # a speed of rounding: it goes where it was sent
            w[j] += (10 * REACHED * np.linalg.norm(w[j]) * twin.side[j, u] - normal[u] @ w[j]) * normal[u]
        return self.restore(np.concatenate([w.ravel(), a]))

    def begin(self, state: np.ndarray) -> np.ndarray:
        """Choose the modes of the neurons that start on boundaries."""
        twin = self.twin
        w, a = (one[0] for one in twin.unpack(state[None]))
        reach = np.abs(w @ twin.bounds.normal.T)
        hands = reach <= 1e-14 * np.linalg.norm(w, axis=1)[:, None]
        at = {int(j): hands[j] for j in np.flatnonzero(hands.any(axis=1))}
        if at:
            self.decide(0.0, at, w, a, False)
        return self.restore(state)

    def decide(
        self, time: float, hands: dict[int, np.ndarray], w: np.ndarray, a: np.ndarray, leaving: bool
    ) -> None:
        """Choose modes that hold a little later as well, as far as the residual's present speed says."""
        twin = self.twin
        twin.head(w, a)
        r = twin.residual(w[None], a[None])[0]
        old = {j: (twin.side[j].copy(), twin.resting[j].copy()) for j in hands}
        if not leaving:
            self.select(time, hands, w, a, r, {})
        for ahead in AHEAD:
            for _ in range(4):
                before = twin.side.copy()
                change = self.change(w, a)
                rate = np.abs(change).max() / max(np.abs(r).max(), 1e-290)
                later = r + ahead * min(1.0 / max(rate, 1e-290), 0.1 * self.end_time) * change
                kinds = self.select(time, hands, w, a, later, old if leaving else {})
                if (twin.side == before).all():
                    break
            settled = not leaving or any((twin.side[j] != old[j][0]).any() or kinds[j] for j in hands)
            if settled:
                break
        else:
            raise TwinError(f"t = {time}: nothing changes at an event")
        for j, kind in kinds.items():
            if kind:
                self.report(time, j, kind)
            if kind in ("start", "rest"):
                self.left_there[j] = twin.corner[j]

    def change(self, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """dr/dt with the present modes."""
        twin = self.twin
        force = twin.force(twin.residual(w[None], a[None]))[0]
        moved = a[:, None] ** 2 * (twin.gain * (force @ twin.x.T))
        moved += (w * force).sum(axis=1)[:, None] * (twin.gain * (w @ twin.x.T))
        return -moved.sum(axis=0)

    def select(self, time, hands, w, a, r, old) -> dict[int, str]:
        """Select one of the allowed modes for each neuron at hand; return which are ambiguous, and how."""
        twin = self.twin
        kinds = {}
        tolerance = 0.1 * ROUNDING * float(twin.bulk(r))
        for j, hand in hands.items():
            rows, by_definition = twin.choose(j, hand, w, a, r, tolerance)
            if not rows:
                raise TwinError(f"neuron {j} at t = {time}: no mode is allowed")
            place, kinds[j] = 0, ""
            if len(rows) > 1:
                close = [i for i, (_, v) in enumerate(rows) if np.linalg.norm(v - by_definition) <= 3 * tolerance]
                first = np.sign(twin.bounds.normal[hand] @ by_definition)  # where a first step of descent leads
                close = close or [i for i, (row, _) in enumerate(rows) if (row[hand] == first).all()]
                stay = [i for i in close if j in old and (rows[i][0] == old[j][0]).all()]
                stay = stay if twin.bounds.has_dead_side(hand) else []
                last = steady([row for row, _ in rows])
                kinds[j] = "rest" if stay else "start" if time == 0.0 and close else "corner"
                if kinds[j] == "corner" and len(last) == 1:
                    kinds[j] = "held"
                place = (stay or (close if kinds[j] == "start" else last))[0]
            twin.set_sides(j, rows[place][0])
            if (twin.side[j] == 0).any():
                margin = twin.margins(j, r[None])[0]
                if twin.corner[j].independent:
                    twin.resting[j][twin.side[j] == 0] |= margin < -0.3 * ROUNDING
        return kinds

    def release(self, start: float, end: float, dense) -> tuple[float, int, str, int] | None:
        """When the first neuron that a corner of dependent boundaries holds could leave it as well."""
        best = None
        for j, corner in enumerate(self.twin.corner):
            if corner is None or corner.independent or self.twin.frozen[j] or self.left_there.get(j) is corner:
                continue
            until = end if best is None else best[0]
            if self.could_leave(j, dense(until)):
                low, high = start, until
                while high - low > 1e-12 * high:
                    middle = 0.5 * (low + high)
                    low, high = (low, middle) if self.could_leave(j, dense(middle)) else (middle, high)
                best = (high, j, "release", int(np.flatnonzero(self.twin.side[j] == 0)[0]))
        return best

    def could_leave(self, j: int, state: np.ndarray) -> bool:
        """Whether neuron j has a mode besides that of the corner at which it is."""
        twin = self.twin
        w, a = (one[0] for one in twin.unpack(state[None]))
        r = twin.residual(w[None], a[None])[0]
        return len(twin.choose(j, twin.side[j] == 0, w, a, r, ROUNDING * float(twin.bulk(r)))[0]) > 1

    def report(self, time: float, j: int, kind: str) -> None:
        """Note an ambiguity."""
        found = self.found
        if not any(one.neuron == j and one.kind == kind for one in found.ambiguities):
            found.ambiguities.append(Ambiguity(time, j, kind))
        if kind not in ("start", "held"):
            found.unique_until = min(found.unique_until, time)
