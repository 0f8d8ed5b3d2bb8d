"""The table that `make bench` prints."""

import json
from dataclasses import astuple

import pytest

from benchmarks.report import Budget, Row, format_table, parse_row


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
def test_a_row_beyond_its_budget_is_over_budget(budget, measured, is_over):
    assert Row("calls", budget, measured).is_over_budget is is_over


def test_a_row_survives_the_way_from_a_subprocess():
    row = Row("cold start", Budget(1.6, unit=" x"), 1.7, "374 ms")

    assert parse_row(json.loads(json.dumps(astuple(row)))) == row
    assert parse_row(json.loads(json.dumps(astuple(Row("baseline", None, 220))))) == Row(
        "baseline", None, 220
    )


def test_the_table_shows_what_is_over_budget():
    printed = format_table(
        [
            Row("cold start", Budget(1.6, unit=" x"), 1.7, "374 ms"),
            Row("calls", Budget(2), 2),
            Row("baseline", None, 220, unit=" ms"),
        ]
    )

    assert [line.split("  ")[0] for line in printed.splitlines()[2:]] == [
        "cold start",
        "calls",
        "baseline",
    ]
    assert "at most 1.6 x  1.7 x (374 ms)  OVER BUDGET" in printed
    assert printed.splitlines()[3].endswith("within budget")
    assert printed.splitlines()[4].endswith("220 ms")
