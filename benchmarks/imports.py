"""File imports: rows in each write call, CPU time for a row, and peak memory by file size.

The CPU time is compared with a bare loop that parses the same rows, validates them by the API's
rules and builds the requests of their writes, but has no plan, chunks, counts or stored products.

Each run is a process of its own. The numbers of rows take turns, and the least CPU time of each
counts. The time of what answers for DynamoDB, S3 and SQS is subtracted: Lambda pays nothing for it.
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
AGAINST_LOOP = Budget(4.5, unit=" x")

PEAK = Budget(150, "under", " MB")
BYTES_PER_MEGABYTE = 1_000_000
SMALL, LARGE = 5, 50  # MB
DESCRIPTION_LENGTH_USUAL = 100  # characters
DESCRIPTION_LENGTH = 5_000  # the maximum, so a row takes the most memory
ROWS_PER_MEGABYTE = 198


def rows() -> list[Row]:
    writes = run(MANY, DESCRIPTION_LENGTH_USUAL)[0]["writes"]
    runs = {str(n): partial(_cpu_seconds, n) for n in (FEW, MANY)}
    loops = {name: partial(_loop_seconds, name) for name in ("parse", "build")}
    seconds = least_in_turns(runs | loops, REPEATS)
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
        Row(
            "import: CPU time for a row, against a bare loop",
            AGAINST_LOOP,
            seconds[str(MANY)] / seconds["build"],
            f"{per_row[1] * 1000:.2f} ms against {seconds['build'] / MANY * 1000:.3f} ms; "
            f"parsing alone takes {seconds['parse'] / MANY * 1000:.4f} ms",
        ),
        _peak(SMALL),
        _peak(LARGE),
    ]


def _cpu_seconds(count: int) -> float:
    result, _ = run(count, DESCRIPTION_LENGTH_USUAL)
    return float(result["cpu_seconds"])


def _loop_seconds(name: str) -> float:
    loop = "benchmarks.import_loops:run_loop"
    seconds, _ = call_in_subprocess(loop, name, MANY, DESCRIPTION_LENGTH_USUAL)
    return float(seconds)


def _peak(megabytes: int) -> Row:
    """The peak of the whole process, with the interpreter and all packages."""
    result, usage = run(megabytes * ROWS_PER_MEGABYTE, DESCRIPTION_LENGTH)
    size = result["bytes"] / BYTES_PER_MEGABYTE
    peak = usage.peak_bytes / BYTES_PER_MEGABYTE
    return Row(f"import: peak memory, file of {size:.0f} MB", PEAK, peak)


def run(count: int, description_length: int) -> tuple[Any, Usage]:
    """What an import in a new process reports, and what the process used."""
    return call_in_subprocess("benchmarks.import_run:run_import", count, description_length)
