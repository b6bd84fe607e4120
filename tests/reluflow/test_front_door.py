"""``import reluflow`` is the one front door: instant, complete, and sure of whose packages it finds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
import reluflow

REPOSITORY = Path(__file__).parents[2]


def test_every_name_leads_to_what_the_packages_offer():
    for name in reluflow.__all__:
        assert getattr(reluflow, name) is not None
    assert dir(reluflow) == sorted(reluflow.__all__)
    assert reluflow.simulate is pipeline.simulate
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = reluflow.fitt


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "IPYTHONDIR": str(folder)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_import_loads_none_of_the_slow_libraries(tmp_path):
    done = python(tmp_path, "import reluflow, sys; print({'numpy', 'xarray', 'numba', 'zarr'} & set(sys.modules))")
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize("name", ["pipeline", "catalog"])
def test_another_module_of_our_name_is_said(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("print('mine was run')\n")
    done = python(tmp_path, "from reluflow import simulate")
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: reluflow's own package '{name}' is in")
    assert f"{name}.py first: rename that file" in last


def test_a_notebook_shows_runs_by_our_printer(tmp_path):
    """It is registered by the type's name: the import loads no xarray."""
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import reluflow
printer = shell.display_formatter.formatters["text/html"].lookup_by_type("xarray.core.datatree.DataTree")
print(printer.__module__, "xarray" in sys.modules)
"""
    done = python(tmp_path, code)
    assert done.stdout.split() == ["reluflow", "False"], done.stderr


def test_the_printer_s_name_of_the_type_is_xarray_s():
    import xarray as xr

    assert f"{xr.DataTree.__module__}.{xr.DataTree.__qualname__}" == "xarray.core.datatree.DataTree"
