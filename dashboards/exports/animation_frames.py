"""The frames of a page that works without a server: small arrays, read from a run beforehand.

A browser cannot read Zarr: all data of an animation must be in the page. So there are at most :data:`FRAMES`
samples and at most :data:`NEURONS` neurons, in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog import decode, flag_numbers
from pipeline.figures import input_and_bias, leak, piecewise_linear, shown_until

FRAMES = 120
NEURONS = 200
HELD = 2**28
"""Bytes; more is read from the store frame by frame."""
POSITIONS = 161
"""Where the function is evaluated; besides at the data, so that the line meets the dots."""
MARGIN = 0.6
"""How far the window of x reaches beyond the data, as a part of the data's range: as in figure 2."""

NETWORK = ["direction", "log_norm", "output_ratio", "activation"]
"""The variables of a trajectory that make a state."""

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class AnimationFrames:
    """What moves, frame by frame.

    Attributes
    ----------
    samples
        (frame) numbers of samples of the run.
    neurons
        (neuron) which of the run's are shown.
    across, up
        (frame, neuron) where each stands: at its kink and the height s_j |w_j| over one input; else its
        cosines with D_+ and -D_-.
    sliding
        (frame, neuron) whether it is held on the boundary of a data point.
    role
        (neuron) by name.
    position, function
        (place), (frame, place): h over one input; None for more.
    minimum
        (place) the function of least norm; None where it is not known.
    data
        (point) the inputs; None for more than one coordinate.
    labels
        Of the two axes.
    """

    samples: Indices
    neurons: Indices
    across: Array
    up: Array
    sliding: Truths
    role: list[str]
    position: Array | None
    function: Array | None
    minimum: Array | None
    data: Array | None
    labels: tuple[str, str]


def read_frames(tree: xr.DataTree) -> AnimationFrames:
    """Cut the reel of a run, sample by sample: it may be larger than memory."""
    samples, neurons = frame_samples(tree), shown_neurons(tree)
    trajectory = tree["trajectory"].dataset[NETWORK].isel(time=samples)
    if trajectory.nbytes <= HELD:
        trajectory = trajectory.load()
    role = decode(tree["phases"].dataset["role"])[neurons].tolist()
    columns = input_and_bias(tree)
    place = _on_a_line(tree, columns) if columns is not None else _by_cosines(tree)
    states = [place.state(_network(trajectory, frame), neurons) for frame in range(len(samples))]
    across, up, sliding = (np.array([state[i] for state in states]) for i in range(3))
    function = minimum = data = None
    if isinstance(place, _Line):
        function, minimum = np.array([state[3] for state in states], dtype=np.float32), place.least(tree)
        data = tree["data"].dataset["x"].values[:, place.column].astype(np.float32)
    return AnimationFrames(
        samples, neurons, across.astype(np.float32), up.astype(np.float32), sliding, role, place.position,
        function, minimum, data, place.labels,
    )  # fmt: skip


def frame_samples(tree: xr.DataTree) -> Indices:
    """Choose samples, evenly among those within the loss figure's axis: they lie where the network moves."""
    time = tree["trajectory"].dataset["time"].values
    last = max(int(np.searchsorted(time, shown_until(tree), side="right")) - 1, 0)
    return np.unique(np.linspace(0, last, min(FRAMES, last + 1)).round().astype(np.intp))


def shown_neurons(tree: xr.DataTree) -> Indices:
    """Choose neurons: all, or half of them the largest at the end and half evenly among the others."""
    size = tree["trajectory"].dataset["log_norm"].isel(time=-1).values
    if size.size <= NEURONS:
        return np.arange(size.size)
    order = np.argsort(-size, kind="stable")
    rest = np.sort(order[NEURONS // 2 :])
    evenly = rest[np.linspace(0, rest.size - 1, NEURONS - NEURONS // 2).round().astype(np.intp)]
    return np.sort(np.concatenate([order[: NEURONS // 2], evenly]))


Network = tuple[Doubles, Doubles, Doubles, Truths]
"""w_j/|w_j|, |w_j|, a_j and whether a neuron slides, of one sample."""
State = tuple[Doubles, Doubles, Truths, Doubles]
"""Across, up and sliding of the shown neurons, and h at the positions."""


@dataclass(frozen=True)
class _Line:
    """Neurons over one input."""

    column: int
    bias_column: int | None
    bias: float
    leak: float
    position: Array
    labels: tuple[str, str]

    def state(self, network: Network, neurons: Indices) -> State:
        direction, norm, output, sliding = network
        slope, offset = self.lines(direction)
        with np.errstate(divide="ignore", invalid="ignore"):
            kink = np.where(slope == 0, np.inf, -offset / slope)
        # A kink outside the window stands at its border, as in figure 2.
        at = np.clip(kink, self.position[0], self.position[-1])
        height = np.sign(output) * norm
        return at[neurons], height[neurons], sliding[neurons], self.sum_of(direction, output * norm)

    def lines(self, weight: Doubles) -> tuple[Doubles, Doubles]:
        """Split rows of weights into slopes and offsets."""
        slope = weight[:, self.column]
        return slope, np.zeros_like(slope) if self.bias_column is None else self.bias * weight[:, self.bias_column]

    def sum_of(self, weight: Doubles, output: Doubles) -> Doubles:
        """Evaluate the function of these neurons at every position."""
        return piecewise_linear(*self.lines(weight), output, self.position.astype(np.float64), self.leak)

    def least(self, tree: xr.DataTree) -> Array | None:
        """Evaluate the minimum-norm function, if it is known."""
        norm = tree["minimal_norm"].dataset
        if not np.isfinite(float(norm["value"])):
            return None
        weight = norm["weight"].values
        return self.sum_of(weight, norm["output_sign"].values * np.linalg.norm(weight, axis=1)).astype(np.float32)


@dataclass(frozen=True)
class _Cosines:
    """Neurons over any input, by their angles."""

    targets: Doubles
    labels: tuple[str, str]
    position: None = None

    def state(self, network: Network, neurons: Indices) -> State:
        direction, _, _, sliding = network
        cosine = direction[neurons] @ self.targets
        return cosine[:, 0], cosine[:, 1], sliding[neurons], np.empty(0)


def _network(trajectory: xr.Dataset, frame: int) -> Network:
    """Read one frame."""
    # A slice, though of one: so nothing else is read, however it is kept.
    sample = trajectory.isel(time=slice(frame, frame + 1))
    direction, log_norm, ratio = (np.asarray(sample[name].values[0], dtype=np.float64) for name in NETWORK[:3])
    norm, flag = np.exp(log_norm), flag_numbers(sample["activation"].attrs)["sliding"]
    return direction, norm, ratio * norm, (sample["activation"].values[0] == flag).any(axis=1)


def _on_a_line(tree: xr.DataTree, columns: tuple[int, int | None]) -> _Line:
    """Choose the window: the data and a margin."""
    column, bias_column = columns
    data = tree["data"].dataset["x"].values
    x = data[:, column]
    shown = x if bias_column is not None else np.append(x, 0.0)  # all kinks are there
    margin = MARGIN * (float(np.ptp(shown)) or 1.0)
    evenly = np.linspace(shown.min() - margin, shown.max() + margin, POSITIONS)
    return _Line(
        column,
        bias_column,
        0.0 if bias_column is None else float(data[0, bias_column]),
        leak(tree),
        np.union1d(evenly, shown).astype(np.float32),
        ("x, and kinks −wⱼ₂/wⱼ₁" if bias_column is not None else "x", "h(x), yₖ, and sⱼ|wⱼ|"),
    )


def _by_cosines(tree: xr.DataTree) -> _Cosines:
    """Take D_+ and -D_- as unit vectors; one that is zero stays so."""
    vectors = [tree["data"].dataset[name].values for name in ("growth_positive", "growth_negative")]
    unit = [vector / (np.linalg.norm(vector) or 1.0) for vector in vectors]
    targets = np.stack([unit[0], -unit[1]], axis=1)
    return _Cosines(targets, ("cosine with D₊", "cosine with −D₋"))
