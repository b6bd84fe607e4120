import numpy as np
import pytest

from catalog import SCHEMA_VERSION
from dashboards.exports.preset_file import write_preset
from dashboards.run_selection import read_configuration
from pipeline import load_config
from pipeline.configuration import presets


def loaded_again(config, folder):
    path = folder / f"{config.name}.toml"
    path.write_text(write_preset(config))
    return load_config(path)


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_comes_back_as_the_same_run(name, tmp_path):
    config = load_config(name)
    again = loaded_again(config, tmp_path)
    assert again.run_id(SCHEMA_VERSION) == config.run_id(SCHEMA_VERSION)
    assert again == config


def test_overrides_and_hostile_texts_come_back(tmp_path):
    config = load_config(
        "orthogonal",
        {
            "init.log10_scale": -1000,
            "data.x": [[1e-300], [0.1]],
            "flow.end_time": 1 / 3,
            "title": 'a "quoted"\n# line\\ [data]',
        },
    )
    assert loaded_again(config, tmp_path) == config


def test_a_published_configuration_comes_back(small_catalog, orthogonal_id, tmp_path):
    config = read_configuration(small_catalog.manifest(orthogonal_id).configuration)
    assert loaded_again(config, tmp_path).run_id(SCHEMA_VERSION) == orthogonal_id


def test_a_file_of_numbers_goes_beside_and_its_folder_stays_home(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir(), other.mkdir()
    np.savetxt(home / "mine.csv", [[1.0, 0.5], [-1.0, 2.0]], delimiter=",")
    (home / "own.toml").write_text('[data]\nfile = "mine.csv"\n')
    config = load_config(home / "own.toml")
    text = write_preset(config)
    assert str(home) not in text
    assert str(config.data.file_sha256) in text
    (other / "mine.csv").write_bytes((home / "mine.csv").read_bytes())
    assert loaded_again(config, other).run_id(SCHEMA_VERSION) == config.run_id(SCHEMA_VERSION)
