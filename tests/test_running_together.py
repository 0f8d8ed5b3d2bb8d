"""`make test` runs two suites at once. What one of them measures waits for the other's end."""

import sys

import pytest

from tests.__main__ import run_together

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
