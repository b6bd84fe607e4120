"""Nothing that a catalog says speaks to the terminal, whatever command prints it."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from catalog import open_catalog
from catalog.manifest import parse
from pipeline.cli.safe_text import visible, visible_line

EVIL = "\x1b[31mred\x1b]0;title\x07\x9b2J\x08\u202e\u2066\u200b\u2028\r\x7f"
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def test_what_is_spelt_out_and_what_is_not():
    assert visible(EVIL) == EVIL.encode("unicode_escape").decode()
    assert visible("\ud800") == "\\ud800"
    plain = "λ = 10^-6, naïve Ωμέγα नमस्ते می‌خواهم 👩‍🔬 [/bold]\n"
    assert visible(plain) == plain
    assert visible_line("a\nb\x1b") == "a\\nb\\x1b"


def spoilt(value):
    """The value with every text in it made hostile, but for what decides how it is read."""
    if isinstance(value, dict):
        return {key: spoilt(item) for key, item in value.items()}
    return f"{value}{EVIL}" if isinstance(value, str) else value


@pytest.fixture
def evil(filled, tmp_path):
    """A catalog of whose runs one has a hostile manifest; and that run."""
    folder = shutil.copytree(filled, tmp_path / "evil")
    (name,) = (name for name in open_catalog(folder).run_ids() if name.startswith("orthonormal"))
    path = folder / "runs" / name / "manifest.json"
    manifest = parse(path.read_bytes())
    kept = {key: manifest.summary[key] for key in ("plateau_table",)}
    path.write_bytes(
        replace(
            manifest,
            summary={**spoilt(manifest.summary), **kept, f"more{EVIL}": EVIL},
            configuration={**spoilt(manifest.configuration), f"key{EVIL}": {f"key{EVIL}": EVIL}},
            provenance=spoilt(manifest.provenance),
        ).to_bytes()
    )
    return folder, name


COMMANDS = (
    ("list",), ("list", "--where", "nothing == 1"), ("list", "--where", f"nothing{EVIL} == 1"), ("show", "RUN"),
    ("show", "RUN", "--statements"), ("show", EVIL), ("verify",), ("status",), ("export", "RUN", "out"),
    ("run", "orthonormal", "--set", "init.width=6", "--set", "flow.samples=20", "--set", "init.seed=4"),
    ("run", EVIL), ("figures", EVIL, "--out", "x"), ("import", EVIL), ("sweep", EVIL),
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words).replace(EVIL, "EVIL"))
def test_no_command_hands_it_on(words, evil, reluflow, here):
    folder, name = evil
    done = reluflow(*(name if word == "RUN" else word for word in words), "--catalog", folder)
    assert done.stdout + done.stderr
    assert HIDDEN.search(done.stdout + done.stderr) is None


def test_it_is_shown_spelt_out(evil, reluflow):
    folder, name = evil
    assert "red\\x1b]0;title" in reluflow("show", name, "--catalog", folder).stdout
    rows = reluflow("list", "--catalog", folder).stdout
    assert "\\x1b[31mred" in rows
    assert sum(line.startswith("ortho") for line in rows.splitlines()) == 3


def test_json_keeps_it(evil, reluflow):
    folder, name = evil
    done = reluflow("show", name, "--json", "--catalog", folder)
    assert "\x1b" not in done.stdout
    assert json.loads(done.stdout)["status"].endswith(EVIL)


def test_names_of_files_in_a_manifest(evil, reluflow):
    folder, name = evil
    path = folder / "runs" / name / "manifest.json"
    manifest = parse(path.read_bytes())
    strange = {f"data.zarr/a\nb{EVIL}": {"size": 1, "sha256": "0" * 64}}
    path.write_bytes(replace(manifest, files=manifest.files | strange).to_bytes())
    for words in (("verify",), ("export", name, "out"), ("import", folder, "--catalog", "other")):
        done = reluflow(*words, "--catalog", folder) if "--catalog" not in words else reluflow(*words)
        assert done.exit_code == 1
        assert HIDDEN.search(done.stdout + done.stderr) is None
        assert not any(line.startswith("b") for line in done.stdout.splitlines())
