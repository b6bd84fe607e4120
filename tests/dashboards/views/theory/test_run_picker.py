"""The form that changes what is looked at: what it offers, and what it puts into the address."""

from dataclasses import dataclass, field

import pytest

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.run_selection import read_selection
from dashboards.views.theory.run_picker import RunPicker


@dataclass
class PublishedRuns:
    """A catalog that has nothing but names."""

    names: list[str] = field(default_factory=list)
    place: str = "nowhere"

    def run_ids(self):
        return self.names


def chooser(catalog, said=None, **query):
    context = PageContext(catalog, query, say=(said if said is not None else []).append)
    changed = []
    form = RunPicker(context, read_selection(context), changed.append)
    return form, context, changed


@pytest.fixture
def empty(tmp_path):
    return open_catalog(tmp_path / "none")


def test_an_empty_catalog_offers_the_presets(empty):
    form, _, _ = chooser(empty)
    assert list(form.choice.groups) == ["Presets, computed now"]
    assert form.choice.value == "preset orthogonal"
    assert form.scale.value == -6.0
    assert not form.scale.disabled


def test_a_scale_goes_into_the_address_and_the_other_keys_stay(empty):
    form, context, changed = chooser(empty, **{"preset": "orthogonal", "init.seed": "7", "theme": "dark"})
    form.scale.value = -1000.0
    form.show()
    (selection,) = changed
    assert selection.config.init.log10_scale == -1000.0
    assert selection.config.init.seed == 7
    assert context.query["init.log10_scale"] == "-1000.0"
    assert context.query["theme"] == "dark"
    assert read_selection(context).config == selection.config


def test_another_preset_comes_with_its_own_keys(empty):
    form, context, changed = chooser(empty, **{"preset": "orthogonal", "init.seed": "7"})
    form.choice.value = "preset orthonormal"
    assert form.scale.value == -6.0
    form.show()
    assert changed[0].config.name == "orthonormal"
    assert changed[0].config.init.seed != 7
    assert context.query["preset"] == "orthonormal"


def test_a_run_has_its_own_scale():
    form, _, _ = chooser(PublishedRuns(["orthogonal-0123456789ab"]))
    form.choice.value = "run orthogonal-0123456789ab"
    assert form.scale.disabled
    assert form.scale.value is None
    form.choice.value = "preset orthonormal"
    assert not form.scale.disabled


def test_a_run_that_is_gone_is_said_and_the_preset_shown(empty):
    said = []
    form, context, changed = chooser(empty, said)
    form.choice.param.update(
        groups={"": {"x": "run orthogonal-0123456789ab"}}, value="run orthogonal-0123456789ab"
    )
    form.show()
    assert "Shown is the preset orthogonal" in said[-1]
    assert changed[0].run_id is None
    assert "run" not in context.query
    assert form.choice.value == "preset orthogonal"


def test_a_run_that_appears_is_offered_and_what_is_selected_stays():
    published = PublishedRuns(["orthogonal-0123456789ab"])
    form, _, changed = chooser(published)
    form.choice.value = "run orthogonal-0123456789ab"
    published.names = ["leaky-0123456789ab"]
    form.known.request(None)
    assert list(form.choice.groups["Published runs"]) == ["orthogonal-0123456789ab", "leaky-0123456789ab"]
    assert form.choice.value == "run orthogonal-0123456789ab"
    assert changed == []


def test_very_many_runs_are_not_all_offered():
    form, _, _ = chooser(PublishedRuns([f"orthogonal-{i:012x}" for i in range(800)]))
    title = next(iter(form.choice.groups))
    assert title == "Published runs (and 300 more: see the page Catalog)"
    assert len(form.choice.groups[title]) == 500
