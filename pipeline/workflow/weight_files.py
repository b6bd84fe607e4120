"""The weights of a network as a file that NumPy or torch reads, and that ``init.file`` takes back."""

from __future__ import annotations

import io
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant
from pipeline import RequestError
from pipeline.configuration import SCALED, WEIGHT, Arrays, hidden_and_output, names_of_layers
from pipeline.flow import arrays_of
from pipeline.inputs.kinds import truth
from pipeline.network.samples import Weights, sample_at, trajectory_of, weights

SMALLEST = 1e-300
"""The norm from which on all digits of a weight are kept."""
HIDDEN, OUTPUT = "hidden", "output"
"""The names of the layers where no model says others."""
TORCH = (".pt", ".pth")
NEEDS_TORCH = "writing it needs torch: pip install torch, or write .npz"


def save_weights(
    trajectory: xr.Dataset | xr.DataTree,
    path: str | Path,
    time: float | None = None,
    *,
    scaled: bool = False,
    like: Any = None,
) -> Path:
    """Write the weights of a trajectory at one of its samples to a file.

    Parameters
    ----------
    trajectory
        From :func:`pipeline.simulate`, or a whole run.
    path
        ``.npz``: the arrays w (m, d) and a (m,). ``.pt`` or ``.pth``: the state dict of a torch model with the
        layers ``hidden`` and ``output``, where torch is installed; the weight on the bias is ``hidden.bias``.
    time
        The paper's t, of which the nearest sample is taken; None: the end.
    scaled
        For ``.npz``: the arrays log_norm (m,), direction (m, d) and output_ratio (m,) instead, at any scale.
    like
        A torch model with two linear layers, its state dict, or a file of one: the arrays get its names and
        shapes. Biases of it that this network does not have are 0.

    Returns
    -------
    Path
        The file, written whole or not at all. :func:`pipeline.given_start` and ``init.file`` take it back.

    Raises
    ------
    RequestError
        If the ending is another one, torch is missing, a neuron is too small for a float, or the model is of
        another size.
    OSError
        If the file can't be written.
    """
    if not isinstance(path, str | Path):
        raise RequestError(f"path is a {type(path).__name__}: allowed is the name of a file")
    path, trajectory = Path(path).expanduser(), trajectory_of(trajectory)
    ending = path.suffix.lower()
    if ending not in (".npz", *TORCH):
        raise RequestError(f"path = {path.name!r}: allowed are the endings .npz, .pt and .pth")
    scaled = truth("scaled", scaled)
    if scaled and (ending != ".npz" or like is not None):
        raise RequestError("scaled = true: allowed with the ending .npz, and without like, only")
    if scaled:
        found = at_instant(trajectory, sample_at(trajectory, time), *SCALED)
        arrays = dict(zip(SCALED, found, strict=True))
    else:
        network = _in_floats(trajectory, time)
        labels = str(trajectory["coord"].attrs.get("labels", "")).split()
        plain = like is None and ending == ".npz"
        arrays = network._asdict() if plain else state_dict(network, labels[-1:] == ["bias"], like)
    content = _npz(arrays) if ending == ".npz" else _torch(arrays)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _in_floats(trajectory: xr.Dataset, time: float | None) -> Weights:
    """The weights in plain units.

    Raises
    ------
    RequestError
        If floats have no digits for one of them.
    """
    network = weights(trajectory, time)
    lost = np.flatnonzero(np.abs(network.w).max(axis=1) < SMALLEST)
    if len(lost):
        raise RequestError(
            f"neuron {lost[0]} is too small for a float at that time: scaled = true (--scaled) writes log_norm, "
            "direction and output_ratio to an npz file, which given_start and init.file take back"
        )
    return network


def state_dict(network: Weights, bias: bool, like: Any = None) -> dict[str, np.ndarray]:
    """The arrays of two linear layers, named as a torch model with the layers hidden and output has them.

    Parameters
    ----------
    bias
        Whether the last coordinate is a bias.
    like
        A model that names and shapes them otherwise.

    Raises
    ------
    RequestError
        If the model is of another size, or none of two linear layers.
    """
    if like is None:
        hidden = {f"{HIDDEN}.bias": network.w[:, -1]} if bias else {}
        return {f"{HIDDEN}{WEIGHT}": network.w[:, :-1] if bias else network.w} | hidden | {
            f"{OUTPUT}{WEIGHT}": network.a[None, :]
        }  # fmt: skip
    model = arrays_of("like", like)
    if model is None:
        raise RequestError(f"like is a {type(like).__name__}: a torch model, its state dict or a file is allowed")
    try:
        return _as_the_model(network, bias, model)
    except ValueError as error:
        raise RequestError(f"like: {error}") from None


def _as_the_model(network: Weights, bias: bool, model: Arrays) -> dict[str, np.ndarray]:
    """The arrays under the model's names, in its order and shapes."""
    layers = names_of_layers(model)
    if not layers:
        found = {"w": network.w, "a": network.a}
        if sorted(map(str.lower, model.names)) != ["a", "w"]:
            raise ValueError(f"it has {', '.join(model.names)}: two linear layers are allowed, or w and a")
        return {name: _shaped(found[name.lower()], model, name) for name in model.names}
    hidden, output = hidden_and_output(model, layers)
    apart = bias and f"{hidden}.bias" in model.names
    found = {
        f"{hidden}{WEIGHT}": network.w[:, :-1] if apart else network.w,
        f"{hidden}.bias": network.w[:, -1] if apart else np.zeros(len(network.w)),
        f"{output}{WEIGHT}": network.a,
        f"{output}.bias": np.zeros(1),
    }
    return {name: _shaped(found[name], model, name) for name in model.names if name in found}


def _shaped(array: np.ndarray, model: Arrays, name: str) -> np.ndarray:
    shape = model.numbers(name).shape
    if array.size != int(np.prod(shape)) or (array.ndim == len(shape) and array.shape != shape):
        raise ValueError(f"{name} has the shape {shape}: allowed is {array.shape}, that of the network")
    return array.reshape(shape)


def _npz(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _torch(arrays: dict[str, np.ndarray]) -> bytes:
    try:
        import torch
    except ImportError:
        raise RequestError(f"path = ....pt: {NEEDS_TORCH}") from None
    buffer = io.BytesIO()
    tensors = {name: torch.from_numpy(np.array(array, dtype=float, order="C")) for name, array in arrays.items()}
    torch.save(tensors, buffer)
    return buffer.getvalue()
