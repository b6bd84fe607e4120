"""A search of random small problems: what is said of their plateaus, held against the loss itself.

No stationary point is counted twice; no plateau ends after more than a fifth of its loss has gone; a run that
rests ends in a plateau of the kind that its own account has; every local minimum survives perturbations; every
strict saddle, and every point from which a neuron on a boundary descends, has a direction that is followed down.
"""

from itertools import combinations, count, islice

import numpy as np
import pytest
from small_problems import losses, random_problem

from pipeline.flow import simulate
from pipeline.phases import find_plateaus
from pipeline.phases.located_plateaus import locate_plateaus

PERTURBATIONS = 1000
QUICK = 30


def weights_at(trajectory, sample):
    size = np.exp(trajectory["log_norm"].values[sample])
    return size[:, None] * trajectory["direction"].values[sample], size * trajectory["output_ratio"].values[sample]


def fall_around(data, slope, w, a, size, generator):
    """The most that L falls by if each neuron is moved by this share of its own size; dead neurons stay so."""
    turn = generator.standard_normal((PERTURBATIONS, *w.shape))
    turn *= np.linalg.norm(w, axis=1)[:, None] / np.linalg.norm(turn, axis=2, keepdims=True)
    stretch = generator.uniform(-1.0, 1.0, (PERTURBATIONS, len(a)))
    return losses(data, w, a, slope) - losses(data, w + size * turn, a * (1.0 + size * stretch), slope).min()


def goes_down(data, slope, point, descent):
    """Whether some step along the direction lowers L."""
    j = descent.neuron
    own = max(np.linalg.norm(point.w[j]), abs(point.a[j]))
    unit = own or np.sqrt(np.abs(data["y"].values).max() / np.linalg.norm(data["x"].values, axis=1).max())
    for step in np.logspace(-1, -7, 13):
        w, a = point.w.copy(), point.a.copy()
        w[j] += step * unit * descent.w
        a[j] += step * unit * descent.a
        before = losses(data, point.w, point.a, slope)
        if losses(data, w, a, slope) < before * (1.0 - 1e-13):
            return True
    return False


def faults(seed, problem):
    """What is wrong with what is said of one problem's plateaus: words."""
    data, start, slope = problem
    trajectory = simulate(data, start, slope=slope)
    plateaus, found = locate_plateaus(data, trajectory), find_plateaus(data, trajectory)
    label, generator = np.abs(data["y"].values).max(), np.random.default_rng(seed)
    time, loss = trajectory["time"].values, trajectory["loss"].values
    for one, other in combinations(range(len(plateaus)), 2):
        if found["end"][one] > found["start"][other]:
            yield f"plateaus {one} and {other} overlap"
        apart = np.abs(found["stationary_residual"].values[one] - found["stationary_residual"].values[other]).max()
        if apart < 1e-5 * label or np.isclose(found["loss"][one], found["loss"][other], rtol=1e-8, atol=0):
            yield f"plateaus {one} and {other} are one"
    kind = trajectory.attrs.get("stationary_kind")
    if kind is not None and loss[-1] > 1e-12 * np.mean(data["y"].values ** 2):
        if not plateaus or plateaus[-1].end != time[-1]:
            yield "a run that rests ends in no plateau"
        elif kind != plateaus[-1].answer.kind.replace("_", " "):
            yield f"its account says {kind}, its plateau {plateaus[-1].answer.kind}"
        elif kind == "unknown":
            yield "a run that rests is at no stationary point"
    for number, plateau in enumerate(plateaus):
        start_loss, end_loss = np.interp([plateau.start, plateau.end], time, loss)
        if end_loss < 0.8 * start_loss:
            yield f"plateau {number} ends after {1 - end_loss / start_loss:.0%} of its loss"
        kind, descent = plateau.answer.kind, plateau.answer.descent
        if kind in ("local_minimum", "narrow_minimum") and plateau.left:
            yield f"plateau {number} is left and called a {kind}"
        if kind == "local_minimum":
            at_rest = trajectory.attrs.get("stationary_kind") is not None
            networks = [(plateau.point.w, plateau.point.a)] + [weights_at(trajectory, -1)] * at_rest
            for (w, a), size in ((network, size) for network in networks for size in (1e-3, 1e-5)):
                if fall_around(data, slope, w, a, size, generator) > 1e-9 * losses(data, w, a, slope):
                    yield f"the local minimum {number} falls within {size}"
        if kind in ("strict_saddle", "boundary_descent") and not goes_down(data, slope, plateau.point, descent):
            yield f"nothing goes down from the {kind} {number}"


def searched(first, number):
    problems = ((seed, random_problem(seed)) for seed in count(first))
    for seed, problem in islice(((seed, p) for seed, p in problems if p is not None), number):
        yield from (f"problem {seed}: {fault}" for fault in faults(seed, problem))


def test_the_plateaus_of_thirty_random_problems():
    assert list(searched(0, QUICK)) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_plateaus_of_two_thousand_random_problems():
    assert list(searched(10_000, 2000)) == []
