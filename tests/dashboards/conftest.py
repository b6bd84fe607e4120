"""Runs as the pages see them."""

import pytest

from dashboards.live import quick_look, whole_look
from dashboards.scene import Scene
from pipeline import load_config


@pytest.fixture(scope="session")
def look_of():
    """A look at a preset with overrides; kept, since nothing changes it."""
    kept = {}

    def look(name="orthogonal", quick=False, **overrides):
        key = (name, quick, tuple(sorted(overrides.items())))
        if key not in kept:
            config = load_config(name, {k.replace("__", "."): value for k, value in overrides.items()})
            kept[key] = (quick_look if quick else whole_look)(config)
        return kept[key]

    return look


@pytest.fixture(scope="session")
def scene_of(look_of):
    def scene(name="orthogonal", quick=False, **overrides):
        return Scene.of(look_of(name, quick, **overrides))

    return scene
