"""What a person sees who waits: one line, from the moment on at which one wonders."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from rich.console import Console

import pipeline.cli.progress
from pipeline import load_config, run
from pipeline.cli.progress import Line, Stages, telling


@pytest.fixture
def terminal(monkeypatch):
    """A terminal that remembers what it was shown; the patience is over when the test says so."""
    file = StringIO()

    class Terminal(Console):
        def __init__(self, **options):
            super().__init__(file=file, force_terminal=True, width=80)

    monkeypatch.setattr("rich.console.Console", Terminal)
    return file


def test_a_short_run_shows_nothing(terminal):
    with telling() as stages:
        stages.say("Finding the plateaus ...")
    assert terminal.getvalue() == ""


@pytest.fixture
def shown(monkeypatch):
    """Patience is over at once; the event tells when the line is there."""
    event, show = threading.Event(), Line._show
    monkeypatch.setattr(pipeline.cli.progress, "PATIENCE", 0.0)
    monkeypatch.setattr(Line, "_show", lambda line: (show(line), event.set()))
    return event


def test_a_stage_that_says_nothing_more_is_shown(terminal, shown):
    """The line appears by itself: a stage that takes minutes need not say anything again."""
    with telling() as stages:
        stages.say("Finding the plateaus ...")
        assert shown.wait(30)
    assert "Finding the plateaus ..." in terminal.getvalue()


def test_what_is_said_later_takes_its_place(terminal, shown):
    with telling() as stages:
        assert shown.wait(30)
        stages.flow(3.0, 1200)
        stages.reading(40, 436)
    assert "Reading the network at 436 instants: 40 done ..." in terminal.getvalue()


def test_an_interrupt_takes_the_line_away(terminal, shown):
    def interrupted():
        with telling():
            assert shown.wait(30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is back


class Told(Stages):
    def __init__(self):
        self.words, self.read = [], []

    def say(self, words):
        self.words.append(words)

    def reading(self, done, samples):
        self.read.append((done, samples))


def test_every_stage_of_a_run_says_itself(monkeypatch, tmp_path):
    from catalog import open_catalog

    monkeypatch.setattr("pipeline.flow.course.IN_MEMORY", 1)
    monkeypatch.setattr("pipeline.flow.streaming.LARGEST_BLOCK", 20_000)
    told = Told()
    run(load_config("orthogonal", {"flow.samples": 50}), open_catalog(tmp_path), stages=told)
    assert told.read[0][0] == 0
    assert len(told.read) > 2
    assert [done for done, _ in told.read] == sorted(done for done, _ in told.read)
    for word in ("plateaus", "phases", "clusters", "minimum norm", "function", "statements", "Writing"):
        assert any(word in words for words in told.words), word
