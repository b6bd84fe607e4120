"""Configuration files to be read."""

import pytest


@pytest.fixture
def written(tmp_path):
    """Write a configuration file, and with it what it names."""

    def write(text, name="mine.toml", **files):
        for stem, content in files.items():
            (tmp_path / stem.replace("_", ".")).write_bytes(content)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
