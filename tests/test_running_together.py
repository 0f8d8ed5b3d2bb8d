"""`make test` runs two suites at once. What one of them measures waits for the other's end."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests import __main__ as suite
from tests.__main__ import run_together
from tests.support import contract

MEASURE = """
import os, pathlib, sys
os.read(int(os.environ["SOUK_OTHER_TESTS"]), 1)
print("measured", "alone" if pathlib.Path(sys.argv[1]).exists() else "too early")
sys.exit(int(sys.argv[2]))
"""
WORK = """
import pathlib, sys, time
time.sleep(float(sys.argv[3]))
pathlib.Path(sys.argv[1]).touch()
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize("slow", [0, 1])
@pytest.mark.parametrize("codes", [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 2)])
def test_measuring_waits_for_the_other_tests(tmp_path, capfdbinary, codes, slow):
    """`slow` is which of the two that run beside it ends last."""
    last = str(tmp_path / "1")
    measure = [sys.executable, "-c", MEASURE, last, str(codes[0])]
    beside, others = (
        [sys.executable, "-c", WORK, str(tmp_path / str(int(place == slow))), str(code), delay]
        for place, (code, delay) in enumerate(
            zip(codes[1:], ("0.3", "0") if slow == 0 else ("0", "0.3"), strict=True)
        )
    )

    code = run_together(measure, beside, others)

    assert code == max(codes)
    assert capfdbinary.readouterr().out == b"measured alone\n"


def test_each_half_of_the_end_to_end_tests_has_its_files():
    files = {str(path) for path in Path("tests/e2e").glob("test_*.py")}

    assert set(suite.FIRST_HALF) < files
    timed = {path for path in files if "mark.timed" in Path(path).read_text()}
    assert timed
    assert timed.isdisjoint(suite.FIRST_HALF)


@pytest.mark.parametrize(("left_out", "code"), [(0, 0), (1, 1)])
def test_an_answer_that_no_test_drives_fails_the_suite(monkeypatch, capsys, left_out, code):
    answers = sorted(contract.documented())

    def run(*_: object) -> int:
        folder = Path(os.environ[contract.DRIVEN_FOLDER])
        for number, part in enumerate((answers[left_out:200], answers[200:])):  # two processes
            (folder / str(number)).write_text("".join(f"{json.dumps(each)}\n" for each in part))
        return 0

    monkeypatch.setenv(contract.DRIVEN_FOLDER, "")  # and as it was afterwards
    monkeypatch.setattr(suite, "run_together", run)

    assert suite.run_all() == code
    assert len(capsys.readouterr().out.splitlines()) == left_out
