"""What comes in at the public functions: each number converted or refused in one line, nothing compiled anew."""

import sys
from fractions import Fraction
from inspect import signature

import numpy as np
import pytest
import xarray as xr
from witness import paper_data, start

import pipeline.theory.threshold
import pipeline.theory.width
from catalog import CatalogError, open_catalog
from catalog.sharing import import_runs
from pipeline import (
    RequestError,
    check_statements,
    compare,
    follow_flow,
    generate_data,
    initialise,
    label_phases,
    ladder_law,
    load_config,
    minimal_norm,
    run_sweep,
    simulate,
    statement_times,
)
from pipeline.configuration import DataConfig, InitConfig
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.dense_output import evaluate
from pipeline.flow.exact.integration.loop import integrate
from pipeline.flow.gradient_descent_kernels import descend, load_descent
from pipeline.flow.methods import METHODS
from pipeline.inputs.arguments import POSITIVE, TOLERANCE, Allowed, counts, instants, number, numbers, whole

ENTRIES = (integrate, evaluate, descend)
"""The kernels that Python calls."""
NONE = ("5", True, np.True_, None, 1j, [1.0], np.array([1.0]), np.datetime64("2020"), np.nan)
"""What is no number, whatever Python makes of it."""


def signatures() -> list[int]:
    return [len(getattr(entry, "signatures", ())) for entry in ENTRIES]


@pytest.fixture(scope="module")
def paper():
    return paper_data()


@pytest.fixture(scope="module")
def init(paper):
    return start(paper, width=6)


@pytest.fixture(scope="module")
def settled(paper, init):
    """The machine code of every entry, as set-up leaves it and the first call loads it."""
    load_solver()
    load_descent()
    before = signatures()
    assert min(before) == 1 or "tests.mutants.interpreted" in sys.modules
    yield
    assert signatures() == before, "an entry was compiled for another type"


@pytest.mark.parametrize("value", [1, np.int64(1), np.float32(1), Fraction(1), np.array(1), xr.DataArray(1.0)])
def test_what_is_plainly_a_number_is_one(value):
    assert type(number("t", value)) is float
    assert number("t", value) == 1.0
    assert type(whole("t", value)) is int
    assert whole("t", value) == 1


@pytest.mark.parametrize("value", NONE)
def test_what_is_none_is_refused_by_its_name_and_value(value):
    for convert in (number, whole):
        with pytest.raises(RequestError, match=r"^tolerance = .* allowed$"):
            convert("tolerance", value)


@pytest.mark.parametrize(
    ("value", "allowed", "said"),
    [
        (0, TOLERANCE, "tolerance = 0: a finite number from 1e-11 to 0.1 is allowed"),
        (-1, POSITIVE, "tolerance = -1: a finite number above 0 is allowed"),
        (10**400, POSITIVE, "a finite number above 0 is allowed"),
        (np.inf, Allowed(most=3.0), "tolerance = inf: a finite number up to 3 is allowed"),
        (1.0, Allowed(above=0.0, below=1.0), "a finite number above 0 and below 1 is allowed"),
        (-np.inf, Allowed(least=2.0, infinite=True), "tolerance = -inf: a number of at least 2 is allowed"),
    ],
)
def test_a_message_says_what_is_allowed(value, allowed, said):
    with pytest.raises(RequestError) as refused:
        number("tolerance", value, allowed)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_whole_number_may_be_written_as_a_float_and_a_half_may_not():
    assert whole("samples", 60.0) == 60
    with pytest.raises(RequestError, match=r"^samples = 2\.5: a whole number from 1 to 1e\+07 is allowed$"):
        whole("samples", 2.5)


@pytest.mark.parametrize(
    "times",
    [[0, 1, 2], (0.0, 1.0, 2.0), range(3), np.arange(3), np.arange(6.0)[::2] / 2, xr.DataArray([0.0, 1, 2])],
)
def test_lists_of_times_of_every_kind(times):
    found = instants("sample_times", times)
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    assert found.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], "sample_times = []: at least one time is allowed"),
        ([0, 5, 10, 20], "sample_times[3] = 20: at most end_time = 10 is allowed"),
        ([-1.0, 2.0], "sample_times[0] = -1: a finite number of at least 0 is allowed"),
        ([0.0, np.nan], "sample_times[1] = nan: a finite number of at least 0 is allowed"),
        ([0.0, np.inf], "sample_times[1] = inf: a finite number of at least 0 is allowed"),
        ([2.0, 1.0], "sample_times[1] = 1 comes after 2: increasing times are allowed"),
        (["1"], "sample_times = ['1']: a list of numbers is allowed"),
        ([[0.0], [1.0]], "a list of numbers is allowed"),
        ([[0.0], [1.0, 2.0]], "a list of numbers is allowed"),
        ([True, False], "a list of numbers is allowed"),
        ("0123", "sample_times = '0123': a list of numbers is allowed"),
        (5, "sample_times = 5: a list of numbers is allowed"),
    ],
)
def test_times_that_are_none_are_refused(times, said):
    with pytest.raises(RequestError) as refused:
        instants("sample_times", times, 10.0)
    assert said in str(refused.value)


def test_counts_and_numbers_name_the_place():
    with pytest.raises(RequestError, match=r"^widths\[1\] = 2\.5: a whole number"):
        counts("widths", [4, 2.5])
    with pytest.raises(RequestError, match=r"^widths = \[\]"):
        counts("widths", [])
    with pytest.raises(RequestError, match=r"^rungs\[0\] = nan"):
        numbers("rungs", [np.nan])


WRONG = {
    "end_time": (-1, 0, -np.inf),
    "tolerance": (-1, 0, 1, np.int64(1), np.inf, -np.inf),
    "samples": (-1, 0, 1, 2.5, np.inf),
    "slope": (np.inf, -np.inf, 1001),
    "step_size": (-1, 0, np.inf),
    "sample_times": ([], [-1.0, 2.0], [2.0, 1.0], [np.nan], ["0"], 5, [[0.0]]),
    "including": ([-1.0], [2.0, 1.0], [np.nan], "0"),
}
"""What :func:`pipeline.simulate` refuses, besides what is no number at all."""


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("method", ["exact", "gradient_descent", "scipy:RK45"])
@pytest.mark.parametrize("name", WRONG)
def test_simulate_refuses_in_one_line(paper, init, method, name):
    plain = () if name in ("sample_times", "including") else NONE
    for value in (*WRONG[name], *plain):
        if name == "end_time" and value is None:
            continue  # until the flow rests
        if value is None and name == "sample_times":
            continue
        with pytest.raises(RequestError, match=rf"^{name}\b.*allowed$"):
            simulate(paper, init, **{"end_time": 5.0, "method": method, name: value})


@pytest.mark.parametrize("stage", [check_statements, compare, label_phases], ids=lambda stage: stage.__name__)
def test_a_trajectory_that_is_none_is_named(paper, stage):
    arguments = {"data": paper, "phases": paper, "minimum": paper}
    known = {name: value for name, value in arguments.items() if name in signature(stage).parameters}
    with pytest.raises(ValueError, match=r"^trajectory is a str: a Dataset is allowed$"):
        stage(trajectory="mine", **known)


@pytest.mark.parametrize("method", [None, 1, 10**400, ["exact"], paper_data()])
def test_a_method_that_is_no_text_is_refused(paper, init, method):
    with pytest.raises(
        RequestError, match=rf"^method is a {type(method).__name__}: allowed is a text such as 'exact'$"
    ):
        simulate(paper, init, method=method)


GIVEN = {
    "whole numbers": {"end_time": 5, "slope": 0, "samples": 20.0},
    "NumPy's": {"end_time": np.int64(5), "slope": np.float32(0.5), "tolerance": np.float32(1e-3)},
    "NumPy's whole ones": {"end_time": 5, "samples": np.int8(20), "step_size": np.float64(1e-3)},
    "arrays of no dimension": {"end_time": xr.DataArray(5), "tolerance": np.array(1e-3), "slope": np.array(-0.5)},
    "times in a list": {"sample_times": [0, 1, 5]},
    "times in an integer array": {"sample_times": np.array([0, 1, 5])},
    "times as every second number": {"sample_times": np.arange(12, dtype=np.float32)[::2]},
    "times in a DataArray": {"sample_times": xr.DataArray([0.0, 2.0, 5.0], dims="when")},
    "instants besides": {"end_time": 5.0, "including": [1, 2]},
    "read-only times": {"sample_times": np.broadcast_to(np.array([1.0]), (3,))},
    "a leaky slope": {"end_time": 5.0, "slope": 1},
    "no end": {"end_time": np.inf, "samples": 10},
}  # fmt: skip


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("method", [name for name in METHODS if name.startswith(("exact", "grad", "scipy:RK"))])
@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_is_plain_is_taken_and_compiles_nothing(paper, init, method, given):
    if method.startswith("scipy") and given is GIVEN["no end"]:
        with pytest.raises(RequestError, match="a time is needed"):
            simulate(paper, init, method=method, **given)
        return
    found = simulate(paper, init, method=method, **given)
    assert np.isfinite(found["residual"]).all()
    assert found["time"].dtype == np.float64


LAYOUTS = {
    "float32": lambda values: values.astype(np.float32),
    "Fortran's order": np.asfortranarray,
    "every second row": lambda values: np.repeat(values, 2, axis=0)[::2],
    "backwards": lambda values: values[::-1].copy()[::-1],
    "read only": lambda values: np.broadcast_to(values, values.shape),
    "big-endian": lambda values: values.astype(">f8"),
}


def laid_out(dataset: xr.Dataset, layout) -> xr.Dataset:
    """The same numbers in another precision or place in memory."""
    found = dataset.copy()
    for name, values in dataset.data_vars.items():
        if values.dtype == np.float64 and values.ndim:
            found[name] = xr.Variable(values.dims, layout(values.values))
    return found


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("method", ["exact", "gradient_descent", "gradient_descent:balanced", "scipy:RK45"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_data_and_weights_of_every_type_and_layout_compile_nothing(paper, init, method, layout):
    if method.endswith("balanced") and layout is LAYOUTS["float32"]:
        layout = LAYOUTS["big-endian"]  # a start in single precision is balanced no more
    expected = simulate(paper, init, end_time=5, samples=5, method=method)["residual"].values
    found = simulate(laid_out(paper, layout), laid_out(init, layout), end_time=5, samples=5, method=method)
    assert found["residual"].values == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.usefixtures("settled")
def test_starts_data_and_shapes_of_every_kind_compile_nothing():
    kinds = [
        DataConfig(x=[[1.0]], y=[1.0]),
        DataConfig(x=[[1.0], [2.0]], y=[1, 2]),
        DataConfig(kind="orthonormal", y=[1.2, -0.9], dimension=9),
        DataConfig(kind="gaussian_teacher", points=5, dimension=3, bias=True),
        DataConfig(x=[[0.0, 0.0]], y=[0.0]),
    ]
    starts = [
        InitConfig(width=1),
        InitConfig(width=5, start="unbalanced"),
        InitConfig(width=40, log10_scale=-1000),
    ]
    for config in kinds:
        data = generate_data(config)
        d = data.sizes["coord"]
        own = InitConfig(start="given", w=[[1] * d, [0.5] * d], a=[1, 0.0])
        for init in (initialise(data, config) for config in (*starts, own)):
            for slope in (0.0, 1, -0.5):
                course = follow_flow(data, init, end_time=1, tolerance=np.float64(1e-3), slope=slope)
                course.trajectory(np.int64(4))
                course.trajectory([0, 1])
                course.curve(4)
    integers = xr.Dataset(
        {"x": (("point", "coord"), np.array([[1, 0], [0, 2]])), "y": ("point", np.array([1, -1]))}
    )
    whole_numbers = generate_data(DataConfig(x=[[1.0, 0.0], [0.0, 2.0]], y=[1.0, -1.0])).assign(integers)
    simulate(whole_numbers, initialise(whole_numbers, InitConfig(width=3)), samples=3, end_time=3)


def test_the_run_s_end(paper, init):
    """Infinity is until the flow rests, as None is; the last sample is the end where no end is named."""
    rests = simulate(paper, init, samples=5)
    assert simulate(paper, init, samples=5, end_time=np.inf)["time"].values == pytest.approx(rests["time"].values)
    assert float(simulate(paper, init, sample_times=[0, 7])["time"][-1]) == 7.0
    with pytest.raises(RequestError, match=r"^sample_times\[2\] = 10: at most end_time = 5 is allowed$"):
        simulate(paper, init, end_time=5, sample_times=[0, 5, 10, 20])


@pytest.mark.parametrize("value", [-1, 0, 1, np.inf, *NONE])
def test_epsilon_is_between_0_and_1_everywhere(paper, init, value):
    trajectory = simulate(paper, init, samples=5)
    phases, minimum = label_phases(paper, trajectory), compare(trajectory, minimal_norm(paper))
    calls = (
        lambda: label_phases(paper, trajectory, epsilon=value),
        lambda: check_statements(paper, trajectory, phases, minimum, epsilon=value),
        lambda: statement_times(paper, -10, epsilon=value),
    )
    for call in calls:
        with pytest.raises(RequestError, match=r"^epsilon = .*above 0 and below 1 is allowed$"):
            call()


@pytest.mark.parametrize("value", [np.inf, 1e4, *NONE])
def test_the_other_functions_refuse_too(paper, init, value, tmp_path):
    for call, name in (
        (lambda: minimal_norm(paper, slope=value), "slope"),
        (lambda: follow_flow(paper, init, slope=value), "slope"),
        (lambda: follow_flow(paper, init, tolerance=value), "tolerance"),
    ):
        with pytest.raises(RequestError, match=rf"^{name} = .*allowed$"):
            call()
    if value == 1e4:
        return
    law = load_config("orthonormal")
    for call, name in (
        (lambda: statement_times(paper, value), "log_scale"),
        (lambda: ladder_law(law, rungs=[value]), "rungs"),
        (lambda: pipeline.theory.width.width_law(seeds=value), "seeds"),
        (lambda: pipeline.theory.width.width_law(points=[value]), "points"),
        (lambda: pipeline.theory.threshold.threshold_law(seeds=value), "seeds"),
        (lambda: pipeline.theory.threshold.threshold_law(widths=[value]), "widths"),
        (lambda: pipeline.theory.width.assumption_3_probability(value, 4), "n"),
        (lambda: follow_flow(paper, init).placed(value), "samples"),
    ):
        with pytest.raises(RequestError, match=rf"^{name}\b.*allowed$"):
            call()


def test_one_neuron_has_no_threshold():
    """A network of one neuron never meets assumption 3: the search for such starts would not end."""
    with pytest.raises(RequestError, match=r"^widths\[0\] = 1\.0: a whole number from 2 "):
        pipeline.theory.threshold.threshold_law(widths=[1], points=[2], seeds=1)


def test_the_workers_of_a_sweep_and_the_numbers_of_a_catalog(tmp_path):
    for value in (0, -1, 2.5, "2", True):
        with pytest.raises(RequestError, match=r"^workers = .*a whole number"):
            run_sweep("scales", workers=value)
    catalog = open_catalog(tmp_path)
    for value in (-1, np.nan, "5", True):
        with pytest.raises(CatalogError, match=r"^patience = .*at least 0 is allowed$"):
            catalog.collect_garbage(value)
        with pytest.raises(CatalogError, match=r"^largest_bytes = .*at least 1 is allowed$"):
            import_runs(catalog, tmp_path, value)
