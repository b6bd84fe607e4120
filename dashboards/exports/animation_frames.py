"""The frames of a page that works without a server: small arrays, read from a run beforehand.

A browser cannot read Zarr: all data of an animation must be in the page. So there are at most :data:`FRAMES`
samples and at most :data:`NEURONS` neurons, in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from pipeline.figures import Plane, State, neuron_roles, one_input, read_state, shown_until

FRAMES = 120
NEURONS = 200
HELD = 2**28
"""Bytes; more is read from the store frame by frame."""
POSITIONS = 161
"""Where the function is evaluated; besides at the data, so that the line meets the dots."""
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
    """Read the frames of a run, sample by sample: it may be larger than memory."""
    samples, neurons, one = frame_samples(tree), shown_neurons(tree), one_input(tree)
    trajectory = tree["trajectory"].dataset[NETWORK].isel(time=samples)
    if trajectory.nbytes <= HELD:
        trajectory = trajectory.load()
    role = neuron_roles(tree)
    plane = None if one is None else Plane.of(tree, one, POSITIONS)
    places: list[tuple[Doubles, Doubles, Truths]] = []
    functions: list[Doubles] = []
    for frame in range(len(samples)):
        state = read_state(trajectory, frame, role)
        across, up = _cosines(tree, state) if plane is None else _at_kinks(plane, state)
        places.append((across[neurons], up[neurons], state.sliding[neurons]))
        functions.append(np.empty(0) if plane is None else plane.function(state))
    across, up, sliding = (np.array(column) for column in zip(*places, strict=True))
    position = function = minimum = data = None
    labels = ("cosine with D₊", "cosine with −D₋")
    if plane is not None:
        position, function, data = (_single(array) for array in (plane.position, functions, plane.one.x))
        minimum = None if plane.minimum is None else _single(plane.minimum)
        kinks = "x, and kinks −wⱼ₂/wⱼ₁" if plane.one.bias_column is not None else "x"
        labels = (kinks, "h(x), yₖ, and sⱼ|wⱼ|")
    return AnimationFrames(
        samples, neurons, _single(across), _single(up), sliding, role[neurons].tolist(), position, function,
        minimum, data, labels,
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


def _at_kinks(plane: Plane, state: State) -> tuple[Doubles, Doubles]:
    """Place neurons at their kinks; one outside the window stands at its border, as in figure 2."""
    return np.clip(plane.one.kinks(state.direction), *plane.window), state.height


def _cosines(tree: xr.DataTree, state: State) -> tuple[Doubles, Doubles]:
    """Place neurons by their cosines with D_+ and -D_-; those with a vector that is zero are 0."""
    vectors = [tree["data"].dataset[name].values for name in ("growth_positive", "growth_negative")]
    positive, negative = (vector / (np.linalg.norm(vector) or 1.0) for vector in vectors)
    return state.direction @ positive, state.direction @ -negative


def _single(values: object) -> Array:
    return np.asarray(values, dtype=np.float32)
