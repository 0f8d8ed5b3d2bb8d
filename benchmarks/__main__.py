"""`make bench`: measures every section and prints each number beside its budget.

Budgets are ratios, counts and sizes, which hold on any machine. `python -m benchmarks cold_starts`
measures only that section. `hot_product` and `large_imports` take minutes and are measured only by
name. `--write` measures all others and writes docs/performance.md. The exit status is 1 when a
number is over its budget.
"""

import argparse
import sys
from pathlib import Path

from benchmarks import performance_page, subprocesses
from benchmarks.environment import REFERENCE_PYTHON, STATE
from benchmarks.report import Row, format_table, parse_row

PYTHON_OF_SECTION: dict[str, str | Path] = {
    "cold_starts": sys.executable,
    "warm_requests": REFERENCE_PYTHON,
    "aws_calls": sys.executable,
    "pages": sys.executable,
    "searching": sys.executable,
    "imports": sys.executable,
    "layers": sys.executable,
}
ON_REQUEST: dict[str, str | Path] = {"hot_product": sys.executable, "large_imports": sys.executable}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=", ".join(PYTHON_OF_SECTION | ON_REQUEST)
    )
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args(arguments)
    if options.write and options.sections:
        parser.error("the page has all sections, so --write names none")
    STATE.mkdir(parents=True, exist_ok=True)
    sections = {section: _measure(section) for section in options.sections or PYTHON_OF_SECTION}
    rows = [row for section in sections.values() for row in section]
    print(format_table(rows))
    if options.write:
        performance_page.write_page(sections)
    return 1 if any(row.is_over_budget for row in rows) else 0


def _measure(section: str) -> list[Row]:
    print(f"measuring {section.replace('_', ' ')} ...", file=sys.stderr, flush=True)
    documents, _ = subprocesses.call_in_subprocess(
        f"benchmarks.{section}:rows", python=(PYTHON_OF_SECTION | ON_REQUEST)[section]
    )
    return [parse_row(document) for document in documents]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
