"""The start weights that a user gives: in the configuration itself, or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from pipeline.configuration.arrays import Arrays, described, npy_array, npz_arrays, one_row, torch_arrays
from pipeline.configuration.bounds import parse_toml, read_bytes
from pipeline.configuration.explaining import explain
from pipeline.configuration.files import read_pinned
from pipeline.configuration.init_table import InitConfig

if TYPE_CHECKING:  # naming a run, and finding it in the catalog, takes no NumPy
    import numpy as np


class GivenWeights(NamedTuple):
    """The weights exp(log_size) w and exp(log_size) a: those of 1e-1000 are no floats, their factors are.

    Attributes
    ----------
    w, a, log_size
        float64[neuron, coord], float64[neuron] and float64[neuron]; of plain weights log_size is 0.
    """

    w: np.ndarray
    a: np.ndarray
    log_size: np.ndarray


def read_weights(config: InitConfig) -> GivenWeights:
    """The weights of a ``given`` start, as they stand there.

    Raises
    ------
    RequestError
        If the file can't be read as such, or is no longer the one that the run is named by.
    """
    if config.file is None:
        return _in_the_table(config)
    return read_pinned("init", config.file, config.file_sha256, READERS)


def open_arrays(path: str | Path) -> Arrays:
    """Open a file of named arrays: an npz file, or what ``torch.save`` wrote.

    Raises
    ------
    OSError, ValueError
        If it can't be read, or is none.
    """
    path = Path(path)
    opening = {".npz": npz_arrays, ".pt": torch_arrays, ".pth": torch_arrays}.get(path.suffix.lower())
    if opening is None:
        raise ValueError("allowed are the endings .npz, .pt, .pth")
    return opening(read_bytes(path))


def _plain(w: np.ndarray, a: np.ndarray) -> GivenWeights:
    import numpy as np

    return GivenWeights(w, a, np.zeros(len(w)))


def _from_npy(content: bytes) -> GivenWeights:
    """One array, a row a neuron; the last column is a."""
    table = npy_array(content)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] < 2:
        raise ValueError(f"{described([('the array', table)])}: allowed is (m, d + 1), the last column is a")
    return _plain(table[:, :-1], table[:, -1])


def _in_the_table(config: InitConfig) -> GivenWeights:
    import numpy as np

    return _plain(np.array(config.w, dtype=float), np.array(config.a, dtype=float))


SCALED = ("log_norm", "direction", "output_ratio")
"""The arrays of weights of any scale, as a trajectory has them."""


def network_arrays(arrays: Arrays) -> GivenWeights:
    """The arrays ``w`` and ``a``, the two linear layers of a state dict, or log_norm, direction and output_ratio.

    Layers are told by their shapes: the hidden one has ``....weight`` (m, d), and perhaps ``....bias`` (m,), which
    is the weight on the data's last coordinate, the bias; the output one has ``....weight`` (1, m).

    Raises
    ------
    ValueError
        If neither is there, or something of it has no place in this network, such as an output's own bias.
    """
    layers = names_of_layers(arrays)
    if layers:
        return _two_layers(arrays, layers)
    names = {name.lower() for name in arrays.names}
    if names >= set(SCALED) and not names & {"w", "a"}:
        return _scaled(arrays)
    w, a = arrays.numbers("w"), arrays.numbers("a")
    w = w[:, None] if w.ndim == 1 else w
    row = one_row(a, len(w)) if w.ndim == 2 else a
    if w.ndim != 2 or row.ndim != 1 or len(w) != len(row) or w.size == 0:
        raise ValueError(f"{described([('w', w), ('a', a)])}: allowed are (m, d) and (m,)")
    return _plain(w, row)


def names_of_layers(arrays: Arrays) -> list[str]:
    """The names of the layers of a state dict, in its order; none where the arrays are called w and a."""
    if any(name.lower() in ("w", "a") for name in arrays.names):
        return []
    return [name.removesuffix(WEIGHT) for name in arrays.names if name.endswith(WEIGHT)]


def _scaled(arrays: Arrays) -> GivenWeights:
    """Weights of any scale: exp(log_norm) direction and exp(log_norm) output_ratio."""
    import numpy as np

    log_norm, direction, ratio = map(arrays.numbers, SCALED)
    if (
        direction.ndim != 2
        or not direction.size
        or log_norm.shape != ratio.shape
        or ratio.shape != direction.shape[:1]
    ):
        shapes = described(list(zip(SCALED, (log_norm, direction, ratio), strict=True)))
        raise ValueError(f"{shapes}: allowed are (m,), (m, d) and (m,)")
    if not np.isfinite(log_norm).all():
        raise ValueError(f"log_norm[{int(np.argmin(np.isfinite(log_norm)))}] is no finite number")
    return GivenWeights(direction, ratio, log_norm)


WEIGHT, BIAS = ".weight", ".bias"
"""What the names of a layer's arrays end with in a state dict."""


def hidden_and_output(arrays: Arrays, layers: list[str]) -> tuple[str, str]:
    """Which of the two layers is the hidden one, and which the output's, by their shapes.

    Raises
    ------
    ValueError
        If they are not two, or no such layers.
    """
    if len(layers) != 2:
        raise ValueError(
            f"it has the layers {', '.join(layers)}: two are allowed, the hidden one and the output's"
        )
    strange = [name for name in arrays.names if name.removesuffix(WEIGHT).removesuffix(BIAS) not in layers]
    if strange:
        raise ValueError(f"the array {strange[0]} belongs to neither of the two layers {' and '.join(layers)}")
    weights = {layer: arrays.numbers(layer + WEIGHT) for layer in layers}
    fitting = [
        (hidden, output)
        for hidden, output in (layers, layers[::-1])
        if weights[hidden].ndim == 2 and weights[output].shape in _of_outputs(len(weights[hidden]))
    ]
    if not fitting or not all(weight.size for weight in weights.values()):
        shapes = described([(layer + WEIGHT, weight) for layer, weight in weights.items()])
        raise ValueError(f"{shapes}: allowed are (m, d) and (1, m) or (m, 1)")
    return fitting[0]  # of one neuron on one coordinate both do: the first of them comes first


def _two_layers(arrays: Arrays, layers: list[str]) -> GivenWeights:
    import numpy as np

    hidden, output = hidden_and_output(arrays, layers)
    w, a = arrays.numbers(hidden + WEIGHT), arrays.numbers(output + WEIGHT).ravel()
    if output + BIAS in arrays.names and (constant := arrays.numbers(output + BIAS)).any():
        raise ValueError(
            f"{output + BIAS} is {constant.ravel()[0]:g}: this network's output has no bias of its own, 0 is "
            "allowed; subtract it from the labels instead"
        )
    if hidden + BIAS in arrays.names:
        bias = one_row(arrays.numbers(hidden + BIAS), len(w))
        if bias.shape != a.shape:
            raise ValueError(f"{described([(hidden + BIAS, bias)])}: allowed is {a.shape}, one for each neuron")
        w = np.column_stack([w, bias])
    return _plain(w, a)


def _of_outputs(m: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The shapes of the output's weights: torch's, and that of a matrix that multiplies from the right."""
    return (1, m), (m, 1)


def _from_toml(content: bytes) -> GivenWeights:
    """Read ``w`` and ``a`` as they could stand in the configuration's own ``[init]``."""
    values = parse_toml(content)
    try:
        keys = {key: values[key] for key in ("w", "a") if key in values}
        return _in_the_table(InitConfig.model_validate({"start": "given"} | keys))
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None


def _from_torch(content: bytes) -> GivenWeights:
    return network_arrays(torch_arrays(content))


READERS = {
    ".npy": _from_npy,
    ".npz": lambda content: network_arrays(npz_arrays(content)),
    ".pt": _from_torch,
    ".pth": _from_torch,
    ".toml": _from_toml,
}
"""What makes sense of a file, by its ending."""
