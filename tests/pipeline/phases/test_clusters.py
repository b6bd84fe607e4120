"""Neurons that point the same way."""

import time

import numpy as np
import pytest
import xarray as xr

from catalog.schema import variable
from pipeline.phases import clusters as rooms
from pipeline.phases import find_clusters, find_plateaus
from pipeline.phases.clusters import ANGLE, LARGEST, clusters_of


def around(angles, spread, each, seed=0):
    """Unit vectors in the plane, ``each`` within ``spread`` of every angle."""
    rng = np.random.default_rng(seed)
    angle = (np.asarray(angles)[:, None] + rng.uniform(-spread, spread, (len(angles), each))).ravel()
    return np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize("scale", [0.0, -2000.0, 300.0])
def test_what_points_the_same_way_is_one(scale):
    direction = around([0.0, 1.0, 3.0], 0.4 * ANGLE, 50)
    mass = np.random.default_rng(1).normal(size=150)
    sign = np.repeat([1.0, -1.0, 1.0], 50)
    shuffled = np.random.default_rng(2).permutation(150)
    found = clusters_of(direction[shuffled], mass[shuffled] + scale, sign[shuffled])
    whole = np.exp(mass).reshape(3, 50).sum(axis=1)
    order = np.argsort(-whole)
    np.testing.assert_allclose(found.log_mass - scale, np.log(whole[order]), rtol=1e-12, atol=1e-9)
    assert found.neurons.tolist() == [50, 50, 50]
    assert found.sign.tolist() == np.array([1.0, -1.0, 1.0])[order].tolist()
    merged = (np.exp(mass)[:, None] * direction).reshape(3, 50, 2).sum(axis=1)[order]
    np.testing.assert_allclose(found.direction, merged / np.linalg.norm(merged, axis=1)[:, None], atol=1e-12)
    assert (found.rest_neurons, found.relevant) == (0, 3)


def test_signs_are_kept_apart_and_what_carries_nothing_is_left_out():
    direction = around([0.5], 0.0, 4)
    found = clusters_of(direction, np.array([0.0, -1.0, -20.0, -np.inf]), np.array([1.0, -1.0, -1.0, 0.0]))
    assert found.sign.tolist() == [1, -1]
    assert found.neurons.tolist() == [1, 2]
    assert clusters_of(direction[:0], np.zeros(0), np.zeros(0)).relevant == 0


@pytest.mark.parametrize("spread", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_table_of_all_pairs_says_the_same(monkeypatch, spread, d):
    rng = np.random.default_rng(d)
    direction = rng.normal(size=(4, d))[rng.integers(0, 4, 300)] + spread * rng.normal(size=(300, d))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    tied = rng.integers(0, 20, 300) / 4
    mass = np.where(rng.random(300) < 0.1, -np.inf, tied)
    sign = rng.choice([-1.0, 1.0], 300)
    found = clusters_of(direction, mass, sign)
    monkeypatch.setattr(rooms, "SMALL", 0)
    slow = clusters_of(direction, mass, sign)
    for name in ("direction", "log_mass", "neurons", "sign", "rest_log_mass", "rest_neurons"):
        np.testing.assert_array_equal(getattr(found, name), getattr(slow, name))


def test_neurons_in_all_directions_are_no_chain_and_are_bounded():
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(100_000, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    mass, started = rng.normal(size=len(direction)), time.process_time()
    found = clusters_of(direction, mass, np.ones(len(direction)))
    assert time.process_time() - started < 5
    assert len(found.sign) == LARGEST
    assert found.neurons.sum() + found.rest_neurons == len(direction)
    everything = np.logaddexp(np.logaddexp.reduce(found.log_mass), found.rest_log_mass)
    assert everything == pytest.approx(np.logaddexp.reduce(mass), abs=1e-9)
    assert (np.diff(found.log_mass) <= 0).all()


@pytest.mark.parametrize("log10_scale", [-6, -1000])
def test_quantisation_on_the_papers_data(solved, log10_scale):
    """Leaving the origin all mass points along D_+, at the end along D_+ and -D_-: proposition 1."""
    data, trajectory = solved("orthogonal", log10_scale=log10_scale)
    found = find_clusters(data, trajectory, find_plateaus(data, trajectory))
    moments = variable("clusters", "moment").flags
    assert [moments[m - 1] for m in found["moment"].values] == ["slowest", "leaving", "slowest", "leaving", "end"]
    assert found["relevant"].values[1:].tolist() == [1, 1, 2, 2]
    assert np.isfinite(found["log_mass"].values[:, 0]).all()
    for i, group in ((1, "growth_positive"), (0, "growth_negative")):
        sign = 2 * i - 1
        target = sign * data[group].values / np.linalg.norm(data[group].values)
        np.testing.assert_allclose(found["direction"].values[-1, i], target, atol=2e-3)
        assert float(found["output_sign"][-1, i]) == sign
    mass = np.exp(2 * trajectory["log_norm"][-1]) * np.abs(trajectory["output_ratio"][-1])
    assert float(found["mass"][-1].sum()) == pytest.approx(float(mass.sum()), rel=1e-12)
    again = find_clusters(data, trajectory.chunk(time=50), find_plateaus(data, trajectory))
    xr.testing.assert_equal(again, found)
