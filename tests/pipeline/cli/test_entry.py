"""Ctrl-C where Python makes something else of it: while modules are imported, in a class, in a destructor."""

import subprocess
import sys

import pytest

from catalog import DamagedRunError
from pipeline.cli.entry import command_line
from pipeline.cli.shared import speaks


@pytest.mark.parametrize("module", ["pipeline.cli.main", "pipeline.cli.shared", "click", "json"])
def test_ctrl_c_while_modules_are_imported_is_one_line(module, monkeypatch, capsys):
    class Interrupted:
        @staticmethod
        def find_spec(name, *_):
            if name == module:
                raise KeyboardInterrupt

    for name in ("pipeline.cli.main", "pipeline.cli.shared", "click", "json"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(sys, "meta_path", [Interrupted, *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        command_line()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "reluflow: interrupted; nothing is half-published\n")


class Made:
    """Of an exception here Python makes a RuntimeError, up to 3.11."""

    def __set_name__(self, *_):
        raise KeyboardInterrupt


def a_class_is_made():
    type("Holder", (), {"made": Made()})


def a_run_is_read():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise DamagedRunError("run a-0 can't be read") from error


@pytest.mark.parametrize("command", [a_class_is_made, a_run_is_read])
def test_ctrl_c_that_has_become_another_error_is_one_line(command, capsys):
    with pytest.raises(SystemExit) as ended:
        speaks(command)()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "reluflow: interrupted; nothing is half-published\n")


DROPPED = """
import sys, time, types

class Late:
    def __del__(self):
        raise KeyboardInterrupt

def command():
    Late()
    time.sleep(60)

sys.modules["pipeline.cli.main"] = types.SimpleNamespace(command_line=command)
from pipeline.cli.entry import command_line
command_line()
"""


def test_ctrl_c_that_python_has_dropped_comes_again():
    done = subprocess.run([sys.executable, "-c", DROPPED], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (
        130,
        "",
        "reluflow: interrupted; nothing is half-published\n",
    )
