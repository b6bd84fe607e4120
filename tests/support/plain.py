"""A child process that has xarray and zarr, and none of our code."""

import subprocess
import sys
import sysconfig

PLAIN = """
import importlib.util, sys, warnings
sys.path.append(sys.argv.pop(1))
warnings.simplefilter("error")
import xarray as xr
assert not any(importlib.util.find_spec(name) for name in ("catalog", "pipeline")), sys.path
for how in sys.argv[2:]:
    if how == "ZipStore":
        from zarr.storage import ZipStore
        file, group = sys.argv[1].split("::")
        opened = xr.open_datatree(ZipStore(file, mode="r"), engine="zarr", group=group)
    else:
        opened = xr.open_datatree(sys.argv[1], engine=how)
    opened.load()
    print(*sorted(opened.children), float(opened["trajectory/loss"].sum()))
    opened.close()
"""


def plain_xarray(address: str, *how: str) -> list[str]:
    """Open an export in a child process that has none of our code; every warning is an error."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", PLAIN, sysconfig.get_path("purelib"), address, *how],
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()
