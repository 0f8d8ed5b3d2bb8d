"""Rules on moto: the transaction of a change stores its event."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shared import observability
from shared.errors.accounts import EmailTaken
from shared.events.accounts import UserRegistered
from shared.events.all_events import parse_event
from shared.storage import outbox
from shared.storage.models.accounts import Login
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import ACTIONS_MAX, Transaction
from tests.support import shop
from tests.support.events import events_in_row

pytestmark = pytest.mark.usefixtures("aws")


def registered(**changes) -> UserRegistered:
    return UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1}, **changes)


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


def test_a_row_expires_after_seven_days():
    event = registered(occurred_at=datetime(2026, 11, 24, 10, 15, 30, 999_999, UTC))

    commit_with(event)

    expires_at = OutboxRow.get(event.id).expires_at
    assert abs(expires_at - event.occurred_at - timedelta(days=7)) < timedelta(seconds=1)


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
