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
time.sleep(0.3)
pathlib.Path(sys.argv[1]).touch()
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize(("measured", "worked"), [(0, 0), (1, 0), (0, 2)])
def test_measuring_waits_for_the_other_tests(tmp_path, capfdbinary, measured, worked):
    done = str(tmp_path / "done")

    code = run_together(
        [sys.executable, "-c", MEASURE, done, str(measured)],
        [sys.executable, "-c", WORK, done, str(worked)],
    )

    assert code == max(measured, worked)
    assert capfdbinary.readouterr().out == b"measured alone\n"


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
