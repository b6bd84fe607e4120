"""Of what kind a stationary point is: networks made by hand, and the loss itself."""

import numpy as np
import pytest
from small_problems import losses, points

from catalog.schema import variable
from pipeline.network.activation import Activation
from pipeline.network.patterns import Network, group_by_pattern
from pipeline.stationary import StationaryPoint, descent, kind_of
from pipeline.stationary.descent import UndecidedError, outside, rising, touching
from pipeline.stationary.point import held_output
from pipeline.stationary.tangent import Tangent

ON, OFF, SLIDING = (variable("trajectory", "activation").flag(name) for name in ("on", "off", "sliding"))


def network_of(x, y, w, a, leak=0.0):
    """The network of these weights on these points; a neuron on a boundary slides."""
    x, y, w, a = (np.asarray(values, dtype=float) for values in (x, y, w, a))
    size, inner = np.linalg.norm(w, axis=1), w @ x.T
    state = np.select([inner > 0, inner < 0], [ON, OFF], SLIDING).astype(np.int8)
    ratio = a / size
    first, group = group_by_pattern(state, np.sign(ratio))
    return Network(
        x,
        y,
        Activation(leak),
        w / size[:, None],
        ratio,
        np.log(size),
        w,
        a,
        group,
        state[first],
        np.sign(ratio[first]),
    )


def point_of(network, kept=None, w=None, a=None, **given):
    """The network itself as a stationary point, some of its neurons 0."""
    kept = np.ones(len(network.a), dtype=bool) if kept is None else np.asarray(kept)
    w = np.where(kept[:, None], network.w, 0.0) if w is None else w
    a = np.where(kept, network.a, 0.0) if a is None else a
    inner = w @ network.x.T
    residual = network.y - a @ network.activation.value(inner)
    known = {"crossed": 0.0, "reached": True, "near": True, "gradient_norm": 0.0} | given
    return StationaryPoint(
        w=w, a=a, kept=kept, residual=residual, force=network.forces(residual), tangent=Tangent.of(network, w, a),
        own_residual=residual, **known,
    )  # fmt: skip


def kind(x, y, w, a, leak=0.0, **given):
    network = network_of(x, y, w, a, leak)
    return kind_of(network, point_of(network), **given)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_neuron_on_a_boundary_descends_to_the_side_that_fits(sign):
    """x = (1, 0), y = 1, w = (0, -1), a = 1: L(w + (e, 0)) = (1 - e)^2/2. With y = -1 it is a minimum."""
    found = kind([[1, 0]], [sign], [[0, -1]], [1])
    assert found.kind == ("boundary_descent" if sign > 0 else "local_minimum")
    if sign > 0:
        assert found.reason == "neuron 0 on the boundary of point 0 descends"
        np.testing.assert_allclose(found.descent.w, [1, 0], atol=1e-12)


def test_how_near_a_boundary_counts():
    for away, expected in ((1e-9, "boundary_descent"), (1e-3, "narrow_minimum"), (1e-2, "local_minimum")):
        assert kind([[1, 0]], [1.0], [[-away, -1]], [1]).kind == expected


def test_a_slider_is_held_while_both_sides_lead_it_back():
    """w = (0, 1) on the boundary of x_0; the others' force (1, 0)/3 leads it on, where r_0 < 0 leads back."""
    x = [[1, 0], [1, 0.1], [0, 1]]
    for label, expected in ((-2.0, "local_minimum"), (-0.5, "boundary_descent")):
        network = network_of(x, [label, 1.1, 0.9], [[0, 1]], [1])
        assert kind_of(network, point_of(network)).kind == expected


def test_a_neuron_that_is_0_is_a_strict_saddle_unless_nothing_is_left_to_fit():
    """A second neuron that is 0 may turn to any point with a residual; the loss falls along the direction."""
    x, y, w, a = [[1, 0], [0, 1]], [1.0, -1.0], [[1, -1e-3], [0.2, 1]], [1.0, 1.0]
    network = network_of(x, y, w, a)
    point = point_of(network, [True, False])
    found = kind_of(network, point)
    assert (found.kind, found.descent.neuron, found.descent.order) == ("strict_saddle", 1, 2)
    moved_w, moved_a = point.w.copy(), point.a.copy()
    moved_w[1] += 0.01 * found.descent.w
    moved_a[1] += 0.01 * found.descent.a
    data = points(x, y)
    assert losses(data, moved_w, moved_a, 0.0) < losses(data, point.w, point.a, 0.0) - 1e-6


def test_an_output_of_0_descends_to_either_side():
    """w on a boundary with a residual and a = 0: a and the turn together lower the loss to second order."""
    found = kind([[1, 0]], [-1.0], [[0, 1]], [0.0])
    assert (found.kind, found.descent.order, found.descent.a) == ("strict_saddle", 2, -1.0)


def test_a_neuron_at_w_0_with_an_output_lies_on_all_boundaries():
    x, y = [[1.0, 0.0], [-1.0, 1.0]], [-1.0, 1.0]
    network = network_of(x, y, [[1e-3, 0.0]], [0.5])
    point = point_of(network, [False], np.zeros((1, 2)), held_output(network))
    assert point.a == pytest.approx([0.5], rel=1e-5)
    assert kind_of(network, point).descent.point == 1  # towards the positive label
    lower = network_of(x, [-1.0, -1.0], [[1e-3, 0.0]], [0.5])
    assert kind_of(lower, point_of(lower, [False], np.zeros((1, 2)), held_output(lower))).kind == "local_minimum"
    tiny = network_of(x, y, [[1e-5, 0.0]], [1e-4])
    assert held_output(tiny).tolist() == [0.0]  # of a small start: it is 0


@pytest.mark.parametrize(
    ("given", "left", "expected"),
    [
        ({"near": False}, False, "unknown"),
        ({"crossed": 1e-3}, False, "undecided"),
        ({"crossed": 1e-3}, True, "not_reached"),
        ({}, True, "not_reached"),
    ],
)
def test_what_is_no_minimum_for_other_reasons(given, left, expected):
    network = network_of([[1, 0]], [1.0], [[-1, 0]], [1])
    assert kind_of(network, point_of(network, **given), left=left).kind == expected


def test_the_largest_of_a_piecewise_linear_function():
    """Against its values in many directions."""
    g, seen = np.random.default_rng(0), set()
    for _ in range(200):
        d, b = int(g.integers(1, 4)), int(g.integers(0, 5))
        x, steps = g.standard_normal((b, d)), g.choice([-1.0, 1.0], b) * g.uniform(0.1, 2.0, b)
        if b and g.random() < 0.6:  # held: a combination of what opposes
            steps = -np.abs(steps)
        linear = -(g.uniform(0, 1.3, b) * np.minimum(steps, 0)) @ x + (0.0 if b else g.standard_normal(d))
        v = g.standard_normal((20_000, d))
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        values = v @ linear + np.maximum(v @ x.T, 0) @ steps
        way = rising(linear, steps, x, 1e-9)
        seen.add(way is None)
        if way is None:
            assert values.max() < 1e-9
        else:
            assert way @ linear + np.maximum(x @ way, 0) @ steps > 0
        if values.max() > 1e-6:
            assert way is not None
    assert seen == {True, False}


def test_the_zonotope():
    edges = np.array([[2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(outside(np.array([3.0, 0.5]), edges), [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(outside(np.array([1.0, 0.5]), edges), 0.0, atol=1e-12)
    np.testing.assert_allclose(outside(np.array([-1.0, 2.0]), 1e-9 * edges), [-1.0, 2.0], atol=1e-8)


def test_too_many_boundaries_give_no_answer(monkeypatch):
    """Neither of subsets of boundaries nor of different neurons."""
    monkeypatch.setattr(descent, "SUBSETS", 2)
    x, steps = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.full(2, 1e-12)
    with pytest.raises(UndecidedError):
        rising(np.zeros(2), steps, x, 1e-9)
    network = network_of([[1.0, 0.0]], [1.0], [[0.0, 1.0]], [1.0])
    monkeypatch.setattr(descent, "PATTERNS", 0)
    assert kind_of(network, point_of(network)).kind == "undecided"


def test_neurons_of_one_kind_are_tried_once():
    network = network_of([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], [[0, 1], [0, 2], [0, -1], [1, 1]], [1, 3, 1, 1])
    units = np.eye(2)
    assert sorted(j for j, _ in touching(network, point_of(network), units, 1e-6)) == [0, 2]


def test_labels_that_are_fitted_up_to_rounding_make_a_minimum():
    """The residual's rounding is no slope: at loss 0 nothing descends."""
    network = network_of([[1.0, 0.0], [0.0, 1.0]], [1.0 + 1e-13, 1e-13], [[1.0, 0.0]], [1.0])
    assert kind_of(network, point_of(network)).kind == "local_minimum"


def test_the_leak_is_on_both_sides_of_a_boundary():
    """phi' = 0.5 off and 1 on: a residual that is wanted on both sides descends, of whichever sign."""
    for label in (1.0, -1.0):
        assert kind([[1, 0]], [label], [[0, -1]], [1], leak=0.5).kind == "boundary_descent"
    assert kind([[1, 0]], [-1.0], [[0, -1]], [1], leak=-0.5).kind == "local_minimum"


def test_every_answer_is_a_flag_of_the_schema():
    """The list in the function's own words has each of them."""
    assert all(f"``{flag}``" in str(kind_of.__doc__) for flag in variable("plateaus", "kind").flags)
