"""The manifest survives a round trip exactly, and no bit of it can change unseen."""

import hashlib
import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from catalog.errors import DamagedRunError
from catalog.manifest import Manifest, parse, plain, read_manifest, restored
from catalog.storage import open_storage

pytestmark = pytest.mark.usefixtures("nothing_destroyed")

REPOSITORY = Path(__file__).parents[2]
FIELDS = {
    "run_id": "a-0",
    "schema_version": "1.0",
    "created": "2026-01-01T00:00:00+00:00",
    "provenance": {},
    "configuration": {"init": {"log10_scale": -1000.0, "end": math.inf}},
    "summary": {
        "loss": 1e-300,
        "third": 1 / 3,
        "none": None,
        "text": "ünïcode \ud83d",
        "nan": math.nan,
        "yes": True,
    },
    "files": {"data.zarr/zarr.json": {"size": 3, "sha256": "0" * 64}},
}


def test_round_trip():
    read = parse(Manifest(**FIELDS).to_bytes())
    assert math.isnan(read.summary.pop("nan"))
    assert read == Manifest(**FIELDS | {"summary": {k: v for k, v in FIELDS["summary"].items() if k != "nan"}})


def test_the_file_is_strict_json_and_checkable_by_hand():
    content = Manifest(**FIELDS).to_bytes()
    document = json.loads(content, parse_constant=lambda constant: pytest.fail(constant))
    assert document["summary"]["nan"] == "NaN"
    assert document["configuration"]["init"]["end"] == "Infinity"
    blank = re.sub(rb'(?<="self_digest": ")\w+', b"0" * 64, content)
    assert hashlib.sha256(blank).hexdigest() == document["self_digest"]


def test_every_single_bit_counts():
    content = Manifest(**FIELDS).to_bytes()
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match=r"."):
            parse(bytes(flipped))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"self_digest": ""}',
        b'{"self_digest": 3}',
        b'{"self_digest": NaN}',
        Manifest(**FIELDS).to_bytes()[:-9],
    ],
)
def test_rubbish_is_one_clear_line(tmp_path, content):
    (tmp_path / "runs/b-0").mkdir(parents=True)
    (tmp_path / "runs/b-0/manifest.json").write_bytes(content)
    with pytest.raises(DamagedRunError, match=r"^the manifest of [^\n]* is damaged: [^\n]+$"):
        read_manifest(open_storage(tmp_path), "b-0")


def test_random_rubbish(tmp_path):
    (tmp_path / "runs/b-0").mkdir(parents=True)
    chance = random.Random(0)
    for _ in range(200):
        (tmp_path / "runs/b-0/manifest.json").write_bytes(chance.randbytes(chance.randrange(200)))
        with pytest.raises(DamagedRunError):
            read_manifest(open_storage(tmp_path), "b-0")


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/data", "a/../../b", ""])
def test_paths_that_lead_out_are_refused(path):
    with pytest.raises(ValueError, match="leads out of the run"):
        Manifest(**FIELDS | {"files": {path: {"size": 0, "sha256": ""}}})


def test_no_run_and_another_run(tmp_path):
    (tmp_path / "runs/b-0").mkdir(parents=True)
    with pytest.raises(FileNotFoundError):
        read_manifest(open_storage(tmp_path), "nothing-0")
    (tmp_path / "runs/b-0/manifest.json").write_bytes(Manifest(**FIELDS).to_bytes())
    with pytest.raises(DamagedRunError, match="belongs to another run, a-0"):
        read_manifest(open_storage(tmp_path), "b-0")


def test_plain_and_restored():
    value = {
        "a": np.float64("nan"),
        "b": np.int8(3),
        "c": np.array([1.0, np.inf]),
        "d": (1, None),
        "e": np.bool_(True),
    }
    assert plain(value) == {"a": "NaN", "b": 3, "c": [1.0, "Infinity"], "d": [1, None], "e": True}
    assert restored(plain(value))["c"] == [1.0, math.inf]
    with pytest.raises(TypeError, match=r"value\.a: object can't be written as JSON"):
        plain({"a": object()})


def test_a_summary_holds_scalars_only():
    with pytest.raises(ValueError, match=r"summary\.loss is not a scalar"):
        Manifest(**FIELDS | {"summary": {"loss": [1, 2]}})


def test_a_cache_hit_imports_nothing_heavy(pristine, run_id):
    code = (
        "import sys; from catalog import open_catalog; c = open_catalog(sys.argv[1]);"
        "assert c.manifest(sys.argv[2]).summary['final_loss'] == 1e-12; c.verify(); c.check_writable();"
        "print(sorted({'numpy', 'pandas', 'xarray', 'zarr', 'numba', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, pristine, run_id],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
