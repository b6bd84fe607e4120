"""Ctrl-C before there is any command: while Python imports them."""

import sys

import pytest

from pipeline.cli.entry import command_line


@pytest.mark.parametrize("module", ["pipeline.cli.main", "pipeline.cli.shared", "click", "json"])
def test_ctrl_c_while_modules_are_imported_is_one_line(module, monkeypatch, capsys):
    class Interrupted:
        @staticmethod
        def find_spec(name, *_):
            if name == module:
                raise KeyboardInterrupt

    for name in ("pipeline.cli.main", "pipeline.cli.shared", "click", "json"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted, *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        command_line()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "reluflow: interrupted; nothing is half-published\n")
