"""Whole slice: the relay carries rows of the outbox from the table's stream to the bus."""

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from notifications.publishing import PUT_ATTEMPTS
from notifications.workers.relay_events import EventsNotRelayed, handler
from shared import retries
from shared.aws import client
from shared.events.all_events import parse_event
from shared.events.catalog import ProductUpdated, ProductUpdatedData
from shared.storage import outbox
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support import faults, logs
from tests.support.email_fixtures import order_placed_detail, user_registered
from tests.support.http import CONTEXT, sample
from tests.support.outbox_stream import received, subscribe

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def subscription():
    """A queue that receives every event of the bus."""
    return subscribe()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


def streamed(*details: dict[str, Any]) -> dict[str, Any]:
    """The sample event of the stream, with a record for each event."""
    event = sample("notifications.relay_events")
    (record,) = event["Records"]
    event["Records"] = [
        record
        | {
            "dynamodb": record["dynamodb"]
            | {"Keys": {"event_id": {"S": each["id"]}}, "NewImage": row_image(each)}
        }
        for each in details
    ]
    return event


def row_image(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": {"S": detail["id"]},
        "type": {"S": detail["type"]},
        "payload": {"S": json.dumps(detail)},
    }


def numbered(count: int) -> list[dict[str, Any]]:
    return [order_placed_detail() | {"id": f"evt_{n}"} for n in range(count)]


def test_an_event_reaches_every_subscriber(subscription):
    handler(sample("notifications.relay_events"), CONTEXT)

    (message,) = received(subscription)
    assert (message["source"], message["detail-type"]) == ("souk", "order.placed")
    assert message["detail"] == order_placed_detail()


def test_a_staged_event_arrives_unchanged(subscription):
    staged = user_registered()
    transaction = Transaction()
    outbox.stage_event(transaction, staged)
    transaction.commit()
    event = sample("notifications.relay_events")
    (row,) = OutboxRow.scan()
    event["Records"][0]["dynamodb"]["NewImage"] = row.to_dynamodb_dict()

    handler(event, CONTEXT)

    (message,) = received(subscription)
    assert message["detail-type"] == "user.registered"
    assert parse_event(message["detail"]) == staged


@pytest.mark.parametrize("count", [10, 11, 25])
def test_a_batch_of_any_size_is_relayed_completely(subscription, count):
    handler(streamed(*numbered(count)), CONTEXT)

    ids = [message["detail"]["id"] for message in received(subscription)]
    assert sorted(ids) == sorted(each["id"] for each in numbered(count))


def test_a_batch_with_a_refused_event_is_retried(subscription):
    batch = streamed(*numbered(12))
    refused = {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "ThrottlingException"}] + [{"EventId": "x"}] * 9,
    }

    again = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    answers = [
        faults.success_reply(refused),
        None,
        *[faults.success_reply(again)] * (PUT_ATTEMPTS - 1),
    ]
    throttled = faults.inject_faults(client("events"), "PutEvents", *answers)
    with throttled, pytest.raises(EventsNotRelayed, match="1 of 12"):
        handler(batch, CONTEXT)
    assert {message["detail"]["id"] for message in received(subscription)} == {"evt_10", "evt_11"}
    handler(batch, CONTEXT)

    ids = {message["detail"]["id"] for message in received(subscription)}
    assert ids == {each["id"] for each in numbered(12)}


def test_an_unreachable_bus_loses_no_event(subscription):
    silent = faults.inject_faults(client("events"), "PutEvents", faults.read_timeout())
    with silent, pytest.raises(ReadTimeoutError):
        handler(sample("notifications.relay_events"), CONTEXT)
    handler(sample("notifications.relay_events"), CONTEXT)

    assert [message["detail"]["id"] for message in received(subscription)] == ["evt_one"]


def updated(sku: str) -> ProductUpdated:
    data = ProductUpdatedData(product_id=f"prd_{sku}", sku=sku, group=None, changed=["name"])
    return ProductUpdated(data=data)


def streamed_together(*events: ProductUpdated) -> dict[str, Any]:
    """The stream's record of events that one row holds."""
    transaction = Transaction()
    outbox.stage_events(transaction, events)
    transaction.commit()
    event = sample("notifications.relay_events")
    (row,) = OutboxRow.scan()
    event["Records"][0]["dynamodb"]["NewImage"] = row.to_dynamodb_dict()
    return event


@pytest.mark.parametrize("count", [1, 2, 10, 11, 100])
def test_each_event_of_a_row_with_several_arrives_alone(subscription, count):
    staged = [updated(f"TEA-{n}") for n in range(count)]

    handler(streamed_together(*staged), CONTEXT)

    arrived = received(subscription)
    assert {message["detail-type"] for message in arrived} == {"product.updated"}
    events = [parse_event(message["detail"]) for message in arrived]
    assert sorted(events, key=lambda event: event.id) == sorted(staged, key=lambda event: event.id)


def test_rows_with_one_and_with_several_events_share_a_batch(subscription):
    batch = streamed(*numbered(9))
    batch["Records"] += streamed_together(updated("TEA"), updated("POT"))["Records"]

    with logs.captured() as lines:
        handler(batch, CONTEXT)

    types = [message["detail-type"] for message in received(subscription)]
    assert sorted(types) == ["order.placed"] * 9 + ["product.updated"] * 2
    (line,) = lines.saying("relayed")
    assert (line["events"], line["refused"]) == (11, 0)


def test_an_event_in_any_script_arrives_unchanged(subscription):
    staged = [updated("чай-зелёный"), updated('茶 "🍵" \\ \u2028 é')]

    handler(streamed_together(*staged), CONTEXT)

    skus = {message["detail"]["data"]["sku"] for message in received(subscription)}
    assert skus == {event.data.sku for event in staged}


def test_only_the_refused_events_of_a_row_are_sent_again(subscription):
    batch = streamed_together(*(updated(f"TEA-{n}") for n in range(3)))
    refused = {
        "FailedEntryCount": 1,
        "Entries": [{"EventId": "x"}, {"ErrorCode": "InternalFailure"}, {"EventId": "y"}],
    }

    with faults.inject_faults(client("events"), "PutEvents", faults.success_reply(refused)):
        handler(batch, CONTEXT)

    assert [message["detail"]["data"]["sku"] for message in received(subscription)] == ["TEA-1"]
