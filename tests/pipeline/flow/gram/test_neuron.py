"""One neuron's boost beside many digits: how far it gets, in what time, and where its a becomes 0."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from pipeline.flow.gram import neuron


def boosted(share, square, along, size):
    """Kappa and a after this share of the impulse, to 60 digits."""
    rate = Decimal(square).sqrt()
    p, grown = Decimal(along) / rate, (Decimal(share) * rate).exp()
    cosh, sinh = (grown + 1 / grown) / 2, (grown - 1 / grown) / 2
    return (p * (cosh - 1) + Decimal(size) * sinh) / rate, Decimal(size) * cosh + p * sinh


def wild(seed):
    """|D|^2, <D, w> and |a| with any ratio of the last two, and a^2 - |w|^2 below 0."""
    g = np.random.default_rng(seed)
    size, p = 10.0 ** g.uniform(-9, 1), g.choice([-1.0, 1.0]) * 10.0 ** g.uniform(-9, 1)
    rate = 10.0 ** g.uniform(-3, 1)
    across = 10.0 ** g.uniform(-9, 1)
    imbalance = min(size * size - p * p - across * across, -1e-30)
    return np.array([rate * rate, rate * p, size, 0.0, 0.0, 0.0, imbalance, 1.0])


@pytest.mark.parametrize("seed", range(100))
def test_a_becomes_0_where_it_is_said_and_times_are_those_of_the_ways(seed):
    """The time to a boundary on the way there is right as far as it can be seen from where the neuron is then."""
    motion = wild(seed)
    square, along, size = motion[:3]
    turn = neuron.share_to_turn.py_func(motion)
    with localcontext() as context:
        context.prec = 60
        if turn < neuron.FAR:
            far, a = boosted(turn, square, along, size)
            kappa = neuron.kappa_at_turn.py_func(motion)
            assert abs(a) <= Decimal("1e-13") * Decimal(size + abs(along) / np.sqrt(square) * min(turn, 1.0))
            assert float(far) == pytest.approx(kappa, rel=1e-10)
        for part in (0.1, 0.7, 0.99):
            share = part * min(turn, 3.0 / np.sqrt(square))
            kappa = float(boosted(share, square, along, size)[0])
            if not kappa > 0.0:
                continue
            found = neuron.time_to.py_func(kappa, motion)
            assert float(boosted(found, square, along, size)[0]) == pytest.approx(kappa, rel=1e-8)
