"""The weights of a network as a file that NumPy or torch reads, and that ``init.file`` takes back."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

import numpy as np
import xarray as xr

from pipeline import RequestError
from pipeline.network.samples import Weights, trajectory_of, weights


def save_weights(trajectory: xr.Dataset | xr.DataTree, path: str | Path, time: float | None = None) -> Path:
    """Write the weights of a trajectory at one of its samples to a file.

    Parameters
    ----------
    trajectory
        From :func:`pipeline.simulate`, or a whole run.
    path
        ``.npz``: the arrays w (m, d) and a (m,). ``.pt``: the state dict of a torch model with the layers
        ``hidden`` and ``output``, where torch is installed; the weight on the bias is ``hidden.bias``.
    time
        The paper's t, of which the nearest sample is taken; None: the end.

    Returns
    -------
    Path
        The file, written whole or not at all.

    Raises
    ------
    RequestError
        If the ending is another one, torch is missing, or a neuron is too small for a float.
    OSError
        If the file can't be written.
    """
    path, trajectory = Path(path), trajectory_of(trajectory)
    encode = {".npz": _npz, ".pt": _torch}.get(path.suffix.lower())
    if encode is None:
        raise RequestError(f"path = {path.name!r}: allowed are the endings .npz and .pt")
    network = weights(trajectory, time)
    lost = np.flatnonzero(~network.w.any(axis=1))
    if len(lost):
        raise RequestError(
            f"neuron {lost[0]} is too small for a float at that time; init.from_run goes on at any scale"
        )
    labels = str(trajectory["coord"].attrs.get("labels", "")).split()
    content = encode(network, labels[-1:] == ["bias"])
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def state_dict(network: Weights, bias: bool) -> dict[str, np.ndarray]:
    """The arrays of two linear layers, named as a torch model with the layers hidden and output has them."""
    hidden = {"hidden.weight": network.w[:, :-1], "hidden.bias": network.w[:, -1]} if bias else {}
    return (hidden or {"hidden.weight": network.w}) | {"output.weight": network.a[None, :]}


def _npz(network: Weights, bias: bool) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, w=network.w, a=network.a)
    return buffer.getvalue()


def _torch(network: Weights, bias: bool) -> bytes:
    try:
        import torch
    except ImportError:
        raise RequestError("path = ....pt: writing it needs torch: pip install torch, or write .npz") from None
    buffer = io.BytesIO()
    arrays = state_dict(network, bias)
    torch.save({name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}, buffer)
    return buffer.getvalue()
