"""Archives that strangers could send: none comes in, each is one line, and together they take little memory."""

import json
import subprocess
import sys
from pathlib import Path

import hostile_archives
import pytest

pytestmark = pytest.mark.usefixtures("nothing_destroyed")

REPOSITORY = Path(__file__).parents[3]
MOST_MEMORY = 500_000_000
IMPORTING = """
import json, sys, time
from pathlib import Path
from catalog import open_catalog
from catalog.errors import CatalogError
from catalog.sharing import import_runs

folder, outcomes = Path(sys.argv[1]), {}
for path in sorted(folder.glob("*.zip")):
    begun = time.process_time()
    try:
        done = import_runs(open_catalog(folder / "into"), path)
        said, came = list(done.refused.values()), done.imported
    except CatalogError as error:
        said, came = [str(error)], []
    except Exception as error:
        said, came = [], [repr(error)[:300]]
    outcomes[path.stem] = [said, came, time.process_time() - begun]
# Not ru_maxrss, which begins with what the process that started this one had.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
memory = 1024 * int(peak.split()[1])
print(json.dumps({"outcomes": outcomes, "memory": memory, "there": (folder / "into").exists()}))
"""
NAMES = [
    *hostile_archives.CHANGES,
    "a manifest a hundred thousand deep", "a manifest of a million lists", "a manifest of 17 MB",
    "a manifest with a bare NaN", "a file that unpacks to 200 MB",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(zipped, run_id):
    """What is wrong with each archive, and its content."""
    return list(hostile_archives.archives(zipped.read_bytes(), run_id))


@pytest.fixture(scope="module")
def found(made, tmp_path_factory):
    """What became of each, imported one after the other by a process of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    for number, (_, content) in enumerate(made):
        (folder / f"{number:03}.zip").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, folder],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    return json.loads(done.stdout)


def test_there_are_sixty_and_all_are_small(made):
    assert [name for name, _ in made] == NAMES
    assert len(made) >= 60
    assert max(len(content) for _, content in made) < 2_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_archive_is_refused_in_one_line(name, found):
    said, came, _ = found["outcomes"][f"{NAMES.index(name):03}"]
    assert came == []
    (line,) = said
    assert line
    assert "\n" not in line
    assert len(line) < 1000


def test_together_they_take_little_memory_and_leave_nothing(found):
    assert found["memory"] < MOST_MEMORY
    assert not found["there"]
