"""Whatever is done to a catalog, in whatever order, it is what a plain dictionary would be."""

import copy
import shutil
import tempfile
from pathlib import Path

import fsspec
import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from catalog import open_catalog
from catalog.errors import UnknownRunError
from catalog.verification import Problem

NAMES = st.sampled_from([f"run-{number}" for number in range(4)])
SEEDS = st.integers(0, 2)


class CatalogStates(RuleBasedStateMachine):
    """Publish, read, damage, remove, abandon, collect garbage, list; a dictionary says what should be there."""

    random_tree = None
    description = None

    def __init__(self):
        super().__init__()
        self.published: dict[str, int] = {}
        self.damaged: set[str] = set()
        self.abandoned = 0

    @initialize(remote=st.booleans())
    def open(self, remote):
        self.folder = None if remote else Path(tempfile.mkdtemp())
        self.url = f"memory://states-{id(self)}" if remote else self.folder
        self.catalog = open_catalog(self.url)

    def teardown(self):
        if self.folder is not None:
            shutil.rmtree(self.folder)
        else:
            fsspec.filesystem("memory").store.clear()

    @rule(run_id=NAMES, seed=SEEDS)
    def publish(self, run_id, seed):
        self.catalog.publish(run_id, trees(seed), **self.description)
        self.published.setdefault(run_id, seed)

    @rule(run_id=NAMES)
    def remove(self, run_id):
        if run_id in self.published:
            open_catalog(self.url).remove(run_id)
            del self.published[run_id]
            self.damaged.discard(run_id)
        else:
            with pytest.raises(UnknownRunError):
                self.catalog.remove(run_id)

    @rule(run_id=NAMES)
    def read(self, run_id):
        if run_id not in self.published:
            with pytest.raises(UnknownRunError):
                self.catalog[run_id]
        elif run_id not in self.damaged:
            read = self.catalog[run_id]["trajectory"].to_dataset()
            assert read.load().equals(trees(self.published[run_id])["trajectory"].to_dataset())

    @rule(run_id=NAMES)
    def damage(self, run_id):
        if run_id in self.published:
            key = f"runs/{run_id}/data.zarr/trajectory/loss/c.0"
            content = self.catalog.storage.read(key)
            if run_id not in self.damaged:
                self.catalog.storage.write(key, bytes([content[0] ^ 1]) + content[1:])
            self.damaged.add(run_id)

    @rule(run_id=NAMES)
    def abandon(self, run_id):
        """What a process that is killed in the middle leaves."""
        if self.folder is not None:
            (self.folder / f"staging/{run_id}-1-{self.abandoned:08x}/data.zarr").mkdir(parents=True)
            self.abandoned += 1
        elif run_id not in self.published:
            self.abandoned += run_id not in {left.run_id for left in self.catalog.unfinished_writes()}
            self.catalog.storage.write(f"runs/{run_id}/data.zarr/zarr.json", b"{}")

    @precondition(lambda self: self.abandoned)
    @rule()
    def collect_garbage(self):
        unfinished = {unfinished.key for unfinished in self.catalog.unfinished_writes()}
        assert {unfinished.key for unfinished in self.catalog.collect_garbage(patience=0).removed} == unfinished
        self.abandoned = 0
        assert self.catalog.unfinished_writes() == []

    @rule()
    def rebuild_the_index(self):
        self.catalog.storage.remove("index")
        self.catalog.collect_garbage(patience=1e9)

    @invariant()
    def it_is_what_the_dictionary_is(self):
        assert self.catalog.run_ids() == sorted(self.published)
        assert set(self.catalog.frame().index) == set(self.published)
        found = self.catalog.verify()
        assert {finding.run_id for finding in found if finding.is_damage} == self.damaged
        assert {finding.problem for finding in found} <= {Problem.DAMAGED, Problem.UNFINISHED}


TREES = {}


def trees(seed):
    if seed not in TREES:
        TREES[seed] = CatalogStates.random_tree(seed=seed, time=3)
    return copy.copy(TREES[seed])


@pytest.mark.parametrize("steps", [12])
def test_a_catalog_is_a_dictionary(steps, make_tree, description):
    CatalogStates.random_tree, CatalogStates.description = staticmethod(small(make_tree)), description
    machine = CatalogStates.TestCase
    machine.settings = settings(max_examples=8, stateful_step_count=steps, deadline=None)
    machine().runTest()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_catalog_is_a_dictionary_over_many_histories(make_tree, description):
    CatalogStates.random_tree, CatalogStates.description = staticmethod(small(make_tree)), description
    machine = CatalogStates.TestCase
    machine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
    machine().runTest()


def small(make_tree):
    """Two groups are enough here: a published run is 20 files then, not 200."""

    def make(**sizes):
        whole = make_tree(**sizes)
        return type(whole).from_dict({name: whole[name].to_dataset() for name in ("data", "trajectory")})

    return make
