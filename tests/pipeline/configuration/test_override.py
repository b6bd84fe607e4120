"""A configuration made of a loaded one, against the one that the file itself makes with the same overrides."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.configuration import load_config, override
from pipeline.inputs.errors import RequestError

PRESETS = ("orthogonal", "orthonormal", "leaky", "unbalanced")
CHANGES = {
    "init.width": st.sampled_from([1, 60, 60.0, 2.5, True, -1, None]),
    "init.log10_scale": st.sampled_from([-6, -1000.0, 51, "small"]),
    "init.seed": st.integers(-1, 3),
    "init.start": st.sampled_from(["balanced", "unbalanced", "given", "cold"]),
    "init.w": st.sampled_from([[[1.0, 0.0]], [[1.0, 0.0], [2.0, 1.0]], [1, 2], None]),
    "init.a": st.sampled_from([[1.0], [1.0, -1], None]),
    "init.widht": st.just(3),
    "init": st.just(3),
    "data.x": st.sampled_from([[[1.0], [2.0]], [1, 2, 3], (1, 2)]),
    "data.y": st.sampled_from([[1.0, -2.0], np.array([1.0, 2.0])]),
    "data.kind": st.sampled_from(["points", "orthonormal"]),
    "data.file_sha256": st.just("0"),
    "data.x.first": st.just(1),
    "flow.slope": st.sampled_from([0.1, "steep"]),
    "analysis.epsilon": st.sampled_from([0.01, 1.0]),
    "title": st.sampled_from(["mine", 3]),
    "title.words": st.just(3),
    "name": st.just("mine"),
    "other.key": st.just(1),
    "": st.just(1),
    "flow.": st.just(1),
}


def outcome(make):
    try:
        config = make()
    except RequestError as error:
        return str(error)
    return config, config.run_id("1"), config.init.model_fields_set


@settings(max_examples=amount(120, 300))
@given(st.sampled_from(PRESETS), st.fixed_dictionaries({}, optional=CHANGES))
def test_it_is_what_the_file_makes(preset, changes):
    loaded = load_config(preset)
    assert outcome(lambda: override(loaded, changes)) == outcome(lambda: load_config(preset, changes))


@settings(max_examples=amount(40, 100))
@given(st.dictionaries(st.sampled_from(["init.seed", "init.width", "flow.slope", "data.seed"]), st.integers(1, 9)))
def test_one_after_the_other_is_all_at_once(changes):
    config = load_config("orthonormal")
    for key, value in changes.items():
        config = override(config, {key: value})
    assert config == load_config("orthonormal", changes)


@pytest.mark.parametrize("said", ["", "width = 1\n"])
def test_a_width_that_nobody_said_is_filled_in_again(written, said):
    path = written(f'[data]\nx = [1.0]\ny = [1.0]\n[init]\nstart = "given"\n{said}w = [[1.0]]\na = [1.0]')
    changes = {"init.w": [[1.0], [2.0]], "init.a": [1.0, -1.0]}
    found = outcome(lambda: override(load_config(path), changes))
    assert found == outcome(lambda: load_config(path, changes))
    assert isinstance(found, str) == bool(said)


def test_files_of_numbers_are_pinned_again_where_their_table_changes(written):
    text = '[data]\nfile = "points.csv"\n[init]\nstart = "given"\nfile = "weights.toml"'
    path = written(text, points_csv=b"x,y\n1,1\n", weights_toml=b"w = [[1.0], [2.0]]\na = [1.0, 1.0]")
    loaded = load_config(path)
    assert (loaded.init.width, override(loaded, {"flow.slope": 0.1}).init) == (2, loaded.init)
    assert override(loaded, {"data.bias": True}) == load_config(path, {"data.bias": True})
    written(text, points_csv=b"x,y\n2,1\n", weights_toml=b"w = [[1.0]]\na = [1.0]")
    assert override(loaded, {"flow.slope": 0.1}).data == loaded.data
    assert override(loaded, {"data.bias": True}).data == load_config(path, {"data.bias": True}).data
    assert override(loaded, {"init.a": None}).init.width == 1
