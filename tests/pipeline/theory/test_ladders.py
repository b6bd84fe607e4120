"""Ladders in a catalog: found again at any lambda, computed once, damage passed over."""

import pytest

import pipeline.theory.ladders
from catalog import CatalogUnwritableError, open_catalog
from pipeline import load_config
from pipeline.theory import kept_ladder, published_ladder


@pytest.fixture
def asked(monkeypatch, ladder):
    """What ladders are computed; each is the small one of these tests."""
    calls = []

    def measure(config, *, advance):
        calls.append(config)
        advance()
        return ladder

    monkeypatch.setattr(pipeline.theory.ladders, "ladder_law", measure)
    return calls


def test_a_ladder_is_computed_once_whatever_the_scale(asked, tmp_path):
    catalog, steps = open_catalog(tmp_path), []
    config = load_config("orthonormal")
    assert published_ladder(catalog, config) is None
    name, law = kept_ladder(catalog, config, lambda: steps.append(1))
    assert name.startswith("ladder-")
    assert steps == [1]
    other = load_config("orthonormal", {"init.log10_scale": -100})
    again, same = kept_ladder(catalog, other)
    assert again == name
    assert same.identical(law) or same.equals(law)
    assert len(asked) == 1


@pytest.mark.parametrize("change", [{"init.seed": 5}, {"init.width": 7}, {"analysis.epsilon": 0.1}])
def test_another_network_has_another_ladder(asked, tmp_path, change):
    catalog = open_catalog(tmp_path)
    kept_ladder(catalog, load_config("orthonormal"))
    assert published_ladder(catalog, load_config("orthonormal", change)) is None


def test_a_damaged_ladder_is_passed_over(asked, tmp_path):
    catalog, config = open_catalog(tmp_path), load_config("orthonormal")
    name, _ = kept_ladder(catalog, config)
    chunks = [path for path in (tmp_path / "sweeps" / name).rglob("c*") if path.is_file()]
    assert chunks
    for path in chunks:
        path.write_bytes(b"\x00" * path.stat().st_size)
    assert published_ladder(catalog, config) is None
    (tmp_path / "sweeps" / name / "manifest.json").write_text("{")
    assert published_ladder(catalog, config) is None


def test_a_catalog_that_cannot_be_written_gets_nothing(asked, tmp_path, monkeypatch):
    def refuse(self, run_id="probe"):
        raise CatalogUnwritableError("read only")

    monkeypatch.setattr("catalog.catalog.Catalog.check_writable", refuse)
    name, law = kept_ladder(open_catalog(tmp_path), load_config("orthonormal"))
    assert name is None
    assert law.attrs["law"] == "ladder"
    assert not list(tmp_path.iterdir())
