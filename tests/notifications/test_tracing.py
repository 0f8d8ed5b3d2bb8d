"""From a request to its mail, over every function between: the search for one id finds all."""

import json
from collections import Counter
from typing import Any

import pytest

from files.workers import import_file
from notifications import service
from notifications.workers.relay_events import handler as relay
from orders.handler import handler as orders
from orders.workers import execute_payment_requests, expire_orders
from orders.workers.execute_payment_requests import settlement
from products.workers import index_products, watch_stock_levels
from shared import clock, sqs_consumer
from shared.aws import client
from shared.events.all_events import AnyEvent
from shared.events.catalog import ProductUpdated
from shared.events.orders import VoidRequested
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import email_fixtures, faults, imports, logs, shop
from tests.support.email_fixtures import build_event, order_placed
from tests.support.events import events_in_row, published_events, queue_event
from tests.support.http import ADA, CONTEXT, sample, send
from tests.support.mail_worker import deliver
from tests.support.order_requests import call_as_staff, place_guest_order, place_order
from tests.support.orders import create_order
from tests.support.outbox_stream import received, stage, streamed, subscribe

pytestmark = pytest.mark.usefixtures("aws")

REQUEST_ID = "JKJaXmPLvHcESHA="  # of the samples


@pytest.fixture
def tea():
    shop.user("usr_ada", email="ada@example.com")
    return shop.product("TEA", available=10)


def find(lines: logs.Lines, correlation_id: str) -> list[dict[str, Any]]:
    """What a search for the id finds."""
    found = [json.loads(line) for line in lines.text.splitlines()]
    return [line for line in found if line.get("correlation_id") == correlation_id]


def said(lines: logs.Lines, correlation_id: str) -> Counter[str]:
    return Counter(line["message"] for line in find(lines, correlation_id))


def headers_of(call: dict[str, Any]) -> dict[str, str]:
    """The headers in the parameters of a call to SES."""
    content = json.loads(call["body"])["Content"]["Simple"]
    return {header["Name"]: header["Value"] for header in content["Headers"]}


def test_one_id_leads_from_the_request_to_the_mail(tea):
    queue = subscribe("order.placed")

    with logs.captured() as lines, faults.inject_faults(client("sesv2"), "SendEmail") as mails:
        order_id = place_order(tea)
        relay(streamed(*OutboxRow.scan()), CONTEXT)
        (message,) = received(queue)
        assert deliver(message["detail"]) == []

    order = Order.get(order_id)
    assert order.request_id == message["detail"]["correlation_id"] == REQUEST_ID
    assert call_as_staff("staff.get_order", order_id).body["request_id"] == REQUEST_ID
    assert headers_of(mails.sent[0]) == {
        "X-Request-Id": REQUEST_ID,
        "X-Souk-Event-Id": message["detail"]["id"],
    }
    assert said(lines, REQUEST_ID) == {"request": 1, "published": 1, "mailed": 1, "handled": 1}
    assert {line.get("event_id") for line in find(lines, REQUEST_ID)} == {
        None,
        message["detail"]["id"],
    }
    (request,) = lines.saying("request")
    assert request["order_id"] == order_id


def test_the_order_of_a_guest_has_the_id_of_its_request():
    order_id = place_guest_order(shop.product("TEA", available=10)).body["id"]

    assert Order.get(order_id).request_id == REQUEST_ID


def test_a_retry_keeps_the_id_of_the_first_request(tea):
    order_id = place_order(tea)
    order = Order.get(order_id)
    order.update([Order.request_id.set("the-first")])

    assert place_order(tea) == order_id

    assert Order.get(order_id).request_id == "the-first"


def test_an_order_from_before_has_no_request_id(tea):
    order_id = place_order(tea)
    Order.get(order_id).update([Order.request_id.remove()])

    assert call_as_staff("staff.get_order", order_id).body["request_id"] is None


def test_a_buyer_does_not_see_the_request_id(tea):
    place_order(tea)

    page = json.dumps(place_guest_order(tea, "key-2").body)

    assert "request_id" not in page


def test_each_event_of_a_row_has_its_line():
    first, second = (
        build_event(name, "usr_ada", order_id="ord_one").model_copy(
            update={"id": f"evt_{name}", "correlation_id": REQUEST_ID}
        )
        for name in ("order.placed", "order.paid")
    )
    row = stage(first)[0]
    row.payload = f"[{first.model_dump_json()},{second.model_dump_json()}]"

    with logs.captured() as lines:
        relay(streamed(row), CONTEXT)

    published = [(line["event_id"], line["event_type"]) for line in find(lines, REQUEST_ID)]
    assert published == [(first.id, "order.placed"), (second.id, "order.paid")]
    assert lines.saying("relayed")[0]["correlation_id"] == CONTEXT.aws_request_id


def test_an_event_that_is_set_aside_has_its_line():
    row = stage(order_placed())[0]
    row.payload = "no JSON"

    with logs.captured() as lines:
        relay(streamed(row), CONTEXT)

    assert said(lines, REQUEST_ID) == {"event set aside": 1}


def test_a_worker_that_does_nothing_else_logs_the_event(monkeypatch):
    monkeypatch.setattr(settlement, "void_payment", lambda *_: None)
    event = build_event("order.void_requested", order_id="ord_one").model_copy(
        update={"correlation_id": REQUEST_ID}
    )
    assert isinstance(event, VoidRequested)

    with logs.captured() as lines:
        execute_payment_requests.handler(
            queue_event("orders.execute_payment_requests", event), CONTEXT
        )

    (line,) = find(lines, REQUEST_ID)
    assert (line["message"], line["event_id"]) == ("handled", event.id)


def test_a_broken_message_has_no_id_of_another():
    handled: list[AnyEvent] = []
    batch = queue_event("notifications.send_emails", order_placed(), {"id": "evt_broken"})

    with logs.captured() as lines:
        sqs_consumer.consume(
            batch, CONTEXT, lambda event, _: handled.append(event), failure_message="failed"
        )

    assert len(handled) == 1
    assert said(lines, REQUEST_ID) == {"handled": 1}
    assert said(lines, CONTEXT.aws_request_id)["failed"] == 1


def test_the_index_worker_logs_each_event():
    event = ProductUpdated(
        data={"product_id": "prd_tea", "group": None, "sku": "TEA", "changed": []},
        correlation_id=REQUEST_ID,
    )

    with logs.captured() as lines:
        index_products.handler(queue_event("products.index_products", event), CONTEXT)

    (line,) = find(lines, REQUEST_ID)
    assert (line["event_id"], line["event_type"]) == (event.id, "product.updated")


def test_a_mail_about_several_orders_names_each_request():
    drafts = []
    for number in range(3):
        order = email_fixtures.guest_order(order_id=f"ord_{number}")
        order.save()
        event = build_event("order.placed", order_id=order.order_id).model_copy(
            update={"id": f"evt_{number}", "correlation_id": f"request-{number}"}
        )
        drafts.append(service.find_draft(event))

    email = service.write([draft for draft in drafts if draft])

    assert email.headers == {
        "X-Request-Id": "request-0, request-1, request-2",
        "X-Souk-Event-Id": "evt_0, evt_1, evt_2",
    }


def test_a_header_has_as_many_ids_as_ses_takes():
    order = email_fixtures.guest_order()
    order.save()
    drafts = []
    for number in range(40):
        event = build_event("order.placed", order_id=order.order_id).model_copy(
            update={"id": f"evt_{number:032}", "correlation_id": "one"}
        )
        draft = service.find_draft(event)
        assert draft
        drafts.append(draft)

    headers = service.write(drafts).headers

    assert headers["X-Request-Id"] == "one"
    assert 800 < len(headers["X-Souk-Event-Id"]) <= service.HEADER_LENGTH_MAX
    assert headers["X-Souk-Event-Id"].endswith(f"{21:032}")


def expire_one() -> None:
    order = create_order()
    order.update([Order.expires_at.set(clock.utc_now())])
    expire_orders.handler(sample("orders.expire_orders"), CONTEXT)


def import_one() -> None:
    imports.upload()
    event = imports.put_file(imports.CSV_HEADER + imports.csv_row("IMPORTED"))
    import_file.handler(event, CONTEXT)


def watch_one() -> None:
    product = shop.product("WATCHED", available=1)
    event = sample("products.watch_stock_levels")
    for record in event["Records"]:
        record["dynamodb"]["Keys"]["product_id"] = {"S": product.product_id}
    watch_stock_levels.handler(event, CONTEXT)


@pytest.mark.parametrize(
    ("run", "event_type"),
    [
        (expire_one, "order.expired"),
        (import_one, "product.created"),
        (watch_one, "stock.replenished"),
    ],
)
def test_an_event_without_a_request_has_the_id_of_a_run(run, event_type):
    with logs.captured() as lines:
        run()

    (event,) = [event for event in published_events() if event.type == event_type]
    assert event.correlation_id not in ("", "none")
    assert find(lines, event.correlation_id)


def test_events_of_one_change_have_one_id(tea):
    order_id = place_order(tea)
    cancelled = send(orders, "orders.cancel", caller=ADA, path={"order_id": order_id}, body={})
    assert cancelled.status == 200

    for row in OutboxRow.scan():
        assert {event.correlation_id for event in events_in_row(row)} == {row.correlation_id}
