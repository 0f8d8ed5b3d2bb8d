"""Pure: timestamps, as clients write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.timestamps import Timestamp

TIMESTAMP = TypeAdapter(Timestamp)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda n: timezone(timedelta(minutes=n)))
FIRST, LAST = datetime(2, 1, 1), datetime(9998, 12, 31)  # noqa: DTZ001 (the test adds a zone)


@pytest.mark.parametrize(
    ("written", "is_in_utc"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01t00:00:00z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T00:00:00+01:00", "2026-10-31T23:00:00+00:00"),
        ("2026-11-01T00:00:00.25-05:30", "2026-11-01T05:30:00.250000+00:00"),
        ("2026-11-01T00:00:00.123456789Z", "2026-11-01T00:00:00.123456+00:00"),
    ],
)
def test_a_timestamp_is_converted_to_utc(written, is_in_utc):
    timestamp = TIMESTAMP.validate_python(written)

    assert (timestamp.isoformat(), timestamp.tzinfo) == (is_in_utc, UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01T00:00:00",
        "2026-11-01",
        "2026-11-01T00:00Z",
        "2026-11-01 00:00:00Z",
        "2026-11-01T00:00:00 Z",
        "2026-11-01T00:00:00Z\n",
        "20261101T000000Z",
        "2026-W44-7T00:00:00Z",
        "2026-11-01T00:00:00+0100",
        "2026-02-30T00:00:00Z",
        "2026-11-01T25:00:00Z",
        "2026-12-31T23:59:60Z",
        "2026-11-01T00:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "२०२६-11-01T00:00:00Z",
        "1793491200",
        "",
        "tomorrow",
        1793491200,
        1793491200.0,
        True,
        None,
    ],
    ids=repr,
)
def test_an_ambiguous_timestamp_is_refused(written):
    with pytest.raises(ValidationError) as refused:
        TIMESTAMP.validate_python(written, strict=True)

    assert refused.value.errors()[0]["type"] == "not_a_time"


@given(st.datetimes(FIRST, LAST, timezones=OFFSETS))
def test_a_timestamp_that_python_writes_is_read_back(timestamp):
    assert TIMESTAMP.validate_python(timestamp.isoformat()) == timestamp
