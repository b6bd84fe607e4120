"""Weights go out as files, and come in again as a start."""

import numpy as np
import pytest

from pipeline import RequestError, data_set, load_config, save_weights, simulate, start, weights
from pipeline.configuration import read_weights
from pipeline.workflow.weight_files import state_dict

DATA = data_set([-1.0, 0.5], [1.0, -1.0], bias=True)
TRAJECTORY = simulate(DATA, start(DATA, width=4, log10_scale=-1), sample_times=[0.0, 1.0, 4.0])


def taken_back(path):
    keys = {"data.x": [-1.0, 0.5], "data.y": [1.0, -1.0], "data.bias": True, "init.start": "given"}
    return read_weights(load_config(keys | {"init.file": str(path)}).init)


@pytest.mark.parametrize("time", [None, 1.0])
def test_weights_come_back(tmp_path, time):
    path = save_weights(TRAJECTORY, tmp_path / "w.npz", time)
    for found, expected in zip(taken_back(path), weights(TRAJECTORY, time), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert list(tmp_path.iterdir()) == [path]


def test_a_state_dict_is_one_of_two_linear_layers(tmp_path):
    """As ``Linear(1, 4)`` and ``Linear(4, 1, bias=False)`` name their arrays."""
    network = weights(TRAJECTORY)
    layers = state_dict(network, bias=True)
    assert {name: array.shape for name, array in layers.items()} == {
        "hidden.weight": (4, 1), "hidden.bias": (4,), "output.weight": (1, 4)
    }  # fmt: skip
    for name, arrays in {"layers.npz": layers, "rows.npz": layers | {"output.weight": network.a[:, None]}}.items():
        np.savez(tmp_path / name, **arrays)
        w, a = taken_back(tmp_path / name)
        np.testing.assert_array_equal(w, network.w)
        np.testing.assert_array_equal(a, network.a)
    np.save(tmp_path / "table.npy", np.column_stack(network))
    np.testing.assert_array_equal(taken_back(tmp_path / "table.npy")[1], network.a)


def test_a_torch_model_has_the_same_outputs(tmp_path):
    torch = pytest.importorskip("torch")
    path = save_weights(TRAJECTORY, tmp_path / "w.pt")
    model = torch.nn.Sequential()
    model.hidden, model.relu, model.output = (
        torch.nn.Linear(1, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1, bias=False)
    )  # fmt: skip
    model.load_state_dict(torch.load(path))
    x = torch.tensor([[-1.0], [0.5]])
    expected = DATA["y"].values - TRAJECTORY["residual"].values[-1]
    np.testing.assert_allclose(model(x).detach().numpy()[:, 0], expected, atol=1e-6)
    np.testing.assert_allclose(taken_back(path)[0], weights(TRAJECTORY).w, rtol=1e-6)


def test_what_can_not_be_written(tmp_path):
    with pytest.raises(RequestError, match=r"allowed are the endings \.npz and \.pt"):
        save_weights(TRAJECTORY, tmp_path / "w.csv")
    tiny = simulate(DATA, start(DATA, width=4, log10_scale=-1000), sample_times=[0.0, 1.0])
    with pytest.raises(RequestError, match="neuron 0 is too small for a float"):
        save_weights(tiny, tmp_path / "w.npz")


def test_the_command_writes_them(reluflow, filled, tmp_path):
    done = reluflow("export", "orthonormal", tmp_path / "w.npz", "--time", 0, "--catalog", filled)
    assert done.exit_code == 0, done.stderr
    with np.load(tmp_path / "w.npz") as found:
        assert found["w"].shape == (6, 4)
    for words, said in (
        (("orthonormal", tmp_path / "a.zip", "--time", 3), "--time 3: allowed where DEST ends with"),
        ((tmp_path / "a.npz",), "allowed is one RUN before a file of weights"),
        (("orthonormal", tmp_path / "a.npz", "--time", 1e9), "time = 1e+09: from 0 to"),
    ):
        done = reluflow("export", *words, "--catalog", filled)
        assert done.exit_code == 2
        assert said in done.stderr
