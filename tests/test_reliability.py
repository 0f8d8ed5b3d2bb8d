"""The catalogue of faults in docs/reliability.md names tests that exist, for each fault."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = range(1, 36)
NOT_PROMISED = {6, 31}
ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def read_catalogue() -> dict[int, list[tuple[str, str]]]:
    _, _, section = (ROOT / "docs" / "reliability.md").read_text().partition("\n## Faults\n")
    catalogue = section.partition("\n## ")[0]
    return {int(number): TEST.findall(row) for number, row in ROW.findall(catalogue)}


def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_catalogue_has_each_fault_once():
    assert list(read_catalogue()) == list(FAULTS)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - NOT_PROMISED))
def test_each_fault_has_tests_that_exist(fault):
    named = read_catalogue()[fault]

    assert named
    assert [test for file, test in named if test not in functions_in(ROOT / file)] == []


@pytest.mark.parametrize("fault", sorted(NOT_PROMISED))
def test_what_is_not_promised_names_no_test(fault):
    assert read_catalogue()[fault] == []
