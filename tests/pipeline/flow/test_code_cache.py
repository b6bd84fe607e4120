"""Machine code on disk: nobody else can write it, and what was damaged is compiled again."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from numba.core.registry import cpu_target

from pipeline.flow import code_cache, neuron_paths
from pipeline.flow.code_cache import CACHE_VARIABLE, NotOnDiskError, from_disk_only, is_whole, kept, kernel_cache
from pipeline.flow.exact.build import load_solver

DAMAGED = "reluflow: the compiled solver on disk is damaged, and is compiled again"


def add_one(x):
    return x + 1.0


@pytest.fixture
def folder(tmp_path):
    """A folder with the machine code of ``add_one``, compiled once for this test."""
    assert kept(add_one, tmp_path)(1.0) == 2.0
    return tmp_path


def flipped(content: bytes, position: int, bit: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :]


def damages(content: bytes, flips: int) -> list[bytes]:
    """Every kind of damage: bits flipped from the first byte to the last, cut short, emptied, longer."""
    positions = [number * (len(content) - 1) // (flips - 1) for number in range(flips)]
    bits = [flipped(content, position, number % 8) for number, position in enumerate(positions)]
    cuts = [content[: len(content) * part // 4] for part in range(4)]
    return [*bits, *cuts, content[:-1], content + b"\0", bytes(len(content))]


def test_nothing_of_a_damaged_file_is_read(folder, capfd):
    """Not one byte of it is unpickled: that a file is damaged is found before."""
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for damage in damages(content, 60):
            path.write_bytes(damage)
            with from_disk_only(), pytest.raises(NotOnDiskError):
                kept(add_one, folder)(1.0)
            assert not path.exists()
            assert capfd.readouterr().err == f"{DAMAGED} ({path})\n"
        path.write_bytes(content)
    with from_disk_only():
        assert kept(add_one, folder)(1.0) == 2.0


def test_the_solver_finds_each_flip_in_each_of_its_files(tmp_path, capfd):
    load_solver()
    files = sorted(kernel_cache().iterdir())
    assert len(files) == 4
    for file in files:
        path = tmp_path / file.name
        for damage in damages(file.read_bytes(), 30):
            path.write_bytes(damage)
            assert not is_whole(path)
        assert capfd.readouterr().err.count(DAMAGED) == 37
        shutil.copyfile(file, path)
        assert is_whole(path)


def test_reading_alone_brings_no_code_of_the_steps(monkeypatch):
    """A run whose steps other kernels made can be read by those of the grouped path."""
    load_solver()
    entries = []
    monkeypatch.setattr(neuron_paths, "load", entries.append)
    neuron_paths.load_reading.__wrapped__()
    assert entries == ["evaluate"]


LOADED = "from pipeline.flow.exact.build import loaded_from_disk as loaded; print(loaded())"


def test_a_solver_with_a_damaged_file_is_compiled_as_one_that_is_not_there(tmp_path):
    """A process of its own, because this one has the machine code already; it must not end with a signal."""
    load_solver()
    cached = tmp_path / kernel_cache().name
    shutil.copytree(kernel_cache(), cached)
    cached.chmod(0o700)
    file = next(cached.glob("*integrate*.nbc"))
    file.write_bytes(flipped(file.read_bytes(), 2_000_000, 3))
    for said, found in ((f"{DAMAGED} ({file})\n", "False\n"), ("", "False\n")):
        done = subprocess.run(
            [sys.executable, "-c", LOADED], env=os.environ | {CACHE_VARIABLE: str(tmp_path)}, capture_output=True,
            text=True, timeout=250,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, found, said)


def test_a_numba_whose_files_can_not_be_checked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(code_cache, "IndexDataCacheFile", str)
    with pytest.raises(TypeError, match="can't be checked"):
        kept(add_one, tmp_path)


def test_what_was_damaged_is_compiled_again_and_kept(folder, capfd):
    for path in sorted(folder.iterdir()):
        path.write_bytes(path.read_bytes()[:-1])
        assert kept(add_one, folder)(1.0) == 2.0
        assert capfd.readouterr().err == f"{DAMAGED} ({path})\n"
        with from_disk_only():
            assert kept(add_one, folder)(1.0) == 2.0


def test_what_only_a_compilation_needs_is_not_read_before_one(folder, monkeypatch):
    """Numba read all that it can compile before it looked on disk: .2 s of each process."""
    refreshed = []
    for context in (cpu_target.target_context, cpu_target.typing_context):
        monkeypatch.setattr(context, "refresh", lambda: refreshed.append(1))
    assert kept(add_one, folder)(1.0) == 2.0
    assert refreshed == []
    monkeypatch.undo()
    assert kept(add_one, folder)(1) == 2.0  # of another type: compiled


def test_of_what_is_loaded_llvm_reads_the_machine_code_alone(folder):
    """Its bitcode beside it took more than half of the time: .4 s of each process."""
    again = kept(add_one, folder)
    with from_disk_only():
        assert again(1.0) == 2.0
    (loaded,) = again.overloads.values()
    names = {function.name for function in loaded.library._shared_module.functions}
    assert names == {loaded.fndesc.llvm_cpython_wrapper_name, loaded.fndesc.llvm_cfunc_wrapper_name}


def test_a_file_under_anothers_name_is_damage(folder):
    index, code = sorted(folder.iterdir(), key=lambda path: path.suffix, reverse=True)
    shutil.copyfile(folder / code.name, index)
    assert not is_whole(index)


def test_a_disk_that_is_full_costs_no_result(tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(code_cache, "digest_of", full)
    assert kept(add_one, tmp_path)(1.0) == 2.0
    assert capfd.readouterr().err == (
        f"reluflow: the compiled solver can't be kept (No space left on device: {tmp_path})\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The three places, in the order in which they are tried."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "given"))
    monkeypatch.setattr(code_cache, "user_cache_path", lambda name: tmp_path / "home" / name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "given", tmp_path / "home/reluflow/kernels", tmp_path / f"temporary/reluflow-{os.getuid()}"


def test_the_folder_is_for_this_user_alone(places, capfd):
    before = os.umask(0)
    try:
        folder = code_cache.own_folder("code")
    finally:
        os.umask(before)
    assert folder == places[0] / "code"
    assert [path.stat().st_mode & 0o7777 for path in (folder, places[0])] == [0o700, 0o700]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("which", "mode", "gid", "said"),
    [
        ("code", 0o777, None, "other users may write {} (mode 0777)"),
        ("code", 0o770, None, "other users may write {} (mode 0770)"),
        ("code", 0o1777, None, "other users may write {} (mode 1777)"),
        (".", 0o777, None, "other users may write {} (mode 0777)"),
        (".", 0o1777, None, ""),
        (".", 0o770, None, ""),
        (".", 0o770, 4711, "other users may write {} (mode 0770)"),
        (".", 0o755, 4711, ""),
    ],
)
def test_a_folder_that_others_may_write_is_not_used(places, which, mode, gid, said, monkeypatch, capfd):
    folder = places[0] / "code"
    folder.mkdir(parents=True, mode=0o700)
    changed = places[0] / which
    if gid is not None:
        if os.geteuid():
            pytest.skip("only root can give a folder away")
        os.chown(changed, -1, gid)
    changed.chmod(mode)
    assert code_cache.own_folder("code") == (places[1] / "code" if said else folder)
    warning = f"reluflow: ${CACHE_VARIABLE} is not used for the compiled solver: {places[0]}: "
    assert capfd.readouterr().err == (f"{warning}{said.format(changed)}\n" if said else "")


def test_a_folder_of_another_user_is_not_used(places, monkeypatch):
    """Whatever its mode. Here it is this process that is somebody else."""
    code_cache.own_folder("code")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(PermissionError, match="/code belongs to another user"):
        code_cache.refuse_foreign(places[0] / "code")


def test_another_users_temporary_folder_is_refused_in_words(places, monkeypatch):
    """Where home can't be written, a folder of a known name under /tmp may be anybody's."""
    monkeypatch.delenv(CACHE_VARIABLE)
    places[1].parent.parent.write_text("in the way")
    places[2].mkdir()
    places[2].chmod(0o777)
    with pytest.raises(
        OSError, match=f"can be kept nowhere .*other users may write {places[2]} .*{CACHE_VARIABLE}"
    ):
        code_cache.own_folder("code")


def test_a_link_is_followed_once(places):
    """Its owner could let it lead elsewhere later."""
    elsewhere = places[0].with_name("elsewhere")
    elsewhere.mkdir()
    places[0].symlink_to(elsewhere)
    assert code_cache.own_folder("code") == elsewhere / "code"


def test_machine_code_of_other_sources_lies_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    source = Path(tmp_path / "source.py")
    folders = set()
    for text in ("x = 1", "x = 2"):
        source.write_text(text)
        folders.add(code_cache.code_folder("some-", [source]))
    monkeypatch.setattr(code_cache, "FORMAT", "other")
    folders.add(code_cache.code_folder("some-", [source]))
    assert len(folders) == 3
