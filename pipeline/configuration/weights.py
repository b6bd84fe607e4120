"""The start weights that a user gives: in the configuration itself, or in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.configuration.arrays import Arrays, described, npy_array, npz_arrays, one_row, torch_arrays
from pipeline.configuration.bounds import parse_toml
from pipeline.configuration.explaining import explain
from pipeline.configuration.files import read_pinned
from pipeline.configuration.init_table import InitConfig

if TYPE_CHECKING:  # naming a run, and finding it in the catalog, takes no NumPy
    import numpy as np

    Weights = tuple[np.ndarray, np.ndarray]


def read_weights(config: InitConfig) -> Weights:
    """The weights w (m, d) and a (m,) of a ``given`` start, as they stand there.

    Raises
    ------
    RequestError
        If the file can't be read as such, or is no longer the one that the run is named by.
    """
    if config.file is None:
        return _in_the_table(config)
    readers = {
        ".npy": _from_npy,
        ".npz": lambda content: network_arrays(npz_arrays(content)),
        ".pt": lambda content: network_arrays(torch_arrays(content)),
        ".toml": _from_toml,
    }
    return read_pinned("init", config.file, config.file_sha256, readers)


def _from_npy(content: bytes) -> Weights:
    """One array, a row a neuron; the last column is a."""
    table = npy_array(content)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] < 2:
        raise ValueError(f"{described([('the array', table)])}: allowed is (m, d + 1), the last column is a")
    return table[:, :-1], table[:, -1]


def _in_the_table(config: InitConfig) -> Weights:
    import numpy as np

    return np.array(config.w, dtype=float), np.array(config.a, dtype=float)


def network_arrays(arrays: Arrays) -> Weights:
    """The arrays ``w`` and ``a``, or the two linear layers of a state dict.

    Layers are told by their shapes: the hidden one has ``....weight`` (m, d), and perhaps ``....bias`` (m,), which
    is the weight on the data's last coordinate, the bias; the output one has ``....weight`` (1, m).

    Raises
    ------
    ValueError
        If neither is there, or something of it has no place in this network, such as an output's own bias.
    """
    layers = [name.removesuffix(WEIGHT) for name in arrays.names if name.endswith(WEIGHT)]
    if not layers or any(name.lower() in ("w", "a") for name in arrays.names):
        w, a = arrays.numbers("w"), arrays.numbers("a")
        w = w[:, None] if w.ndim == 1 else w
        row = one_row(a, len(w)) if w.ndim == 2 else a
        if w.ndim != 2 or row.ndim != 1 or len(w) != len(row) or w.size == 0:
            raise ValueError(f"{described([('w', w), ('a', a)])}: allowed are (m, d) and (m,)")
        return w, row
    return _two_layers(arrays, layers)


WEIGHT, BIAS = ".weight", ".bias"
"""What the names of a layer's arrays end with in a state dict."""


def _two_layers(arrays: Arrays, layers: list[str]) -> Weights:
    import numpy as np

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
    hidden, output = fitting[0]  # of one neuron on one coordinate both do: the first of them comes first
    w, a = weights[hidden], weights[output].ravel()
    if output + BIAS in arrays.names and arrays.numbers(output + BIAS).any():
        raise ValueError(f"{output + BIAS} is not 0: this network's output has no bias of its own")
    if hidden + BIAS in arrays.names:
        bias = one_row(arrays.numbers(hidden + BIAS), len(w))
        if bias.shape != a.shape:
            raise ValueError(f"{described([(hidden + BIAS, bias)])}: allowed is {a.shape}, one for each neuron")
        w = np.column_stack([w, bias])
    return w, a


def _of_outputs(m: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The shapes of the output's weights: torch's, and that of a matrix that multiplies from the right."""
    return (1, m), (m, 1)


def _from_toml(content: bytes) -> Weights:
    """Read ``w`` and ``a`` as they could stand in the configuration's own ``[init]``."""
    values = parse_toml(content)
    try:
        keys = {key: values[key] for key in ("w", "a") if key in values}
        return _in_the_table(InitConfig.model_validate({"start": "given"} | keys))
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None
