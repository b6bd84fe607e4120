"""Weights go out as files, and come in again as a start."""

import numpy as np
import pytest

from pipeline import (
    RequestError,
    data_set,
    fit,
    given_start,
    initialise,
    load_config,
    predict,
    save_weights,
    simulate,
    start,
    start_from,
    weights,
)
from pipeline.configuration import read_weights
from pipeline.workflow.weight_files import state_dict

DATA = data_set([-1.0, 0.5], [1.0, -1.0], bias=True)
TRAJECTORY = simulate(DATA, start(DATA, width=4, log10_scale=-1), sample_times=[0.0, 1.0, 4.0])


def taken_back(path):
    keys = {"data.x": [-1.0, 0.5], "data.y": [1.0, -1.0], "data.bias": True, "init.start": "given"}
    return read_weights(load_config(keys | {"init.file": str(path)}).init)[:2]


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


LIKE = {
    "names": ({"fc1.weight": (4, 1), "fc1.bias": (4,), "fc2.weight": (1, 4)}, True),
    "output first": ({"2.bias": (1,), "2.weight": (1, 4), "0.weight": (4, 1), "0.bias": (4,)}, True),
    "column": ({"up.weight": (4, 2), "down.weight": (4, 1)}, True),
    "bias without one": ({"h.weight": (4, 2), "h.bias": (4,), "o.weight": (1, 4)}, False),
    "no layers": ({"W": (4, 2), "A": (1, 4)}, True),
}


@pytest.mark.parametrize(("shapes", "bias"), LIKE.values(), ids=LIKE)
def test_weights_are_written_as_a_model_names_them(shapes, bias):
    model = {name: np.ones(shape, dtype="f4") for name, shape in shapes.items()}
    layers = state_dict(weights(TRAJECTORY), bias, model)
    assert {name: array.shape for name, array in layers.items()} == shapes
    start = given_start(layers)
    expected = start_from(TRAJECTORY)
    d = start.sizes["coord"]
    np.testing.assert_allclose(start["direction"].values[:, :2], expected["direction"].values, atol=1e-15)
    assert d == (2 if bias else 3)  # the model's bias is a third coordinate, of 0


def test_a_file_says_the_names_too(tmp_path):
    shapes, _ = LIKE["output first"]
    model = {name: np.ones(shape, dtype="f4") for name, shape in shapes.items()}
    path = save_weights(TRAJECTORY, tmp_path / "w.npz", like=model)
    again = save_weights(TRAJECTORY, tmp_path / "v.npz", like=path)
    assert path.read_bytes() == again.read_bytes()
    assert given_start(again).equals(given_start(state_dict(weights(TRAJECTORY), True)))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"fc1.weight": np.ones((5, 1)), "fc2.weight": np.ones((1, 5))}, r"fc1.weight has the shape \(5, 1\)"),
        ({"weight": np.ones((4, 1))}, "like: it has weight: two linear layers are allowed, or w and a"),
        ({"a.weight": np.ones((4, 1))}, "like: it has the layers a: two are allowed"),
        (3, "like is a int: a torch model, its state dict or a file is allowed"),
        ("missing.npz", "like = 'missing.npz': No such file"),
        ("model.csv", r"like = 'model.csv': allowed are the endings .npz, .pt, .pth"),
    ],
)
def test_a_model_that_is_none_of_this_network(tmp_path, model, said):
    with pytest.raises(RequestError, match=said):
        save_weights(TRAJECTORY, tmp_path / "w.npz", like=model)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_any_scale_come_back_bit_for_bit(tmp_path):
    deep = simulate(DATA, start(DATA, width=4, log10_scale=-1000), samples=40)
    time = float(deep["time"][20])
    with pytest.raises(RequestError, match=r"neuron 0 is too small .* scaled = true \(--scaled\) writes log_norm"):
        save_weights(deep, tmp_path / "w.npz", time)
    path = save_weights(deep, tmp_path / "w.npz", time, scaled=True)
    found, expected = given_start(path), start_from(deep, time)
    for name in ("log_norm", "direction", "output_ratio"):
        np.testing.assert_array_equal(found[name].values, expected[name].values)
    assert float(found["log_init_scale"]) == pytest.approx(float(expected["log_init_scale"]), rel=1e-12)
    keys = {"data.x": [-1.0, 0.5], "data.y": [1.0, -1.0], "data.bias": True, "init.start": "given"}
    config = load_config(keys | {"init.file": str(path)})
    assert config.init.width == 4
    assert initialise(DATA, config.init)["log_norm"].values.tolist() == expected["log_norm"].values.tolist()
    with np.load(path) as arrays:
        assert given_start(arrays).equals(found)
        wrong = dict(arrays)
    for name, array, said in (
        ("log_norm", wrong["log_norm"][:2], r"log_norm has the shape \(2,\)"),
        ("log_norm", np.full(4, np.nan), r"w: log_norm\[0\] is no finite number"),
        ("direction", np.zeros((4, 2)), r"w\[0\] is the zero vector"),
    ):
        with pytest.raises(RequestError, match=said):
            given_start(wrong | {name: array})
    for more in ({"like": wrong}, {}):
        with pytest.raises(RequestError, match=r"scaled = true: allowed with the ending \.npz, and without like"):
            save_weights(deep, tmp_path / ("w.npz" if more else "w.pt"), scaled=True, **more)


def test_torch_models_of_any_names_go_in_and_come_out(tmp_path):
    torch = pytest.importorskip("torch")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    torch.nn.init.zeros_(model[2].bias)
    x = torch.tensor([[-1.0], [0.5], [2.0]])
    trajectory = simulate(DATA, given_start(model))
    before = predict(trajectory, x, time=0.0).values
    np.testing.assert_allclose(model(x).detach().numpy()[:, 0], before, atol=1e-6)
    torch.save({"epoch": 3, "model": model.state_dict(), "optimizer": {"state": {}}}, tmp_path / "checkpoint.pth")
    assert given_start(tmp_path / "checkpoint.pth").equals(given_start(model.state_dict()))
    model.load_state_dict(torch.load(save_weights(trajectory, tmp_path / "w.pth", like=model)))
    np.testing.assert_allclose(model(x).detach().numpy()[:, 0], predict(trajectory, x).values[-1], atol=1e-6)
    assert fit([-1.0, 0.5], [1.0, -1.0], bias=True, w=model, samples=5).children
    assert weights(trajectory, torch.tensor(0.0)).a.shape == (4,)
    assert data_set(x.bfloat16(), torch.ones(3, 1)).sizes["point"] == 3


def test_what_can_not_be_written(tmp_path):
    with pytest.raises(RequestError, match=r"allowed are the endings \.npz, \.pt and \.pth"):
        save_weights(TRAJECTORY, tmp_path / "w.csv")
    with pytest.raises(RequestError, match="path is a Dataset: allowed is the name of a file"):
        save_weights(TRAJECTORY, TRAJECTORY)


def test_the_command_writes_them(reluflow, filled, tmp_path):
    done = reluflow("export", "orthonormal", tmp_path / "w.npz", "--time", 0, "--catalog", filled)
    assert done.exit_code == 0, done.stderr
    with np.load(tmp_path / "w.npz") as found:
        assert found["w"].shape == (6, 4)
    done = reluflow("export", "orthonormal", tmp_path / "s.npz", "--scaled", "--catalog", filled)
    assert done.exit_code == 0, done.stderr
    assert given_start(tmp_path / "s.npz").sizes == {"neuron": 6, "coord": 4}
    for words, said in (
        (("orthonormal", tmp_path / "a.zip", "--time", 3), "--time 3: allowed where DEST ends with"),
        ((tmp_path / "a.npz",), "allowed is one RUN before a file of weights"),
        (("orthonormal", tmp_path / "a.npz", "--time", 1e9), "time = 1e+09: from 0 to"),
        (("orthonormal", tmp_path / "a.zip", "--scaled"), "--scaled: allowed where DEST ends with"),
        (("orthonormal", tmp_path / "a.zip", "--like", "b.npz"), "--like b.npz: allowed where DEST ends with"),
        (("orthonormal", tmp_path / "a.pt", "--scaled"), "scaled = true: allowed with the ending .npz"),
    ):
        done = reluflow("export", *words, "--catalog", filled)
        assert done.exit_code == 2
        assert said in done.stderr
