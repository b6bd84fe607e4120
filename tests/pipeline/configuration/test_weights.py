"""Start weights of the user's own, beside the other keys or in a file; one line about each that can't be read."""

import io
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from torch_double import torch_of

from pipeline.configuration import InitConfig, load_config, read_weights
from pipeline.inputs.errors import RequestError

W, A = [[1.0, 2.0], [3.0, -4.0], [0.0, 0.5]], [0.5, 0.0, -1.0]
TOML = b"w = [[1, 2.0], [3, -4], [0, 0.5]]\na = [0.5, 0, -1]\n"


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


@pytest.fixture
def configured(tmp_path):
    """Load a configuration whose start is in a file of this name."""

    def load(name, content, overrides=None):
        (tmp_path / name).write_bytes(content)
        text = f'[data]\nx = [[1, 0]]\ny = [1]\n[init]\nstart = "given"\nfile = "{name}"\n'
        (tmp_path / "mine.toml").write_text(text)
        return load_config(tmp_path / "mine.toml", overrides)

    return load


def test_weights_beside_the_other_keys():
    config = load_config("orthogonal", {"init": {"start": "given", "w": W, "a": A}}).init
    assert config.width == 3
    w, a, _ = read_weights(config)
    assert_array_equal(w, W)
    assert_array_equal(a, A)
    assert w.dtype == a.dtype == np.float64
    assert read_weights(InitConfig(start="given", w=[1, 2], a=[0, 1]))[0].shape == (2, 1)
    # Whoever starts from a preset, which says a width of its own, has to say the right one.
    keys = {"init.start": "given", "init.w": W, "init.a": A}
    assert load_config("orthogonal", keys | {"init.width": 3}).init == config


@pytest.mark.parametrize(
    ("name", "content"), [("start.toml", TOML), ("START.NPZ", npz(w=W, a=np.float32(A))), ("a.npz", npz(w=W, a=A))]
)
def test_weights_from_a_file(configured, name, content):
    config = configured(name, content).init
    assert config.width == 3  # though nobody said so
    assert config.file_sha256 is not None
    w, a, _ = read_weights(config)
    assert_array_equal(w, W)
    assert_array_equal(a, A)
    assert configured(name, content, {"init.width": 3}).init == config
    assert configured(name, content).run_id("1.0") == configured(name, content, {"init.width": 3}).run_id("1.0")


def test_one_coordinate(configured):
    assert read_weights(configured("a.npz", npz(w=[1, 2], a=[3, 4])).init)[0].shape == (2, 1)
    assert read_weights(configured("a.toml", b"w = [1, 2]\na = [3, 4]").init)[0].shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", b"1,2", "allowed are the endings .npy, .npz, .pt, .pth, .toml"),
        ("a.npz", b"rubbish", "it is not an npz file"),
        ("a.npz", npz(w=W), "the array a is missing, there is w"),
        ("a.npz", npz(w=W, a=["1", "2", "3"]), "the array a is not of real numbers"),
        ("a.npz", npz(w=W, a=A[:2]), "w has the shape (3, 2) and a (2,): allowed are (m, d) and (m,)"),
        ("a.npz", npz(w=W, a=W), "w has the shape (3, 2) and a (3, 2): allowed are (m, d) and (m,)"),
        ("a.npz", npz(w=np.zeros((0, 2)), a=[]), "w has the shape (0, 2) and a (0,): allowed are (m, d) and (m,)"),
        ("a.npz", npz(w=1.0, a=[1.0]), "w has the shape () and a (1,): allowed are (m, d) and (m,)"),
        ("a.toml", b"w = [1]", "a is missing: allowed are w and a, or file"),
        ("a.toml", b"w = [1, 2]\na = [1]", "a has 1 number for 2 rows of w: allowed is one number for each row"),
        ("a.toml", b"w = [inf]\na = [1]", "w[0][0] = inf: a finite number is allowed"),
        ("a.toml", b"w = = 1", "Invalid value (at line 1, column 5)"),
    ],
)
def test_files_that_are_refused(configured, name, content, line):
    with pytest.raises(RequestError) as caught:
        configured(name, content)
    assert str(caught.value) == f"init.file = {name!r}: {line}"


# As other programs write them

FULL = np.column_stack([W, [0.1, 0.2, 0.3]])
OUT = np.array([A])
STATES = {
    "hidden and output": {"hidden.weight": W, "hidden.bias": FULL[:, 2], "output.weight": OUT},
    "linear layers": {"fc1.weight": W, "fc1.bias": FULL[:, 2], "fc2.weight": OUT, "fc2.bias": [0.0]},
    "a sequence": {"net.0.weight": W, "net.0.bias": FULL[:, 2], "net.2.weight": OUT},
    "the output first": {"a.weight": OUT, "b.weight": W, "b.bias": FULL[:, 2:]},
}


@pytest.mark.parametrize("state", STATES)
def test_a_state_dict(configured, monkeypatch, state):
    arrays = {name: np.array(array) for name, array in STATES[state].items()}
    monkeypatch.setitem(sys.modules, "torch", torch_of(arrays))
    for name, content in (("a.npz", npz(**arrays)), ("a.pt", b"")):
        config = configured(name, content).init
        w, a, _ = read_weights(config)
        assert_array_equal(w, FULL)
        assert_array_equal(a, A)
        assert config.width == 3


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_output_weights_as_a_row_or_a_column_and_no_bias(configured, shape):
    w, a, _ = read_weights(configured("a.npz", npz(W=W, a=np.reshape(A, shape))).init)
    assert_array_equal(w, W)
    assert_array_equal(a, A)
    assert_array_equal(read_weights(configured("a.npz", npz(**{"1.weight": W, "2.weight": OUT})).init)[0], W)
    single = {"fc1.weight": [[2.0]], "fc2.weight": [[3.0]]}  # the first comes first
    assert [part.item() for part in read_weights(configured("a.npz", npz(**single)).init)[:2]] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"fc1.weight": W}, "it has the layers fc1: two are allowed, the hidden one and the output's"),
        (
            {"1.weight": W, "2.weight": W, "3.weight": OUT},
            "it has the layers 1, 2, 3: two are allowed, the hidden one and the output's",
        ),
        (
            {"fc1.weight": W, "fc2.weight": [[1.0, 2.0]]},
            "fc1.weight has the shape (3, 2) and fc2.weight (1, 2): allowed are (m, d) and (1, m) or (m, 1)",
        ),
        (
            {"fc1.weight": W, "fc2.weight": OUT, "fc2.bias": [0.1]},
            "fc2.bias is 0.1: this network's output has no bias of its own, 0 is allowed; subtract it from the "
            "labels instead",
        ),
        (
            {"fc1.weight": W, "fc2.weight": OUT, "fc1.bias": [0.1]},
            "fc1.bias has the shape (1,): allowed is (3,), one for each neuron",
        ),
        (
            {"fc1.weight": W, "fc2.weight": OUT, "norm.scale": [0.1]},
            "the array norm.scale belongs to neither of the two layers fc1 and fc2",
        ),
    ],
)
def test_a_state_dict_of_another_network(configured, arrays, line):
    with pytest.raises(RequestError) as caught:
        configured("a.npz", npz(**arrays))
    assert str(caught.value) == f"init.file = 'a.npz': {line}"


def test_a_state_dict_without_torch(configured, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match=r"^init\.file = 'a\.pt': reading it needs torch: pip install torch"):
        configured("a.pt", b"")


def test_a_file_that_changes_between_naming_and_reading_the_run(configured, tmp_path):
    """Else a run would be published under the name of other weights."""
    config = configured("a.toml", TOML)
    (tmp_path / "a.toml").write_bytes(TOML.replace(b"-4", b"-5"))
    with pytest.raises(RequestError, match=r"^init\.file = 'a\.toml': it was changed while it was read$"):
        read_weights(config.init)
