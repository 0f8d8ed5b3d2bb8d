"""The import of a file: rows in a write call, CPU by row, and memory by size of the file.

Each run is a process of its own, on DynamoDB and S3 that answer at once: what is measured is ours.
"""

from typing import Any

from benchmarks.report import Budget, Row
from benchmarks.subprocesses import Usage, ask

FEW, MANY = 1_000, 4_000  # rows
REPEATS = 3
ROWS_A_WRITE = Budget(25, "at least", " rows")
LINEARITY = Budget(1.2, unit=" x")  # 1 is a line; the rest is for the noise of a busy machine

PEAK = Budget(150, "under", " MB")
BYTES_A_MEGABYTE = 1_000_000
SMALL, LARGE = 5, 50  # MB
DESCRIPTION_LENGTH = 5_000  # the longest allowed: the most bytes that a row holds in memory
ROWS_A_MEGABYTE = 198


def rows() -> list[Row]:
    runs = [(_run(FEW, 100)[0], _run(MANY, 100)[0]) for _ in range(REPEATS)]
    few, many = (min(run[i]["cpu_seconds"] for run in runs) for i in (0, 1))
    per_row = few / FEW, many / MANY
    took = f"{per_row[1] * 1000:.2f} ms against {per_row[0] * 1000:.2f} ms"
    writes = runs[0][1]["writes"]
    return [
        Row("import: rows in a write call", ROWS_A_WRITE, MANY / writes, f"{MANY:,} in {writes}"),
        Row(
            f"import: CPU by row, {MANY:,} rows against {FEW:,}",
            LINEARITY,
            per_row[1] / per_row[0],
            took,
        ),
        _peak(SMALL),
        _peak(LARGE),
    ]


def _peak(megabytes: int) -> Row:
    """Of the whole process, interpreter and packages included."""
    run, usage = _run(megabytes * ROWS_A_MEGABYTE, DESCRIPTION_LENGTH)
    size = run["bytes"] / BYTES_A_MEGABYTE
    peak = usage.peak_bytes / BYTES_A_MEGABYTE
    return Row(f"import: peak memory, file of {size:.0f} MB", PEAK, peak)


def _run(count: int, description_length: int) -> tuple[Any, Usage]:
    return ask("benchmarks.import_run:run", count, description_length)
