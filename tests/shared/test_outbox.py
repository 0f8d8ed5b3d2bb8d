"""Rules on moto: the transaction of a change stores its event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import clock, observability, retries
from shared.errors.accounts import EmailTaken
from shared.errors.base import Unavailable
from shared.events.accounts import UserRegistered
from shared.events.all_events import parse_event
from shared.storage import outbox
from shared.storage.dynamo import BATCH_ATTEMPTS, connection
from shared.storage.models.accounts import Login
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import ACTIONS_MAX, Transaction
from tests.support import faults, shop
from tests.support.events import events_in_row
from tests.support.outbox_stream import raw_rows, relayed_ids

pytestmark = pytest.mark.usefixtures("aws")


def registered(**changes) -> UserRegistered:
    return UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1}, **changes)


def mark_relayed(*rows: dict[str, Any]) -> None:
    outbox.mark_relayed(rows)


def commit_with(event: UserRegistered) -> None:
    transaction = Transaction()
    transaction.put(
        shop.login("ada@example.com"),
        only_if=Login.email.does_not_exist(),
        otherwise=EmailTaken("Taken."),
    )
    outbox.stage_event(transaction, event)
    transaction.commit()


def test_an_event_is_stored_with_its_change():
    event = registered()

    commit_with(event)

    row = OutboxRow.get(event.id)
    assert Login.count() == 1
    assert parse_event(row.payload) == event
    assert (row.type, row.occurred_at) == ("user.registered", event.occurred_at)


def test_the_event_of_a_refused_change_is_not_stored():
    commit_with(registered())

    with pytest.raises(EmailTaken):
        commit_with(registered())

    assert OutboxRow.count() == 1


def test_staging_alone_stores_nothing():
    outbox.stage_event(Transaction(), registered())

    assert OutboxRow.count() == 0


def test_a_row_that_was_not_relayed_never_expires():
    event = registered()

    commit_with(event)

    row = OutboxRow.get(event.id)
    assert (row.relayed_at, row.expires_at) == (None, None)


def test_a_relayed_row_expires_seven_days_later(monkeypatch):
    event = registered(occurred_at=datetime(2026, 11, 2, 10, 15, 30, tzinfo=UTC))
    commit_with(event)
    relayed_at = datetime(2026, 11, 24, 10, 15, 30, 999_999, UTC)
    monkeypatch.setattr(clock, "utc_now", lambda: relayed_at)

    mark_relayed(*raw_rows().values())

    row = OutboxRow.get(event.id)
    assert row.relayed_at == relayed_at
    assert abs(row.expires_at - relayed_at - timedelta(days=7)) < timedelta(seconds=1)
    assert (parse_event(row.payload), row.occurred_at) == (event, event.occurred_at)


def test_a_mark_keeps_what_this_code_does_not_know():
    commit_with(registered())
    (row,) = raw_rows().values()
    unknown = {
        "trace": {"M": {"parts": {"L": [{"B": b"\x00\xff"}, {"NULL": True}, {"N": "1.5"}]}}},
        "tags": {"SS": ["a", "b"]},
    }

    mark_relayed(row | unknown)

    (marked,) = raw_rows().values()
    assert {name: marked[name] for name in unknown} == unknown
    assert {name: marked[name] for name in row} == row


@pytest.mark.parametrize(("rows", "calls"), [(1, 1), (10, 1), (25, 1), (26, 2), (60, 3)])
def test_one_call_marks_25_rows(rows, calls):
    for _ in range(rows):
        commit_together(registered())

    with faults.inject_faults(connection().client, "BatchWriteItem") as sent:
        mark_relayed(*raw_rows().values())

    assert len(sent) == calls
    assert len(relayed_ids()) == rows


def test_a_row_that_stands_twice_in_a_batch_is_marked():
    commit_with(registered())
    (row,) = raw_rows().values()

    mark_relayed(row, row)

    assert len(relayed_ids()) == 1


def test_rows_that_dynamodb_left_are_marked_again(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    commit_with(registered())
    (row,) = raw_rows().values()
    left = {"UnprocessedItems": {"souk-outbox": [{"PutRequest": {"Item": row}}]}}

    with faults.inject_faults(
        connection().client, "BatchWriteItem", faults.success_reply(left)
    ) as sent:
        mark_relayed(row)

    assert len(sent) == 2
    assert OutboxRow.count() == 1


def test_rows_that_dynamodb_never_takes_are_an_error(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    commit_with(registered())
    (row,) = raw_rows().values()
    left = {"UnprocessedItems": {"souk-outbox": [{"PutRequest": {"Item": row}}]}}
    throttled = [faults.success_reply(left)] * BATCH_ATTEMPTS

    with (
        faults.inject_faults(connection().client, "BatchWriteItem", *throttled),
        pytest.raises(Unavailable),
    ):
        mark_relayed(row)

    assert relayed_ids() == set()


def test_a_row_can_be_traced_to_its_request():
    observability.set_log_context("request-1")
    event = registered()

    commit_with(event)

    assert OutboxRow.get(event.id).correlation_id == "request-1"


def commit_together(*events: UserRegistered) -> None:
    transaction = Transaction()
    outbox.stage_events(transaction, events)
    transaction.commit()


def test_events_of_one_change_share_one_row_in_order():
    first, second, third = events = [registered() for _ in range(3)]

    commit_together(*events)

    (row,) = OutboxRow.scan()
    assert events_in_row(row) == [first, second, third]
    assert (row.event_id, row.type) == (first.id, "several")
    assert (row.occurred_at, row.correlation_id) == (first.occurred_at, first.correlation_id)


def test_a_single_event_is_stored_as_if_staged_alone():
    event = registered()

    commit_together(event)

    (row,) = OutboxRow.scan()
    assert (row.event_id, row.type) == (event.id, "user.registered")
    assert parse_event(row.payload) == event


def test_a_change_without_events_stores_no_row():
    transaction = Transaction()

    outbox.stage_events(transaction, [])

    assert len(transaction) == 0


def test_a_hundred_events_are_one_write_of_a_transaction():
    transaction = Transaction()

    outbox.stage_events(transaction, [registered() for _ in range(ACTIONS_MAX)])
    transaction.commit()

    (row,) = OutboxRow.scan()
    assert (len(transaction), len(json.loads(row.payload))) == (1, ACTIONS_MAX)
