"""Whole slice: payments that come late, twice, or in an order of their own, against the order's."""

from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from orders.handler import handler as orders
from orders.lifecycle import decisions, provider_events
from orders.lifecycle.service import update_order
from tests.support import shop
from tests.support.events import sorted_event_types
from tests.support.http import send
from tests.support.order_requests import place_order
from tests.support.payments import (
    NOTHING_FAILED,
    get_order,
    run_payment_worker,
    send_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "bank")


@pytest.fixture
def order_id(tea):
    return place_order(tea)


def cancel(order_id: str) -> None:
    assert send(orders, "orders.cancel", path={"order_id": order_id}).status == 200


def expire(order_id: str, later) -> None:
    later.by = timedelta(hours=1)
    assert update_order(order_id, decisions.expire).status == "expired"


@pytest.fixture(params=["cancelled", "expired"])
def finished(request, tea, later):
    """An order that ended unpaid, and the payment that was begun for it."""
    order_id = place_order(tea)
    payment_id = start_payment(order_id)
    if request.param == "cancelled":
        cancel(order_id)
    else:
        expire(order_id, later)
    yield order_id, payment_id
    assert get_order(order_id).status == request.param
    assert shop.available(tea) == 10
    assert "order.paid" not in sorted_event_types()


def test_money_that_comes_too_late_revives_nothing_and_goes_back(bank, finished):
    order_id, payment_id = finished

    assert webhook_outcome(bank.capture_payment(payment_id)) == "applied"
    assert run_payment_worker() == NOTHING_FAILED

    (refund,) = get_order(order_id).refunds
    assert (int(refund.amount_minor), refund.status) == (2000, "succeeded")
    assert list(bank.payments[payment_id].refunds) == [refund.refund_id]
    assert "order.refunded" in sorted_event_types()


def test_what_is_authorized_too_late_revives_nothing_and_is_let_go(bank, finished):
    order_id, payment_id = finished

    assert webhook_outcome(bank.authorize_payment(payment_id)) == "applied"
    assert run_payment_worker() == NOTHING_FAILED

    assert get_order(order_id).payment.status == "void"
    assert bank.payments[payment_id].status == "void"


def test_an_order_paid_by_hand_gives_the_second_payment_back(bank, order_id):
    payment_id = start_payment(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))

    webhook_outcome(bank.capture_payment(payment_id))
    run_payment_worker()

    order = get_order(order_id)
    assert order.status == "paid"
    assert [(int(it.amount_minor), it.status) for it in order.refunds] == [(2000, "succeeded")]


def test_whoever_captures_while_the_order_is_changed_decides_again(bank, order_id, monkeypatch):
    """Cancelled in between: then it comes too late."""
    event = bank.capture_payment(start_payment(order_id))
    captured = provider_events.captured

    def overtaken(*asked, **how):
        monkeypatch.setattr(provider_events, "captured", captured)
        cancel(order_id)
        return captured(*asked, **how)

    monkeypatch.setattr(provider_events, "captured", overtaken)

    assert webhook_outcome(event) == "applied"

    order = get_order(order_id)
    assert (order.status, len(order.refunds)) == ("cancelled", 1)


EVENTS = ("authorized", "captured", "refunded", "voided")


@pytest.mark.parametrize("order_of_arrival", list(permutations(EVENTS)), ids=" ".join)
def test_in_any_order_of_arrival_what_was_received_is_paid_back_or_kept(
    bank, tea, order_id, order_of_arrival
):
    """Of a payment that was authorized, captured, and paid back in the provider's own pages.

    That it was voided too is a contradiction, which must do no harm.
    """
    payment_id = start_payment(order_id)
    events = {
        "authorized": bank.authorize_payment(payment_id),
        "voided": bank.void_payment(payment_id),
        "captured": bank.capture_payment(payment_id),
        "refunded": bank.refund_payment(payment_id, 2000),
    }
    bank.payments[payment_id].refunds["in the provider's pages"] = object()
    waiting = [events[name] for name in order_of_arrival]

    for event in waiting * 2:  # each is told again, as is what was answered with 503
        assert send_webhook(event).status in (200, 503)
    outcomes = [send_webhook(event).body["outcome"] for event in waiting]

    order = get_order(order_id)
    assert set(outcomes) == {"repeated"}
    assert order.status == "refunded"
    assert order.payment.captured_minor == 2000
    assert sum(int(it.amount_minor) for it in order.refunds if it.status == "succeeded") == 2000
    assert shop.available(tea) == 10
    assert sorted_event_types().count("order.paid") == 1
