"""Each recipe that the README and the manual show runs on its own, as a reader types it: in a fresh kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kernels import executed

DOCS = Path(__file__).parents[2] / "docs"
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
THREE_LINES = (
    re.search(r"^    import reluflow as rf\n(?:    .*\n)+", README, flags=re.M)[0].replace("\n    ", "\n").strip()
)
ARRAYS = "x, y, x_new = [[-1.0], [0.5], [2.0]], [1.0, -1.0, 0.5], [[0.0], [1.0]]"


def cells(page: str) -> list[str]:
    """The code that a page of the manual executes, cell by cell."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [code.strip() for code in re.findall(r"^```\{code-cell\}\n(.*?)^```", text, flags=re.M | re.S)]


def recipes() -> dict[str, list[str]]:
    """Each question's cells, by its number."""
    text = (DOCS / "questions.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\d+)\.", text, flags=re.M)[1:]
    found = {
        number: [code.strip() for code in re.findall(r"^```\{code-cell\}\n(.*?)^```", part, flags=re.M | re.S)]
        for number, part in zip(parts[::2], parts[1::2], strict=True)
    }
    return {number: codes for number, codes in found.items() if codes}


FIRST = cells("questions.md")[0]


def test_there_are_twenty_questions():
    assert list(recipes()) == [str(number) for number in range(1, 21)]


def test_each_question_needs_the_first_cell_alone(tmp_path, monkeypatch):
    """No recipe uses what another one has defined."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RELUFLOW_CATALOG", raising=False)
    known: dict = {}
    exec(FIRST.replace("%matplotlib inline\n", ""), known)
    for number, codes in recipes().items():
        names = dict(known)
        for code in codes:
            exec(compile(code, f"question {number}", "exec"), names)


PAGES = {
    "readme": [ARRAYS, THREE_LINES, "h.sizes", "rf.fit(x, y, bias=True)"],
    "notebook": cells("notebook.md"),
    "own-data": cells("own-data.md"),
    "descent": cells("descent.md"),
    "questions": cells("questions.md"),
    **{f"question-{number}": [FIRST, *codes] for number, codes in recipes().items()},
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("default")  # of the kernel's client, which is not ours
@pytest.mark.parametrize("name", PAGES)
def test_it_runs_in_a_fresh_kernel(name, tmp_path, monkeypatch):
    outputs = executed(PAGES[name], tmp_path, monkeypatch)
    for code, said in zip(PAGES[name], outputs, strict=True):
        for output in said:
            assert output.get("name") != "stderr", output["text"]
            if output.output_type == "display_data":
                assert "image/png" in output.data or re.match("Computed in", output.data["text/plain"]), code
        assert sum(output.output_type == "execute_result" for output in said) <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_run_is_its_cell_s_only_output(tmp_path, monkeypatch):
    """Also where the computation takes long enough to say how far it is; what a cell has printed stays."""
    patience = "import pipeline.workflow.notebook_progress as p; p.PATIENCE_SECONDS = 0.0"
    run = "rf.fit([-1.0, 2.0], [0.5, 1.0], bias=True, samples=20)"
    codes = [f"import reluflow as rf; {patience}", f"again = 1\n{run}", f"print('mine')\n{run}", f"kept = {run}"]
    _, (alone,), (mine, line, _), (last,) = executed(codes, tmp_path, monkeypatch)
    assert "<img" in alone.data["text/html"]
    assert mine.text == "mine\n"
    for one in (line, last):
        assert re.match(r"Computed in \d", one.data["text/plain"])
