"""Whole slice: webhooks that arrive after the order has ended, twice, or in any sequence."""

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

pytestmark = pytest.mark.usefixtures("aws", "provider")


def cancel(order_id: str) -> None:
    assert send(orders, "orders.cancel", path={"order_id": order_id}).status == 200


def expire(order_id: str, shifted_clock) -> None:
    shifted_clock.ahead = timedelta(hours=1)
    assert update_order(order_id, decisions.expire).status == "expired"


@pytest.fixture(params=["cancelled", "expired"])
def finished(request, tea, shifted_clock):
    """The ids of an order that ended unpaid, and of its payment. It stays as it ended."""
    order_id = place_order(tea)
    payment_id = start_payment(order_id)
    if request.param == "cancelled":
        cancel(order_id)
    else:
        expire(order_id, shifted_clock)
    yield order_id, payment_id
    assert get_order(order_id).status == request.param
    assert shop.available(tea) == 10
    assert "order.paid" not in sorted_event_types()


def test_a_late_capture_is_refunded(provider, finished):
    order_id, payment_id = finished

    assert webhook_outcome(provider.report_captured(payment_id)) == "applied"
    assert run_payment_worker() == NOTHING_FAILED

    (refund,) = get_order(order_id).refunds
    assert (int(refund.amount_minor), refund.status) == (2000, "succeeded")
    assert list(provider.payments[payment_id].refunds) == [refund.refund_id]
    assert "order.refunded" in sorted_event_types()


def test_a_late_authorization_is_voided(provider, finished):
    order_id, payment_id = finished

    assert webhook_outcome(provider.report_authorized(payment_id)) == "applied"
    assert run_payment_worker() == NOTHING_FAILED

    assert get_order(order_id).payment.status == "void"
    assert provider.payments[payment_id].status == "void"


def test_a_capture_after_a_manual_payment_is_refunded(provider, order_id):
    payment_id = start_payment(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))

    webhook_outcome(provider.report_captured(payment_id))
    run_payment_worker()

    order = get_order(order_id)
    assert order.status == "paid"
    assert [(int(refund.amount_minor), refund.status) for refund in order.refunds] == [
        (2000, "succeeded")
    ]


def test_a_capture_during_a_cancellation_is_decided_again(provider, order_id, monkeypatch):
    """After the cancellation the capture is too late."""
    event = provider.report_captured(start_payment(order_id))
    captured = provider_events.apply_capture

    def captured_after_cancellation(*args, **kwargs):
        monkeypatch.setattr(provider_events, "apply_capture", captured)
        cancel(order_id)
        return captured(*args, **kwargs)

    monkeypatch.setattr(provider_events, "apply_capture", captured_after_cancellation)

    assert webhook_outcome(event) == "applied"

    order = get_order(order_id)
    assert (order.status, len(order.refunds)) == ("cancelled", 1)


EVENTS = ("authorized", "captured", "refunded", "voided")


@pytest.mark.parametrize("sequence", list(permutations(EVENTS)), ids=" ".join)
def test_events_lead_to_the_same_order_in_any_sequence(provider, tea, order_id, sequence):
    """The payment was authorized, captured, and refunded in the provider's dashboard.

    The void contradicts the capture and must do no harm.
    """
    payment_id = start_payment(order_id)
    events = {
        "authorized": provider.report_authorized(payment_id),
        "voided": provider.report_voided(payment_id),
        "captured": provider.report_captured(payment_id),
        "refunded": provider.report_refund(payment_id, 2000),
    }
    provider.payments[payment_id].refunds["made in the dashboard"] = object()
    waiting = [events[name] for name in sequence]

    for event in waiting * 2:  # the provider repeats every event
        assert send_webhook(event).status in (200, 503)
    outcomes = [send_webhook(event).body["outcome"] for event in waiting]

    order = get_order(order_id)
    succeeded = [refund for refund in order.refunds if refund.status == "succeeded"]
    refunded = sum(int(refund.amount_minor) for refund in succeeded)
    assert set(outcomes) == {"repeated"}
    assert order.status == "refunded"
    assert order.payment.captured_minor == 2000
    assert refunded == 2000
    assert shop.available(tea) == 10
    assert sorted_event_types().count("order.paid") == 1
