"""`make test`: tests/e2e beside all other tests.

The others keep all cores busy; tests/e2e mostly waits for one process after another. What it
measures, it measures at the end, when the others are over.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support import contract

E2E = ["tests/e2e"]
OTHERS = ["--ignore", "tests/e2e", "--numprocesses", "auto", "--dist", "worksteal"]
OTHERS_END = "SOUK_OTHER_TESTS"  # a file descriptor at whose end the other tests are over
NICENESS = 5  # of the others: tests/e2e takes longer, so it goes first


def run_together(e2e: Sequence[str], others: Sequence[str]) -> int:
    """Runs both commands. Prints the output of `e2e` at the end. Returns the higher exit code."""
    until_end, end = os.pipe()
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen(  # noqa: S603 (our own tests)
            e2e,
            env=os.environ | {OTHERS_END: str(until_end)},
            pass_fds=[until_end],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = subprocess.call(["nice", "-n", str(NICENESS), *others])  # noqa: S603, S607
        os.close(end)
        code = max(code, beside.wait())
        os.close(until_end)
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return code


def run_all() -> int:
    """1 too if the OpenAPI document has an answer that no test has driven."""
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ[contract.DRIVEN_FOLDER] = folder
        code = run_together([*pytest, *E2E], [*pytest, *OTHERS])
        undriven = contract.undriven(Path(folder))
    for answer in undriven:
        print(f"No test drives an answer of functions/reference/openapi.json: {answer}")  # noqa: T201
    return max(code, int(bool(undriven)))


if __name__ == "__main__":
    sys.exit(run_all())
