"""`make bench`: the budgets of Souk beside what is measured, here and now.

Ratios, counts and sizes: machines differ, those hold. `python -m benchmarks cold_starts` measures
that section alone. Exits with 1 when something is over its budget.
"""

import sys
from pathlib import Path

from benchmarks import subprocesses
from benchmarks.environment import REFERENCE_PYTHON, STATE
from benchmarks.report import parsed, table

PYTHON_OF_SECTION: dict[str, str | Path] = {
    "cold_starts": sys.executable,
    "warm_requests": REFERENCE_PYTHON,
    "aws_calls": sys.executable,
    "pages": sys.executable,
    "searching": sys.executable,
    "imports": sys.executable,
    "layers": sys.executable,
}


def main(wanted: list[str]) -> int:
    STATE.mkdir(parents=True, exist_ok=True)
    measured = []
    for section in wanted or PYTHON_OF_SECTION:
        print(f"measuring {section.replace('_', ' ')} ...", file=sys.stderr, flush=True)
        found, _ = subprocesses.ask(f"benchmarks.{section}:rows", python=PYTHON_OF_SECTION[section])
        measured += [parsed(row) for row in found]
    print(table(measured))
    return 1 if any(row.is_over for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
