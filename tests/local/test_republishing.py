"""Publishing events of the outbox again, on moto."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from local import operations, republishing
from local.republishing import Window, parse_window, republish
from local.targets import OperationFailed
from notifications.publishing import PUT_ATTEMPTS
from notifications.workers import send_emails
from notifications.workers.relay_events import handler
from shared import clock, retries
from shared.aws import client
from shared.events.accounts import EmailVerified, UserRegistered
from shared.events.all_events import AnyEvent
from shared.storage import outbox
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.local import shops
from tests.support import email_fixtures, faults, logs, shop
from tests.support.email_fixtures import sent_emails
from tests.support.http import CONTEXT
from tests.support.outbox_stream import (
    raw_rows,
    received,
    received_ids,
    relayed_ids,
    stage,
    store_row,
    streamed,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("aws")

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = Window(NOON - timedelta(hours=12), NOON + timedelta(hours=12))


@pytest.fixture
def queue(aws) -> str:  # noqa: ARG001 (the bus must exist first)
    return subscribe()


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.setattr(republishing, "assume_environment", lambda *_: None)  # keep our own
    monkeypatch.setattr(retries, "pause", lambda _: None)
    now = NOON + timedelta(days=1)
    monkeypatch.setattr(clock, "utc_now", lambda: now)


def registered(occurred_at: datetime = NOON) -> UserRegistered:
    return UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1}, occurred_at=occurred_at)


def verified(occurred_at: datetime = NOON) -> EmailVerified:
    data = {"user_id": "usr_ada", "access_epoch": 1}
    return EmailVerified(data=data, occurred_at=occurred_at)


def run(window: Window = DAY, *, everything: bool = False, applies: bool = True) -> list[str]:
    result = republish(shops.shop(), window, includes_relayed=everything, applies=applies)
    return result.to_text().splitlines()


def stage_together(*events: AnyEvent) -> OutboxRow:
    transaction = Transaction()
    outbox.stage_events(transaction, events)
    transaction.commit()
    return OutboxRow.get(events[0].id)


def test_a_dry_run_counts_types_and_changes_nothing(queue):
    stage(registered(), verified())
    stage_together(registered(), registered())
    before = raw_rows()

    lines = run(applies=False)

    assert lines == [
        "4 events of 3 rows would be published",
        "        1 user.email_verified",
        "        3 user.registered",
        "Nothing is published yet. Add APPLY=1 to publish them.",
    ]
    assert (received_ids(queue), raw_rows()) == ([], before)


def test_rows_that_were_not_relayed_are_published_and_marked(queue):
    lost, found = stage(registered(), registered())
    handler(streamed(found), CONTEXT)
    received_ids(queue)

    lines = run()

    assert lines == ["1 events of 1 rows were sent to the bus", "        1 user.registered"]
    assert received_ids(queue) == [lost.event_id]
    assert relayed_ids() == {lost.event_id, found.event_id}
    assert OutboxRow.get(lost.event_id).expires_at is not None


def test_an_event_goes_out_as_it_was_staged(queue):
    event = registered()
    stage(event)

    run()

    (message,) = received(queue)
    assert message["detail"] == event.model_dump(mode="json")
    assert (message["source"], message["detail-type"]) == ("souk", "user.registered")


def test_a_second_run_has_nothing_to_do(queue):
    stage(registered())
    run()

    assert run() == ["0 events of 0 rows were sent to the bus"]
    assert len(received_ids(queue)) == 1


def test_relayed_rows_are_published_again_on_request(queue, monkeypatch):
    """For what a queue lost after the relay. The row stays for another week."""
    (row,) = stage(registered())
    run()
    monkeypatch.setattr(clock, "utc_now", lambda: NOON + timedelta(days=7))

    assert run(everything=True)[0] == "1 events of 1 rows were sent to the bus"
    assert received_ids(queue) == [row.event_id] * 2
    assert OutboxRow.get(row.event_id).expires_at == NOON + timedelta(days=14)


def test_only_events_of_the_window_are_published(queue):
    times = [DAY.since - timedelta(microseconds=1), DAY.since, NOON, DAY.until]
    rows = stage(*(registered(time) for time in times))

    run()

    assert sorted(received_ids(queue)) == sorted(row.event_id for row in rows[1:3])


def test_rows_of_the_last_minute_are_left_to_the_relay(queue):
    now = clock.utc_now()
    old, _ = stage(registered(now - timedelta(seconds=61)), registered(now - timedelta(seconds=59)))

    for everything in (False, True):
        run(Window(NOON, now), everything=everything)
        assert received_ids(queue) == [old.event_id]


def test_a_row_of_the_previous_release_is_published(queue):
    """Nobody knows whether it was relayed. Consumers drop the repeat."""
    (row,) = stage(registered())
    row.update([OutboxRow.expires_at.set(NOON + timedelta(days=7))])

    run()

    assert received_ids(queue) == [row.event_id]


def test_rows_of_several_pages_of_a_scan_are_published(queue):
    payload = json.dumps({"id": "evt", "text": "x" * 30_000})
    for n in range(60):  # more than the 1 MB of a page
        store_row(f"evt_{n}", payload, occurred_at=NOON)

    assert run()[0] == "60 events of 60 rows were sent to the bus"
    assert len(received(queue)) == 60
    assert len(relayed_ids()) == 60


def test_a_row_that_can_never_go_is_named_and_stays(queue):
    store_row("evt_poison", "{", occurred_at=NOON)
    store_row("evt_large", json.dumps({"id": "x" * 300_000}), occurred_at=NOON)
    (good,) = stage(registered())

    dry = run(applies=False)
    with logs.captured() as lines:
        applied = run()

    for report in (dry, applied):
        assert report[0].startswith("1 events of 3 rows")
        assert "2 can never be published. The log lines of APPLY=1 name them." in report
    named = {line["event_id"] for line in lines.saying("event set aside")}
    assert named == {"evt_poison", "evt_large"}
    assert received_ids(queue) == [good.event_id]
    assert relayed_ids() == {good.event_id}


def test_events_that_the_bus_refuses_can_be_sent_again(queue):
    (row,) = stage(registered())
    refused = faults.success_reply(
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    )

    with faults.inject_faults(client("events"), "PutEvents", *[refused] * PUT_ATTEMPTS):
        result = republish(shops.shop(), DAY, includes_relayed=False, applies=True)
    assert not result.is_ok
    assert "The bus refused 1 of them for now. Run this again." in result.to_text()
    assert relayed_ids() == set()
    run()

    assert received_ids(queue) == [row.event_id]


def test_what_was_published_twice_is_mailed_once(queue):
    shop.user("usr_ada", email="ada@example.com")
    stage(registered())
    run()
    run(everything=True)

    for message in received(queue):
        send_emails.handler(email_fixtures.mail_queue_event(message["detail"]), CONTEXT)

    assert len(sent_emails()) == 1


# Windows


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-26T12:00Z", NOON),
        ("2026-11-26T12:00", NOON),
        ("2026-11-26T13:00+01:00", NOON),
        ("2026-11-26", NOON - timedelta(hours=12)),
    ],
)
def test_a_window_starts_at_any_iso_time(text, moment):
    assert parse_window(text, "") == Window(moment, clock.utc_now())


def test_a_window_may_end_before_now():
    assert parse_window("2026-11-26T00:00Z", "2026-11-27T00:00Z") == DAY


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("", "", "SINCE=2026-11-26T00:00Z"),
        ("yesterday", "", "SINCE must be a time"),
        ("2026-11-26T00:00Z", "now", "UNTIL must be a time"),
        ("2026-11-26T00:00Z", "2026-11-25T00:00Z", "SINCE must be before UNTIL"),
        ("2030-01-01", "", "before now"),
        ("0001-01-01T00:00+14:00", "", "SINCE must be a time"),
        ("2026-11-26", "9999-12-31T23:59-14:00", "UNTIL must be a time"),
    ],
)
def test_a_window_that_holds_nothing_is_refused(since, until, message):
    with pytest.raises(OperationFailed, match=message):
        parse_window(since, until)


def test_the_command_publishes_only_when_told_to_apply(queue, monkeypatch, capsys):
    monkeypatch.setattr(operations, "get_target", lambda _: shops.shop())
    (row,) = stage(registered())
    arguments = ["republish", "--since", "2026-11-26T00:00Z", "--until", ""]

    assert operations.main(arguments) == 0
    assert received_ids(queue) == []
    assert operations.main([*arguments, "--apply"]) == 0

    assert received_ids(queue) == [row.event_id]
    assert "1 events of 1 rows were sent to the bus" in capsys.readouterr().out
