"""Records of cells: what was written is read, what was damaged is not, and the better of two records counts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import open_catalog
from catalog.cell_cache import (
    FILES_MERGED,
    CellWriter,
    UnderWay,
    announce,
    damaged_cells,
    pack_cells,
    read_cells,
    sweeps_under_way,
    withdraw,
    write_cells,
)


def record(run_id="a-1", status="computed", recorded="2026-01-01", **more):
    return {"run_id": run_id, "status": status, "recorded": recorded, "results": {}, **more}


@pytest.fixture
def storage(tmp_path):
    return open_catalog(tmp_path / "catalog").storage


def files(storage):
    return sorted(Path(storage.address("cells/base")).iterdir())


def test_nothing_is_there(storage):
    assert read_cells(storage, "base") == {}
    write_cells(storage, "base", [])
    storage.remove("cells/base")
    assert not Path(storage.url).exists()


def test_numbers_come_back_bit_by_bit(storage):
    numbers = [0.1, 1e-320, -0.0, float("inf"), float("-inf"), 2**60, 3, 3.0, True, None, "NaN or not"]
    write_cells(storage, "base", [record(results={str(i): number for i, number in enumerate(numbers)})])
    found = read_cells(storage, "base")["a-1"]["results"]
    assert [repr(found[str(i)]) for i in range(len(numbers))] == [repr(number) for number in numbers]
    write_cells(storage, "base", [record("b-1", results={"x": float("nan")})])
    assert repr(read_cells(storage, "base")["b-1"]["results"]["x"]) == "nan"


def test_bases_do_not_mix(storage):
    write_cells(storage, "base", [record("base-1")])
    write_cells(storage, "base-2", [record("base-2-1")])
    assert set(read_cells(storage, "base")) == {"base-1"}
    storage.remove("cells/base")
    assert read_cells(storage, "base") == {}
    assert set(read_cells(storage, "base-2")) == {"base-2-1"}


def test_every_flipped_bit_is_noticed(storage):
    write_cells(storage, "base", [record(value=1.5)])
    (file,) = files(storage)
    content = file.read_bytes()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged)
        assert read_cells(storage, "base") == {}
    file.write_bytes(content[:-1])
    assert read_cells(storage, "base") == {}
    file.write_bytes(content)
    assert set(read_cells(storage, "base")) == {"a-1"}


def test_what_else_lies_there_is_not_read(storage):
    write_cells(storage, "base", [record()])
    folder = files(storage)[0].parent
    (folder / "notes.txt").write_text("mine")
    (folder / f"{'0' * 64}.json").write_text(json.dumps(record("x-1")))
    (folder / "a-folder.json").mkdir()
    write_cells(storage, "base", [{"run_id": 3}, {"nothing": "of ours"}])
    assert set(read_cells(storage, "base")) == {"a-1"}


def test_only_damaged_records_are_found_damaged(storage):
    assert damaged_cells(storage) == []
    write_cells(storage, "base", [record("a-1")])
    write_cells(storage, "base-2", [record("b-1")])
    announce(storage, UnderWay("sweep-1", "base", ("a-1",)))
    (whole,) = (file for file in files(storage) if file.suffix == ".json" and len(file.stem) == 64)
    (whole.parent / "notes.txt").write_text("mine")
    assert damaged_cells(storage) == []
    whole.write_bytes(whole.read_bytes()[:-1])
    assert damaged_cells(storage) == [("base", f"cells/base/{whole.name}")]


def test_a_sweep_is_under_way_from_its_announcement_until_it_is_withdrawn(storage):
    assert sweeps_under_way(storage) == []
    one, other = UnderWay("sweep-1", "base", ("a-1", "a-2")), UnderWay("sweep-2", "base-2", ())
    for sweep in (one, other):
        announce(storage, sweep)
    assert sweeps_under_way(storage) == [one, other]
    (Path(storage.address("cells/base")) / "rubbish.plan").write_text("{")
    withdraw(storage, "base", "sweep-1")
    assert sweeps_under_way(storage) == [other]


def test_the_same_batch_twice_is_one_file(storage):
    for _ in range(2):
        write_cells(storage, "base", [record("a-1"), record("a-2")])
    assert len(files(storage)) == 1


@given(
    st.lists(st.tuples(st.sampled_from(["computed", "failed"]), st.integers(0, 3)), min_size=1, unique=True),
    st.randoms(),
)
def test_which_of_several_records_counts(records, chance):
    """Computed before failed; the first that was computed, the last that failed; whatever the files' order."""
    from catalog.cell_cache import _preferred

    chance.shuffle(records)
    best = None
    for status, day in records:
        one = record(status=status, recorded=f"2026-01-0{day}")
        best = one if best is None or _preferred(one, best) else best
    computed = [day for status, day in records if status == "computed"]
    expected = ("computed", min(computed)) if computed else ("failed", max(day for _, day in records))
    assert (best["status"], best["recorded"]) == (expected[0], f"2026-01-0{expected[1]}")


def test_every_flipped_bit_of_a_plan_is_noticed(storage):
    """It is not taken for a sweep under way, and verify names it."""
    under_way = UnderWay("s-0123456789ab", "base", ("base-1", "base-2"))
    announce(storage, under_way)
    (path,) = files(storage)
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert sweeps_under_way(storage) == [], bit
        assert damaged_cells(storage) == [("base", f"cells/base/{path.name}")], bit
    path.write_bytes(content)
    assert sweeps_under_way(storage) == [under_way]
    path.rename(path.with_name("other-0.plan"))
    assert len(damaged_cells(storage)) == 1


def filled(storage, batches):
    """Records of so many batches, two cells each, as a sweep keeps them."""
    writer = CellWriter(storage, "base")
    for number in range(batches):
        writer.write([record(f"{number}-a"), record(f"{number}-b", results={"x": float(number)})])
    return {f"{number}-{letter}" for number in range(batches) for letter in "ab"}


@pytest.mark.parametrize("batches", [FILES_MERGED - 1, FILES_MERGED, 3 * FILES_MERGED + 1, FILES_MERGED**2 + 5])
def test_many_cells_lie_in_few_files(storage, batches):
    """A file for every few cells would be 2,000 for a sweep of 50,000, or 50,000 where a cell takes a second."""
    written = filled(storage, batches)
    found = read_cells(storage, "base")
    assert found.keys() == written
    assert found[f"{batches - 1}-b"]["results"] == {"x": batches - 1}
    assert len(files(storage)) <= 2 * (FILES_MERGED - 1) + batches // FILES_MERGED**2
    assert damaged_cells(storage) == []


@pytest.mark.parametrize("call", ["write", "remove"])
def test_a_kill_between_two_steps_loses_no_record(storage, call, monkeypatch):
    """Each record is in a durable file at every moment, if only in two."""
    original, killed = getattr(type(storage), call), []

    def ends(here, *args):
        if len(here.names("cells/base")) >= FILES_MERGED:  # the files are being put together
            killed.append(args)
            raise KeyboardInterrupt
        return original(here, *args)

    monkeypatch.setattr(type(storage), call, ends)
    with pytest.raises(KeyboardInterrupt):
        filled(storage, FILES_MERGED)
    monkeypatch.undo()
    assert killed
    assert len(read_cells(storage, "base")) == 2 * FILES_MERGED
    pack_cells(storage, "base")
    assert len(read_cells(storage, "base")) == 2 * FILES_MERGED
    assert len(files(storage)) == 1


def test_what_killed_sweeps_have_left_is_put_together(storage):
    for number in range(3 * FILES_MERGED):
        write_cells(storage, "base", [record(f"{number}-a")])
    damaged = files(storage)[5]
    damaged.write_bytes(damaged.read_bytes()[:-3])
    pack_cells(storage, "base")
    assert len(files(storage)) == 2  # the damaged one stays for verify and gc
    assert len(read_cells(storage, "base")) == 3 * FILES_MERGED - 1
    assert [Path(key).name for _, key in damaged_cells(storage)] == [damaged.name]
    pack_cells(storage, "base")
    assert len(files(storage)) == 2


def test_reading_while_files_are_put_together(storage, monkeypatch):
    """A file that went after the listing is not lost: what holds its records now is read."""
    for number in range(FILES_MERGED):
        write_cells(storage, "base", [record(f"{number}-a")])
    original, packed = type(storage).read, []

    def read(here, key):
        if not packed:
            packed.append(key)
            monkeypatch.setattr(type(storage), "read", original)
            pack_cells(storage, "base")
            monkeypatch.setattr(type(storage), "read", read)
        return original(here, key)

    monkeypatch.setattr(type(storage), "read", read)
    assert len(read_cells(storage, "base")) == FILES_MERGED


def test_files_that_were_seen_are_not_read_again(storage):
    seen = set()
    write_cells(storage, "base", [record("a-1")])
    assert set(read_cells(storage, "base", seen)) == {"a-1"}
    write_cells(storage, "base", [record("b-1")])
    assert set(read_cells(storage, "base", seen)) == {"b-1"}
    assert read_cells(storage, "base", seen) == {}
