"""Cancelling an order through the API frees its stock and its promotion use."""

import time
from functools import partial

import pytest

from orders.handler import handler
from orders.lifecycle import decisions, shipping
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from shared.storage import stock
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import HOT_ATTEMPTS
from tests.support import events, logs, pricing, shop
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import ADA, BOB, NOBODY, STAFF, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


@pytest.fixture
def order_id(tea):
    return place(tea)


def place(tea, quantity=3, **changes) -> str:
    body = {"lines": [line(tea, quantity)], "shipping_address": shop.ADDRESS} | changes
    answer = send(handler, "orders.place", body=body)
    assert answer.status == 201
    return answer.body["id"]


def cancel(order_id, *, caller=ADA, **body) -> Answer:
    return send(handler, "orders.cancel", caller=caller, body=body, path={"order_id": order_id})


def paid(order_id):
    update_order(
        order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="transfer 7")
    )


def shipped(order_id):
    paid(order_id)
    update_order(order_id, partial(shipping.ship, tracking=Tracking("Post", None), by="usr_staff"))


def event_types() -> list[str]:
    return [event.type for event in events.published_events()]


def allocated(product) -> int:
    return stock.get_stock(Product.get(product.product_id)).allocated


def test_a_buyer_cancels_an_unpaid_order(tea, order_id):
    answer = cancel(order_id, reason="Ordered twice")

    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    last = answer.body["history"][-1]
    assert (last["status"], last["by"], last["reason"]) == (
        "cancelled",
        ADA.user_id,
        "Ordered twice",
    )
    assert (answer.body["expires_at"], answer.body["lines"][0]["returned"]) == (None, 3)
    assert (shop.available(tea), allocated(tea)) == (10, 0)
    assert sorted(event_types()) == ["order.cancelled", "order.placed"]
    assert Order.get(order_id).awaits is None


def test_a_reason_may_be_left_out(order_id):
    answer = cancel(order_id)

    assert (answer.status, answer.body["history"][-1]["reason"]) == (200, None)


def test_a_repeated_cancel_answers_the_same_and_restocks_once(tea, order_id):
    first = cancel(order_id, reason="Ordered twice")

    again = cancel(order_id, reason="Did that work?")

    assert (again.status, again.body) == (200, first.body)
    assert (shop.available(tea), OutboxRow.count()) == (10, 2)


def test_cancelling_a_manual_payment_requires_a_manual_refund(tea, order_id):
    """The refund is recorded only when staff have paid it."""
    paid(order_id)

    answer = cancel(order_id)

    assert (answer.body["status"], answer.body["refunds"]) == ("cancelled", [])
    assert answer.body["history"][-1]["event"] == "manual_refund_required"
    assert answer.body["payment"] == {
        "status": "manual",
        "received": {"amount_minor": 3000, "currency": "EUR"},
        "refunded": {"amount_minor": 0, "currency": "EUR"},
    }
    assert shop.available(tea) == 10


@pytest.mark.parametrize(("permissions", "status"), [("", 403), (" orders:refund", 200)])
def test_cancelling_a_paid_order_needs_the_refund_permission(order_id, permissions, status):
    paid(order_id)
    script = {
        "user_id": STAFF.user_id,
        "session_id": "",
        "permissions": f"orders:place orders:manage{permissions}",
        "second_factor_due": False,
        "expires_at": int(time.time()) + 900,
    }

    answer = cancel(order_id, caller=script)

    assert answer.status == status


def test_cancelling_releases_the_uses_of_the_promotion(tea):
    pricing.promotion("SPRING", uses_max=1, uses_per_customer_max=1)
    order_id = place(tea, promotion_code="SPRING")
    taken = pricing.count_uses("SPRING"), pricing.count_uses("SPRING", ADA.user_id)

    cancel(order_id)
    cancel(order_id)

    assert taken == (1, 1)
    assert (pricing.count_uses("SPRING"), pricing.count_uses("SPRING", ADA.user_id)) == (0, 0)


def test_a_buyer_cannot_cancel_a_shipped_order(tea, order_id):
    shipped(order_id)

    answer = cancel(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert answer.error["details"]["status"] == "shipped"
    assert (Order.get(order_id).status, shop.available(tea)) == ("shipped", 7)


@pytest.mark.parametrize("before", [lambda _: None, paid, shipped])
def test_staff_cancel_any_order(order_id, before):
    before(order_id)

    answer = cancel(order_id, caller=STAFF, reason="Address does not exist")

    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    assert answer.body["history"][-1]["by"] == "staff"
    assert Order.get(order_id).history[-1].by == STAFF.user_id


def test_cancelling_a_shipped_order_restocks_nothing(tea, order_id):
    shipped(order_id)

    cancel(order_id, caller=STAFF)

    assert shop.available(tea) == 7


def test_an_expired_order_cannot_be_cancelled(order_id):
    Order(order_id).update([Order.status.set("expired")])

    answer = cancel(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_another_buyers_order_looks_like_a_missing_one(tea, order_id):
    theirs = cancel(order_id, caller=BOB)
    missing = cancel("ord_missing", caller=BOB)

    assert theirs.status == missing.status == 404
    assert theirs.error | {"request_id": ""} == missing.error | {"request_id": ""}
    assert (Order.get(order_id).status, shop.available(tea)) == ("pending_payment", 7)


def test_cancelling_needs_a_token(order_id):
    assert cancel(order_id, caller=NOBODY).status == 401


@pytest.mark.parametrize("reason", ["", "x" * 501, "two\nlines", 7, ["late"]])
def test_a_reason_is_one_line_of_up_to_500_characters(order_id, reason):
    answer = cancel(order_id, reason=reason)

    assert (answer.status, answer.paths) == (422, ["body.reason"])
    assert Order.get(order_id).status == "pending_payment"


def test_an_order_paid_at_that_moment_is_still_cancelled(order_id, monkeypatch):
    """The slower writer decides again, about the order as it is then."""
    decide, ahead = decisions.cancel, [lambda: paid(order_id)]

    def overtaken(order, **how):
        if ahead:
            ahead.pop()()
        return decide(order, **how)

    monkeypatch.setattr(decisions, "cancel", overtaken)

    answer = cancel(order_id)

    assert [step["status"] for step in answer.body["history"]][:3] == [
        "pending_payment",
        "paid",
        "cancelled",
    ]
    assert answer.body["history"][-1]["event"] == "manual_refund_required"


def test_a_cancellation_that_always_loses_gets_retry_after(order_id):
    lost = cancelled_transaction("TransactionConflict", "None", "None")

    with inject_faults(connection().client, "TransactWriteItems", *[lost] * 99) as calls:
        answer = cancel(order_id)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert len(calls) == HOT_ATTEMPTS  # the stock of a hot product, as when the order was placed
    assert Order.get(order_id).status == "pending_payment"


def test_a_cancellation_is_audited_without_its_reason(order_id):
    with logs.captured() as lines:
        cancel(order_id, reason="My daughter Byron has one already")

    (audited,) = lines.saying("audit")
    assert (audited["action"], audited["order_id"]) == ("cancel_order", order_id)
    assert audited["user_id"] == ADA.user_id
    assert "Byron" not in lines.text
