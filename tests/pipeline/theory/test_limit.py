"""The limit beside flows: what the law's cube has of both."""

import numpy as np
import pytest

from catalog.schema import decode
from pipeline import load_config
from pipeline.inputs.errors import RequestError
from pipeline.stationary import FrozenFlow
from pipeline.theory import limit_law
from pipeline.theory.limit import limit_configuration


def test_flows_come_nearer_as_one_over_the_logarithm(jumps):
    """Within 20 units of t of the limit at any lambda, so 166 times as near in tau at 1e-1000 as at 1e-6."""
    late = (jumps["measured_time"] - jumps["time"]).isel(plateau=slice(1, None)) * -jumps["log_init_scale"]
    assert np.abs(late).max() < 20.0
    assert np.abs(late.sel(scale=-100.0) - late.sel(scale=-1000.0)).max() < 0.5


def test_plateaus_have_the_predicted_losses_where_they_are_seen(jumps):
    deep = jumps.sel(scale=-1000.0)
    assert np.abs(deep["measured_loss"] - jumps["loss"]).max() < 1e-7
    # At 1e-6 the plateau that is seen below 1e-67 is none.
    assert float(jumps["log10_seen"][3]) == pytest.approx(-67.0, abs=1.0)
    shallow = np.abs(jumps.sel(scale=-6.0)["measured_loss"] - jumps["loss"]).values
    assert shallow[0] < 1e-6
    assert shallow[3] > 1e-3


def test_the_rows_of_small_starts_are_checked_at_the_last_scale(jumps):
    assert set(decode(jumps["row_verdict"])) == {"holds"}
    assert jumps["row"].attrs["names"][0] == "extremal_alignment"
    assert all(len(jumps["row"].attrs[name]) == jumps.sizes["row"] for name in ("names", "claims", "reasons"))


def test_a_given_start_has_no_scale():
    given = {"init.start": "given", "init.width": None, "init.w": [[1.0, 0.0]], "init.a": [1.0]}
    with pytest.raises(RequestError, match="a start that it can scale"):
        limit_law(load_config("orthogonal", given))


def test_layers_of_different_speeds_are_refused():
    with pytest.raises(RequestError, match=r"flow\.output_speed = 4"):
        limit_law(load_config("orthogonal", {"flow.output_speed": 4.0}))


def test_the_scale_of_a_configuration_does_not_name_its_limit():
    one, other = (load_config("orthogonal", {"init.log10_scale": scale}) for scale in (-6.0, -9.0))
    assert limit_configuration(one) == limit_configuration(other)
    assert limit_configuration(one) != limit_configuration(load_config("orthogonal", {"init.seed": 1}))


def test_the_frozen_flow_of_a_start_is_followed_once(monkeypatch):
    """The limit and its rows begin with it: of 200 points and 500 neurons it takes three seconds."""
    starts = []
    follow = FrozenFlow.follow
    monkeypatch.setattr(FrozenFlow, "follow", lambda flow, start: starts.append(start) or follow(flow, start))
    config = load_config("orthogonal", overrides={"init.width": 12})
    law = limit_law(config, scales=(-100.0,))
    assert len(starts) == law.sizes["plateau"]  # each plateau's own, the start's among them


def test_a_limit_that_takes_minutes_is_refused_before_anything_is_followed(monkeypatch):
    monkeypatch.setattr("pipeline.workflow.small_start.frozen_ends", lambda *_, **__: pytest.fail("followed"))
    with pytest.raises(RequestError, match=r"it is followed for n m up to 50,000, here with up to 250 neurons"):
        limit_law("teacher-student")
