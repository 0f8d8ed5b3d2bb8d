"""The pages of payments and of the activity, on the running stack and in a browser."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.stack import Stack
from tests.e2e.conftest import fetch_url, wait_until
from tests.support import browser
from tests.support.browser_tab import DESKTOP, PHONE, Tab, open_tab

needs_chromium = pytest.mark.skipif(
    browser.find_chromium() is None,
    reason="Chromium is not installed (Debian's package is `chromium`), so no page can be shown",
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def paid_order(stack: Stack, visitor, staff) -> dict[str, Any]:
    """With both of its mails, and its buyer's address."""
    buyer = visitor.register()
    order: dict[str, Any] = buyer.place_order(staff.create_product(available=1)).json()
    buyer.pay_order(order["id"])
    wait_until(lambda: len(trace(stack, order["id"])["mails"]) == 2)
    return order | {"email": buyer.email}


@pytest.fixture
def dead_letter(stack: Stack, paid_order) -> str:
    """An event that the mail worker has given up: the confirmation of the order, once more."""
    placed = trace(stack, paid_order["id"])["events"][0]["data"]
    event = {
        "id": f"evt_{uuid4().hex}",
        "version": 1,
        "type": "order.confirmation_requested",
        "occurred_at": "2026-11-27T12:00:00Z",
        "correlation_id": "none",
        "data": {
            "order_id": paid_order["id"],
            "buyer_id": placed["buyer_id"],
            "total": placed["total"],
        },
    }
    message = {"detail-type": event["type"], "detail": event}
    sent = stack.client("sqs").send_message(
        QueueUrl=stack.physical_ids["MailDeadLetters"], MessageBody=json.dumps(message)
    )
    return str(sent["MessageId"])


def trace(stack: Stack, text: str) -> dict[str, Any]:
    found: dict[str, Any] = fetch_url(f"{stack.api_url}/activity/trace.json", id=text).json()
    return found


def test_an_order_leads_to_all_that_it_caused(stack, paid_order):
    found = trace(stack, paid_order["id"])

    requests = [(request["method"], request["path"]) for request in found["requests"]]
    assert requests == [
        ("POST", "/v1/orders"),
        ("POST", f"/v1/orders/{paid_order['id']}/payment"),
        ("POST", "/v1/payments/webhook"),
    ]
    events = {event["type"]: event for event in found["events"]}
    assert {"order.placed", "order.paid"} <= events.keys()
    assert all(events[name]["mail"]["state"] == "sent" for name in ("order.placed", "order.paid"))
    assert events["order.placed"]["correlation_id"] == found["requests"][0]["request_id"]
    assert [mail["to"] for mail in found["mails"]] == [[paid_order["email"]]] * 2
    assert [payment["status"] for payment in found["payments"]] == ["captured"]
    functions = {line["function"] for line in found["lines"]}
    assert {"OrdersFunction", "MailFunction", "PaymentsFunction"} <= functions
    assert [order["buyer"] for order in found["orders"]] == [paid_order["email"]]


def test_a_request_leads_to_the_order_that_it_placed(stack, paid_order):
    placed = trace(stack, paid_order["id"])["requests"][0]["request_id"]

    found = trace(stack, placed)

    assert [order["id"] for order in found["orders"]] == [paid_order["id"]]
    assert [event["type"] for event in found["events"]] == ["order.placed"]


def test_the_activity_shows_no_secret(stack, paid_order, buyer):
    assert buyer.token is not None
    assert buyer.get("/orders").status_code == 200

    shown = json.dumps(trace(stack, paid_order["id"])) + "".join(
        fetch_url(f"{stack.api_url}/activity/{part}.json").text
        for part in ("requests", "events", "queues", "lines", "tables")
    )

    assert buyer.token not in shown
    assert buyer.token.split(".")[2] not in shown
    assert "client_secret" not in shown
    assert "Bearer" not in shown


def pages(stack: Stack, order: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """What each page must show."""
    order_id, payment = order["id"], trace(stack, order["id"])["payments"][0]["id"]
    return {
        "/payments": (order["email"], order_id[:14], "captured", "accepted"),
        f"/payments/{payment}": (order_id, order["email"], "payment.captured", "200", "applied"),
        "/activity": ("POST /v1/orders", "201", " ms", "the payment provider"),
        "/activity#events": ("order.placed", "on the bus", order_id[:14], "not on the bus yet"),
        "/activity#queues": ("MailQueue", "MailDeadLetters", "keeps what failed for MailQueue"),
        "/activity#lines": ("mailed", "Mail", "event_id="),
        "/activity#tables": ("OrdersTable", "OutboxTable"),
        f"/activity/orders/{order_id}": (
            order_id,
            "pending_payment",
            order["email"],
            "POST /v1/payments/webhook",
            "order.paid",
            "Sent at",
            payment,
            "mailed",
        ),
    }


@needs_chromium
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_shows_its_data_at_each_width(stack, paid_order, tab, width, scheme):
    backgrounds = set()

    for path, texts in pages(stack, paid_order).items():
        tab.show(f"{stack.api_url}{path}", width=width, scheme=scheme)
        for text in texts:
            tab.wait_for_text(text)
        assert tab.overflow() == 0, path
        backgrounds.add(tab.background())

    assert tab.problems == []
    [background] = backgrounds
    lightness = max(int(part) for part in background.strip("rgb()").split(","))
    assert (lightness > 200) is (scheme == "light")


@needs_chromium
def test_the_filter_hides_other_rows(stack, tab):
    tab.show(f"{stack.api_url}/activity#tables")
    tab.wait_for_text("OutboxTable")

    tab.evaluate("(filter.value = 'orderst', filter.dispatchEvent(new Event('input')), null)")

    assert "OrdersTable" in tab.text()
    assert "OutboxTable" not in tab.text()


@needs_chromium
def test_the_search_leads_to_the_page_of_an_order(stack, paid_order, tab):
    tab.show(f"{stack.api_url}/activity")

    tab.evaluate(f"(document.querySelector('#id').value = {json.dumps(paid_order['id'])}, null)")
    tab.click("#search button")

    tab.wait_for_text(f"Order {paid_order['id']}")
    tab.wait_for_text(paid_order["email"])


@needs_chromium
def test_the_button_of_a_queue_redrives_it(stack, paid_order, dead_letter, tab, list_mails_to):
    before = len(list_mails_to(paid_order["email"]))
    tab.show(f"{stack.api_url}/activity#queues")
    tab.wait_for_text(dead_letter)

    tab.click("[data-queue=MailDeadLetters] button")

    tab.wait_for_text("MailDeadLetters: 1 messages were sent to MailQueue")
    tab.wait_for("!document.querySelector('[data-queue=MailDeadLetters]')")
    wait_until(lambda: len(list_mails_to(paid_order["email"])) == before + 1)


@needs_chromium
def test_a_payment_is_paid_disputed_and_won_in_a_browser(stack, staff, buyer, tab):
    order = buyer.place_order(staff.create_product(available=1)).json()
    payment = buyer.start_payment(order["id"])
    tab.show(f"{stack.api_url}/payments/{payment['payment_id']}#{payment['client_secret']}")

    tab.click("[value=declined]")
    tab.wait_for_text("The card was declined")
    tab.click("[value=ok]")
    tab.wait_for_text("payment.captured")
    buyer.wait_for_status(order["id"], "paid")

    def list_disputes() -> list[str]:
        disputes = staff.get(f"/staff/orders/{order['id']}").json()["disputes"]
        return [dispute["status"] for dispute in disputes]

    tab.click("[value=needs_response]")
    wait_until(lambda: list_disputes() == ["needs_response"])
    tab.click("[value=won]")
    wait_until(lambda: list_disputes() == ["won"])
    assert tab.problems == []


def test_a_decline_is_a_webhook_that_changes_nothing(stack, staff, buyer):
    order = buyer.place_order(staff.create_product(available=1)).json()
    payment = buyer.start_payment(order["id"])
    buyer.confirm_payment(payment, card="declined")

    def list_answers() -> list[tuple[str, str]]:
        url = f"{stack.api_url}/payments/{payment['payment_id']}.json"
        return [
            (webhook["type"], answer["outcome"])
            for webhook in fetch_url(url).json()["webhooks"]
            for answer in webhook["answers"]
        ]

    wait_until(lambda: list_answers() == [("payment.declined", "ignored")])
    assert buyer.get_order_status(order["id"]) == "pending_payment"
