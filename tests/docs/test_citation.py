"""How the software is cited agrees with what it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]


def test_the_citation_is_of_this_version_and_names_the_paper():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    (paper,) = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Boursier", "Pillaud-Vivien", "Flammarion"]
    assert paper["identifiers"][0]["value"] == "arXiv:2206.00939"
