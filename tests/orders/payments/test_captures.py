"""Whole slice: the worker captures payments of shipped orders and voids those of finished ones."""

from functools import partial

import pytest

from orders.lifecycle import decisions, shipping
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from shared.errors.orders import PaymentRefused
from tests.support.events import sorted_event_types
from tests.support.payments import (
    FIRST_FAILED,
    NOTHING_FAILED,
    get_order,
    run_payment_worker,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def authorize(provider, order_id: str) -> str:
    """Return the id of the payment."""
    payment_id = start_payment(order_id)
    assert webhook_outcome(provider.report_authorized(payment_id)) == "applied"
    return payment_id


def ship(order_id: str) -> None:
    update_order(order_id, partial(shipping.ship, tracking=Tracking("DHL", "1"), by="usr_staff"))


def cancel(order_id: str) -> None:
    update_order(order_id, partial(decisions.cancel, by="usr_staff", is_staff=True, reason=None))


def test_the_payment_of_a_cancelled_order_is_voided_once(provider, order_id):
    payment_id = start_payment(order_id)
    cancel(order_id)

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.payments[payment_id].status == "void"
    assert get_order(order_id).payment.status == "void"
    provider.calls.clear()
    assert run_payment_worker() == NOTHING_FAILED
    assert provider.calls == []


def test_a_payment_captured_before_the_void_is_refunded(provider, order_id):
    """The webhook of the capture may never arrive."""
    payment_id = start_payment(order_id)
    cancel(order_id)
    provider.report_captured(payment_id)

    assert run_payment_worker() == NOTHING_FAILED
    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("cancelled", "captured")
    assert [refund.status for refund in order.refunds] == ["succeeded"]
    assert len(provider.payments[payment_id].refunds) == 1


def test_a_refused_void_is_retried(provider, order_id):
    start_payment(order_id)
    cancel(order_id)
    provider.refusals = [PaymentRefused(reason="unexpected_state")]

    assert run_payment_worker() == FIRST_FAILED

    assert get_order(order_id).payment.status == "started"
    assert run_payment_worker() == NOTHING_FAILED
    assert get_order(order_id).payment.status == "void"


def test_an_authorized_payment_is_captured_after_shipping(provider, order_id):
    payment_id = authorize(provider, order_id)
    ship(order_id)

    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("shipped", "captured")
    assert order.payment.captured_minor == 2000
    assert provider.payments[payment_id].status == "captured"
    assert order.refunds == []
    assert webhook_outcome(provider.report_captured(payment_id)) == "repeated"


def test_a_repeated_capture_message_sends_no_request(provider, order_id):
    authorize(provider, order_id)
    ship(order_id)
    run_payment_worker()
    provider.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.calls == []


def test_an_authorization_voided_by_the_provider_is_reported(provider, order_id):
    """Card authorizations last about a week."""
    payment_id = authorize(provider, order_id)
    ship(order_id)
    provider.report_voided(payment_id)

    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("shipped", "void")
    assert "order.authorization_voided" in sorted_event_types()


def test_an_order_cancelled_after_shipping_is_not_captured(provider, order_id):
    payment_id = authorize(provider, order_id)
    ship(order_id)
    cancel(order_id)
    provider.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.calls == ["void_payment"]
    assert provider.payments[payment_id].status == "void"


def test_a_manually_paid_order_is_not_captured(provider, order_id):
    payment_id = start_payment(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))
    webhook_outcome(provider.report_authorized(payment_id))
    ship(order_id)
    provider.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.calls == ["void_payment"]
