"""The lower bounds of the dependencies, as far as they can be checked without installing them."""

import subprocess
import sys

import pytest

from tests.release.lowest import FRONT_DOOR, lower_bounds, lowest_versions, pins


def parts(version):
    return [int(part) for part in version.replace("post", "").split(".")]


@pytest.mark.parametrize("name", lower_bounds())
def test_the_pin_is_allowed(name):
    assert parts(pins()[name]) >= parts(lower_bounds()[name])


@pytest.mark.parametrize(
    ("name", "first_good"),
    [
        ("pydantic", "2.11"),
        ("click", "8.2"),
        ("xarray", "2025.3"),
        ("google-crc32c", "1.6"),
        ("lazy-loader", "0.6"),
        ("fsspec", "2026.9"),
        ("s3fs", "2026.9"),  # it wants its own version of fsspec
        ("diffrax", "0.6.2"),  # the first with ForwardMode
    ],
)
def test_what_was_found_too_old_is_not_allowed(name, first_good):
    assert parts(lower_bounds()[name]) >= parts(first_good)


def test_every_name_is_constrained_once():
    names = [line.partition("==")[0] for line in lowest_versions().splitlines()]
    assert len(names) == len(set(names)) > len(lower_bounds())
    assert f"numpy=={lower_bounds()['numpy']}\n" in lowest_versions()


def test_the_front_door_hands_out_functions():
    """``from pipeline import run`` imports the room minimal_norm; the name stays the function's."""
    subprocess.run([sys.executable, "-c", FRONT_DOOR], check=True)
