"""The least force on many neurons at once, against SciPy's bounded least squares, one by one."""

from importlib import import_module

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from pipeline.stationary.least_force import columns_of, least_force


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_it_is_that_of_bounded_least_squares_whatever_the_other_neurons_touch(seed):
    generator = np.random.default_rng(seed)
    d, neurons = int(generator.integers(1, 9)), int(generator.integers(1, 6))
    # More kinks than dimensions too: then several shares have the same force.
    kinks = generator.standard_normal((int(generator.integers(1, d + 3)), d)) * 10.0 ** generator.integers(-3, 4)
    touched = generator.random((neurons, len(kinks))) < 0.7
    force = 2.0 * generator.standard_normal((neurons, d))
    columns, used = columns_of(touched)
    own = np.where(used[:, :, None], kinks[columns], 0.0)
    gram, projection = own @ own.transpose(0, 2, 1), (own @ force[:, :, None])[:, :, 0]
    shares = least_force(gram, projection, used, np.linalg.norm(force, axis=1))
    assert ((shares >= 0) & (shares <= 1)).all()
    assert not shares[~used].any()
    for j in range(neurons):
        chosen = kinks[touched[j]]
        bound = np.linalg.norm(force[j])
        if len(chosen):
            best = lsq_linear(chosen.T, -force[j], (0.0, 1.0), method="bvls", tol=1e-14).x
            bound = np.linalg.norm(force[j] + best @ chosen)
        size = np.linalg.norm(force[j]) + np.linalg.norm(chosen)
        assert np.linalg.norm(force[j] + shares[j] @ own[j]) <= bound + 1e-12 * size


def test_neurons_that_slide_along_all_they_touch_take_one_solution(monkeypatch):
    """The usual case, of which each event of a frozen flow is one."""
    module, solutions = import_module("pipeline.stationary.least_force"), []
    real = module.solved
    monkeypatch.setattr(module, "solved", lambda *words: solutions.append(1) or real(*words))
    gram = np.eye(3)[None] * np.ones((2, 1, 1))
    projection = np.full((2, 3), -0.5)
    shares = least_force(gram, projection, np.ones((2, 3), dtype=bool), np.ones(2))
    np.testing.assert_allclose(shares, 0.5)
    assert len(solutions) == 1
