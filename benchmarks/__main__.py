"""`make bench`: measures every section and prints each number beside its budget.

Budgets are ratios, counts and sizes, which hold on any machine. `python -m benchmarks cold_starts`
measures only that section, and `python -m benchmarks hot_product` one that takes minutes and has no
budget. The exit status is 1 when a number is over its budget.
"""

import sys
from pathlib import Path

from benchmarks import subprocesses
from benchmarks.environment import REFERENCE_PYTHON, STATE
from benchmarks.report import format_table, parse_row

PYTHON_OF_SECTION: dict[str, str | Path] = {
    "cold_starts": sys.executable,
    "warm_requests": REFERENCE_PYTHON,
    "aws_calls": sys.executable,
    "pages": sys.executable,
    "searching": sys.executable,
    "imports": sys.executable,
    "layers": sys.executable,
}
ON_REQUEST: dict[str, str | Path] = {"hot_product": sys.executable}


def main(sections: list[str]) -> int:
    STATE.mkdir(parents=True, exist_ok=True)
    rows = []
    for section in sections or PYTHON_OF_SECTION:
        print(f"measuring {section.replace('_', ' ')} ...", file=sys.stderr, flush=True)
        documents, _ = subprocesses.call_in_subprocess(
            f"benchmarks.{section}:rows", python=(PYTHON_OF_SECTION | ON_REQUEST)[section]
        )
        rows += [parse_row(document) for document in documents]
    print(format_table(rows))
    return 1 if any(row.is_over_budget for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
