"""What an import writes in one call, as `make bench` counts it."""

import pytest

from benchmarks import import_run, imports


@pytest.mark.parametrize("description_length", [0, 5000], ids=["short rows", "longest rows"])
def test_a_write_call_carries_many_rows(description_length):
    run = import_run.run(250, description_length)

    assert imports.ROWS_A_WRITE.holds(250 / run["writes"])
