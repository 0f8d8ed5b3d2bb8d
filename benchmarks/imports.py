"""File imports: rows in each write call, CPU time for a row, and peak memory by file size.

Each run is a process of its own. The numbers of rows take turns, and the least CPU time of each
counts. DynamoDB's and S3's answers take no time, so only the project's own code is measured.
"""

from functools import partial
from typing import Any

from benchmarks.minima import least_in_turns
from benchmarks.report import Budget, Row
from benchmarks.subprocesses import Usage, call_in_subprocess

FEW, MANY = 1_000, 4_000  # rows
REPEATS = 3
ROWS_PER_WRITE = Budget(25, "at least", " rows")
LINEARITY = Budget(1.2, unit=" x")  # 1 is exactly linear; the rest allows for a busy machine

PEAK = Budget(150, "under", " MB")
BYTES_PER_MEGABYTE = 1_000_000
SMALL, LARGE = 5, 50  # MB
DESCRIPTION_LENGTH = 5_000  # the maximum, so a row takes the most memory
ROWS_PER_MEGABYTE = 198


def rows() -> list[Row]:
    writes = _run(MANY, 100)[0]["writes"]
    seconds = least_in_turns({str(n): partial(_cpu_seconds, n) for n in (FEW, MANY)}, REPEATS)
    per_row = seconds[str(FEW)] / FEW, seconds[str(MANY)] / MANY
    took = f"{per_row[1] * 1000:.2f} ms against {per_row[0] * 1000:.2f} ms"
    return [
        Row(
            "import: rows in each write call",
            ROWS_PER_WRITE,
            MANY / writes,
            f"{MANY:,} in {writes}",
        ),
        Row(
            f"import: CPU time for a row, {MANY:,} rows against {FEW:,}",
            LINEARITY,
            per_row[1] / per_row[0],
            took,
        ),
        _peak(SMALL),
        _peak(LARGE),
    ]


def _cpu_seconds(count: int) -> float:
    run, _ = _run(count, 100)
    return float(run["cpu_seconds"])


def _peak(megabytes: int) -> Row:
    """The peak of the whole process, with the interpreter and all packages."""
    run, usage = _run(megabytes * ROWS_PER_MEGABYTE, DESCRIPTION_LENGTH)
    size = run["bytes"] / BYTES_PER_MEGABYTE
    peak = usage.peak_bytes / BYTES_PER_MEGABYTE
    return Row(f"import: peak memory, file of {size:.0f} MB", PEAK, peak)


def _run(count: int, description_length: int) -> tuple[Any, Usage]:
    return call_in_subprocess("benchmarks.import_run:run_import", count, description_length)
