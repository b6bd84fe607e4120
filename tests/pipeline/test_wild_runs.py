"""Whatever the data: every stage comes to its end, and no minimum is above what the flow has found."""

import numpy as np
import pytest

from pipeline import load_config, run
from pipeline.inputs.errors import RequestError
from pipeline.workflow.summary import summarise


def drawn(generator) -> dict:
    """A configuration of few points and neurons: repeated, collinear, one alone, of any size, of any scale."""
    n, d = int(generator.integers(1, 8)), int(generator.integers(1, 5))
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    x, y = (np.round(values) if generator.random() < 0.3 else values for values in (x, y))
    x, y = (values * 10.0 ** (generator.integers(-120, 120) * (generator.random() < 0.2)) for values in (x, y))
    return {
        "data": {"kind": "points", "x": x.tolist(), "y": y.tolist(), "bias": bool(generator.random() < 0.3)},
        "init.width": int(generator.choice([1, 2, 5, 30])),
        "init.log10_scale": float(generator.choice([-1000, -100, -6, -2, 0])),
        "init.seed": int(generator.integers(100)),
        "init.start": str(generator.choice(["balanced", "unbalanced"])),
        "flow.slope": float(generator.choice([0.0, 0.0, 0.1, -0.5])),
        "flow.samples": 20,
        "flow.end_time": None,
    }


def check(seed: int, runs: int) -> int:
    """Run so many of them; return how many converged."""
    generator, converged = np.random.default_rng(seed), 0
    for _ in range(runs):
        settings = drawn(generator)
        try:
            tree = run(load_config("orthogonal", settings))
        except RequestError:
            continue
        summary = summarise(tree)
        if tree.attrs["status"] == "converged":
            converged += 1
            value = summary["minimal_half_squared_norm"]
            assert not value > summary["half_squared_norm"] * (1 + 1e-5), settings
    return converged


def test_every_stage_comes_to_its_end():
    assert check(0, 12) > 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_stage_comes_to_its_end_on_many(seed):
    assert check(seed, 200) > 40
