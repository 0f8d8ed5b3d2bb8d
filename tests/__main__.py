"""`make test`: tests/e2e beside all other tests, in two halves, each with a local stack.

The others keep all cores busy; tests/e2e mostly waits for one process after another. What it
measures, it measures at the end, when everything else is over.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.support import contract

E2E = Path("tests/e2e")
# Pages, attacks and clients: none of them measures time.
FIRST_HALF = [
    str(E2E / f"test_{name}.py")
    for name in (
        *("attacks", "clients", "documents", "generated_requests", "origins"),
        *("pages_of_activity", "pages_of_shop", "permissions", "refusals"),
        "orders_of_a_real_shop",
    )
]
SECOND_HALF = [str(E2E), *(f"--ignore={path}" for path in FIRST_HALF)]
OTHERS = ["--ignore", str(E2E), "--numprocesses", "auto", "--dist", "worksteal"]
OTHERS_END = "SOUK_OTHER_TESTS"  # a file descriptor at whose end the other tests are over
NICENESS = 5  # of the others: tests/e2e takes longer, so it goes first

Command = Sequence[str]


def run_together(measuring: Command, beside: Command, others: Command) -> int:
    """Runs the commands, `measuring` longest. Returns the highest exit code.

    `others` prints at once, the two that run beside it print at the end.
    """
    until_end, end = os.pipe()
    with ExitStack() as files:
        outputs = [files.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
        last = subprocess.Popen(  # noqa: S603 (our own tests)
            measuring,
            env=os.environ | {OTHERS_END: str(until_end)},
            pass_fds=[until_end],
            stdout=outputs[0],
            stderr=subprocess.STDOUT,
        )
        second = subprocess.Popen(  # noqa: S603
            beside, stdout=outputs[1], stderr=subprocess.STDOUT
        )
        codes = [subprocess.call(["nice", "-n", str(NICENESS), *others])]  # noqa: S603, S607
        codes.append(second.wait())
        os.close(end)
        codes.append(last.wait())
        os.close(until_end)
        for output in reversed(outputs):
            output.seek(0)
            sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return max(codes)


def run_all() -> int:
    """1 too if the OpenAPI document has an answer that no test has driven."""
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ[contract.DRIVEN_FOLDER] = folder
        code = run_together(*([*pytest, *part] for part in (SECOND_HALF, FIRST_HALF, OTHERS)))
        undriven = contract.undriven(Path(folder))
    for answer in undriven:
        print(f"No test drives an answer of functions/reference/openapi.json: {answer}")  # noqa: T201
    return max(code, int(bool(undriven)))


if __name__ == "__main__":
    sys.exit(run_all())
