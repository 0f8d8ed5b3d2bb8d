"""Imports of 10,000 to 1,000,000 rows through the real handlers: CPU time for a row, peak memory.

All steps of an import run one after the other in one process, so its peak is above that of every
worker. A run fails unless the upload has counted each row exactly once.
"""

from benchmarks.imports import BYTES_PER_MEGABYTE, DESCRIPTION_LENGTH_USUAL, LINEARITY, PEAK, run
from benchmarks.report import Row

SIZES = (10_000, 100_000, 1_000_000)  # rows


def rows() -> list[Row]:
    found, per_row = [], {}
    for size in SIZES:
        result, usage = run(size, DESCRIPTION_LENGTH_USUAL)
        per_row[size] = result["cpu_seconds"] / size
        took = f"{per_row[size] * 1000:.3f} ms a row, {result['bytes'] / BYTES_PER_MEGABYTE:.0f} MB"
        peak = usage.peak_bytes / BYTES_PER_MEGABYTE
        found.append(Row(f"import of {size:,} rows: peak memory", PEAK, peak, took))
    ratio = per_row[SIZES[-1]] / per_row[SIZES[0]]
    name = f"import: CPU time for a row, {SIZES[-1]:,} rows against {SIZES[0]:,}"
    return [*found, Row(name, LINEARITY, ratio)]
