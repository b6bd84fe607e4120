"""The lower bounds of the dependencies, as far as they can be checked without installing them."""

import subprocess
import sys

import pytest

from tests.release.lowest import FRONT_DOOR, LOWEST, REPOSITORY, lower_bounds, pinned


def parts(version):
    return [int(part) for part in version.replace("post", "").split(".")]


def test_the_pins_are_allowed():
    pins = pinned(REPOSITORY / "constraints.txt")
    assert [name for name, bound in lower_bounds().items() if parts(pins[name]) < parts(bound)] == []


def test_what_is_tried_is_the_bound():
    """How lowest.txt is written anew after a change of a bound: tests/release/lowest.py."""
    tried = pinned(LOWEST)
    for name, bound in lower_bounds().items():
        wanted = parts(bound)
        assert parts(tried[name])[: len(wanted)] == wanted, name
        assert not any(parts(tried[name])[len(wanted) :]), name


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


def test_the_front_door_hands_out_functions():
    """``from pipeline import run`` imports the room minimal_norm; the name stays the function's."""
    subprocess.run([sys.executable, "-c", FRONT_DOOR], check=True)
