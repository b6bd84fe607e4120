"""Commands that read a run which is not as it was published: one line, status 1, and nothing is drawn."""

import shutil

import pytest

from catalog import open_catalog


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)


DAMAGE = {"missing": lambda path: path.unlink(), "truncated": cut, "damaged": flip}


@pytest.fixture
def damaged(filled, here):
    """A copy of the catalog, and what damages a variable of one of its runs."""
    catalog = open_catalog(shutil.copytree(filled, here / "copy"))
    run_id = catalog.resolve("orthonormal")

    def damage(variable, how):
        files = sorted(catalog.manifest(run_id).files)
        path = next(p for p in files if p.startswith(f"data.zarr/{variable}") and not p.endswith("zarr.json"))
        DAMAGE[how](here / "copy/runs" / run_id / path)
        return f"reluflow: run {run_id} is damaged: {path}: {how}"

    return damage


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("variable", ["trajectory/direction", "phases/role", "trajectory/activation"])
def test_no_figure_is_drawn_of_what_is_lost(reluflow, here, damaged, variable, how):
    said = damaged(variable, how)
    done = reluflow("figures", "orthonormal", "--out", "out", "--catalog", "copy")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert not (here / "out").exists()


@pytest.mark.parametrize("how", DAMAGE)
def test_no_statement_is_shown_of_what_is_lost(reluflow, damaged, how):
    said = damaged("statements/verdict", how)
    for words in ((), ("--json",)):
        done = reluflow("show", "orthonormal", "--statements", *words, "--catalog", "copy")
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith(said)
        assert done.stderr.count("\n") == 1


def test_verify_names_and_mends_the_index(reluflow, here, filled):
    shutil.copytree(filled, here / "copy")
    reluflow("gc", "--catalog", "copy")
    flip(here / "copy/index/runs.json")
    done = reluflow("verify", "--catalog", "copy")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        1, "runs: index/runs.json: damaged: its bytes are not those that were published",
    )  # fmt: skip
    assert reluflow("verify", "--repair", "--catalog", "copy").exit_code == 0
    assert reluflow("verify", "--catalog", "copy").exit_code == 0
    assert (here / "copy/index/runs.json").is_file()
