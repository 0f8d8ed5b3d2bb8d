import json
import shutil
from pathlib import Path

import pytest

from tests.mutants import recording
from tests.mutants.baseline import record_baseline
from tests.mutants.mutations import list_mutants
from tests.mutants.runs import Broken, Copy, Part

PART = Part("stock", ("shared",), ("tests/",))
CODE = """
def is_low(count):
    return count <= 5

def is_high(count):
    return count > 70

def wait(count):
    while count > 0:
        count = count - 1

def first_limit():
    return 90 - 20

LIMIT = first_limit()
"""
TESTS = """
import subprocess, sys

from shared.code import is_low, wait

def test_low():
    assert is_low(5)

def test_high():
    assert not is_low(7)

def test_waiting():
    wait(3)

def test_another_process():
    subprocess.run([sys.executable, "-c", "from shared.code import wait; wait(3)"], check=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutants")


@pytest.fixture(scope="module")
def copy(folder):
    project = folder / "project"
    for name in ("shared", "functions", "tests/mutants"):
        (project / name).mkdir(parents=True)
    plugin = Path(recording.__file__)
    shutil.copy(plugin, project / "tests" / "mutants" / plugin.name)
    (project / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (project / "shared" / "code.py").write_text(CODE)
    (project / "tests" / "test_code.py").write_text(TESTS)
    (project / "tests" / "conftest.py").write_text("import shared.code\n")
    return Copy.create(project, folder / "copy", seed=1)


@pytest.fixture(scope="module")
def baseline(copy, folder):
    return record_baseline([copy], [PART], folder / "kept")


@pytest.fixture
def other_tests(copy):
    """Changes the file of tests, and changes it back afterwards."""
    file = copy.root / "tests" / "test_code.py"
    yield file.write_text
    file.write_text(TESTS)


@pytest.fixture
def outcome_of(copy, baseline):
    mutants = list_mutants(copy.root, copy.root / "shared" / "code.py")

    def tried(after: str) -> str:
        [mutant] = [mutant for mutant in mutants if mutant.after == after]
        return copy.try_mutant(mutant, baseline.tests_for(PART, mutant), 0.01)

    return tried


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ("return count < 5", "killed"),
        ("return count <= 6", "survived"),
        ("return count <= 70", "not reached"),
    ],
)
def test_a_fault_has_an_outcome_and_is_removed(copy, outcome_of, after, outcome):
    assert outcome_of(after) == outcome
    assert (copy.root / "shared" / "code.py").read_text() == CODE


def test_a_fault_that_never_ends_is_stopped(outcome_of, monkeypatch):
    monkeypatch.setattr("tests.mutants.runs.BASE_SECONDS", 5)

    assert outcome_of("count = count + 1") == "timed out"


def test_tests_that_run_the_function_come_first(copy, baseline):
    mutants = list_mutants(copy.root, copy.root / "shared" / "code.py")
    [mutant] = [mutant for mutant in mutants if mutant.after == "count >= 0"]

    tests = baseline.tests_for(PART, mutant)

    assert tests[0] == "tests/test_code.py::test_waiting"
    assert len(tests) == 4


def test_what_an_import_runs_matters_to_each_test(copy, baseline):
    mutants = list_mutants(copy.root, copy.root / "shared" / "code.py")
    [mutant, *_] = [mutant for mutant in mutants if mutant.function == "first_limit"]

    assert len(baseline.tests_for(PART, mutant)) == 4


def test_a_failing_test_stops_the_run_at_once(copy, other_tests, tmp_path):
    other_tests("def test_low():\n    assert False\n")

    with pytest.raises(Broken, match="test_low"):
        record_baseline([copy], [PART], tmp_path)


def test_the_control_notices_tests_that_always_fail(copy, baseline, other_tests):
    other_tests(TESTS.replace("is_low(5)", "is_low(6)"))

    with pytest.raises(Broken):
        copy.check_control(list(baseline.tests))


@pytest.mark.usefixtures("baseline")
def test_only_changed_test_files_run_again(copy, folder, other_tests):
    [place] = (folder / "kept").iterdir()
    kept = json.loads(place.read_text())
    kept["tests/test_code.py::test_low"]["seconds"] = 1234
    place.write_text(json.dumps(kept))

    unchanged = record_baseline([copy], [PART], folder / "kept")
    other_tests(TESTS + "\n")
    changed = record_baseline([copy], [PART], folder / "kept")

    assert unchanged.seconds("tests/test_code.py::test_low") == 1234
    assert changed.seconds("tests/test_code.py::test_low") < 1234
