"""The rows in each write call of an import, as `make bench` counts them."""

import pytest

from benchmarks import import_run, imports


@pytest.mark.parametrize("description_length", [0, 5000], ids=["short rows", "longest rows"])
def test_a_write_call_contains_many_rows(description_length):
    run = import_run.run_import(250, description_length)

    assert imports.ROWS_PER_WRITE.holds(250 / run["writes"])
