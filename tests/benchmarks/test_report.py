"""The table that `make bench` prints."""

import json
from dataclasses import astuple

import pytest

from benchmarks.report import Budget, Row, parsed, table


@pytest.mark.parametrize(
    ("budget", "measured", "is_over"),
    [
        (Budget(2), 2, False),
        (Budget(2), 3, True),
        (Budget(25, "at least"), 25, False),
        (Budget(25, "at least"), 24.9, True),
        (Budget(20, "under"), 20, True),
        (None, 10**9, False),
    ],
)
def test_a_row_is_over_when_its_budget_does_not_hold(budget, measured, is_over):
    assert Row("calls", budget, measured).is_over is is_over


def test_a_row_that_a_child_sent_is_the_row_it_measured():
    row = Row("cold start", Budget(1.6, unit=" x"), 1.7, "374 ms")

    assert parsed(json.loads(json.dumps(astuple(row)))) == row
    assert parsed(json.loads(json.dumps(astuple(Row("floor", None, 220))))) == Row(
        "floor", None, 220
    )


def test_the_table_says_what_is_over():
    printed = table(
        [
            Row("cold start", Budget(1.6, unit=" x"), 1.7, "374 ms"),
            Row("calls", Budget(2), 2),
            Row("floor", None, 220, unit=" ms"),
        ]
    )

    assert [line.split("  ")[0] for line in printed.splitlines()[2:]] == [
        "cold start",
        "calls",
        "floor",
    ]
    assert "at most 1.6 x  1.7 x (374 ms)  OVER" in printed
    assert printed.splitlines()[3].endswith("within")
    assert printed.splitlines()[4].endswith("220 ms")
