"""The numbers of the code that must not grow: what the solver's folders import of each other, and signatures."""

import pytest
from structure import (
    LONGER,
    LONGEST_FILE,
    MOST_ARGUMENTS,
    MOST_LINES,
    circles,
    code_lines,
    file_lines,
    functions,
    kernels,
    packages,
    positional,
    solver_parts,
)
from writers.imports import modules, parts


def test_the_solver_s_folders_know_few_others_and_none_itself():
    boxes = solver_parts()
    assert len(boxes) == 9
    assert sum(map(len, boxes.values())) <= 30
    assert circles(boxes) == set()


def test_the_packages_import_few_others_and_none_itself():
    boxes = packages()
    assert len(boxes) <= 22
    assert sum(map(len, boxes.values())) <= 66
    assert circles(boxes) == set()


def test_the_catalog_s_modules_import_none_of_themselves():
    assert circles(parts("catalog")) == set()


def test_storage_knows_bytes_and_one_module_of_it_all_kinds():
    """No manifest, no schema; and what uses a storage takes it from `opening`."""
    assert parts("catalog")["storage"] <= {"bounds", "errors", "layout", "self_digest"}
    kinds = {"local", "object_store", "http"}
    knowing = {name for name, others in parts("catalog.storage").items() if len(kinds & (others | {name})) > 1}
    assert knowing == {"opening", "http"}  # a web server is read as an object store is
    assert "catalog.storage.contract" in modules()


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, {"a", "b", "c"}), ({"a": {"b"}, "b": set()}, set())],
)
def test_a_circle_is_noticed(arrows, expected):
    assert circles(arrows) == expected


def test_no_kernel_takes_more_than_six_arguments():
    taken = kernels()
    assert len(taken) > 150
    assert {name: count for name, count in taken.items() if count > MOST_ARGUMENTS} == {}
    assert sum(count == MOST_ARGUMENTS for count in taken.values()) <= 21


def test_no_function_takes_more_than_six_arguments_by_position():
    taken = {name: len(positional(node)) for name, node in functions()}
    assert {name: count for name, count in taken.items() if count > MOST_ARGUMENTS} == {}


def test_no_function_is_longer_than_forty_lines_of_code():
    found = {name: code_lines(node) for name, node in functions()}
    assert {name: lines for name, lines in found.items() if lines > LONGER.get(name, MOST_LINES)} == {}


def test_no_file_is_longer_than_four_hundred_lines():
    assert {name: lines for name, lines in file_lines().items() if lines > LONGEST_FILE} == {}
