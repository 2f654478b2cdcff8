"""docs/faults.md names every row once, and only tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (\d+) \|(.*)\|$", TABLE, re.MULTILINE))
LAST = 112


def named_tests(path: Path) -> dict[str, str]:
    """Give every test of a module with its docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {f"{path.stem}::{one.name}": ast.get_docstring(one) or "" for one in functions}


EXISTING = {
    name: said for path in TESTS.rglob("test_*.py") for name, said in named_tests(path).items()
}


def test_every_row_is_there_once():
    assert list(map(int, ROWS)) == list(range(1, LAST + 1))


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_exist(row):
    named = re.findall(r"`(test_\w+::test_\w+)`", ROWS[row])
    assert named
    assert not [name for name in named if name not in EXISTING]


def test_tests_that_name_their_rows_are_named_by_them():
    for name, said in EXISTING.items():
        told = re.match(r"Faults ([\d, ]+)", said)
        for row in re.findall(r"\d+", told[1]) if told else ():
            assert f"`{name}`" in ROWS[row], f"row {row} of docs/faults.md does not name {name}"


def test_the_ways_of_testing_name_files_that_exist():
    for name in re.findall(r"`(tests/[\w/.]+)`", TABLE):
        assert (TESTS.parent / name).exists(), name
