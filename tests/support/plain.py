"""A child process that has xarray and zarr, and none of our code: one for all tests, for its imports take long."""

import atexit
import json
import subprocess
import sys
import sysconfig
from functools import cache

PLAIN = """
import importlib.util, json, sys, traceback, warnings
sys.path.append(sys.argv[1])
warnings.simplefilter("error")
import xarray as xr
assert not any(importlib.util.find_spec(name) for name in ("catalog", "pipeline")), sys.path

def read(address, how):
    if how == "ZipStore":
        from zarr.storage import ZipStore
        file, group = address.split("::")
        opened = xr.open_datatree(ZipStore(file, mode="r"), engine="zarr", group=group)
    else:
        opened = xr.open_datatree(address, engine=how)
    opened.load()
    line = " ".join([*sorted(opened.children), str(float(opened["trajectory/loss"].sum()))])
    opened.close()
    return line

for asked in sys.stdin:
    try:
        answer = {"line": read(*json.loads(asked))}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
"""


@cache
def child() -> subprocess.Popen:
    """Start it; whatever it says beside its answers comes in between them, and is no JSON."""
    started = subprocess.Popen(
        [sys.executable, "-I", "-S", "-W", "error", "-c", PLAIN, sysconfig.get_path("purelib")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    atexit.register(started.communicate)
    return started


def plain_xarray(address: str, how: str) -> str:
    """Open an export in a child process that has none of our code; every warning is an error."""
    process = child()
    process.stdin.write(json.dumps([str(address), how]) + "\n")
    process.stdin.flush()
    said = process.stdout.readline()
    assert said.startswith("{"), said + process.communicate()[0]
    answer = json.loads(said)
    assert "error" not in answer, answer["error"]
    return answer["line"]
