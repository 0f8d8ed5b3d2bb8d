"""Whole slice: the worker captures payments of shipped orders and voids those of finished ones."""

from functools import partial

import pytest

from orders.lifecycle import decisions
from orders.lifecycle.service import update_order
from shared.errors.orders import PaymentRefused
from tests.support.payments import (
    FAILED,
    NOTHING_FAILED,
    begun,
    happened,
    stored,
    told,
    work,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def authorize(provider, order_id: str) -> str:
    """Return the id of the payment."""
    payment_id = begun(order_id)
    assert told(provider.authorizes(payment_id)) == "applied"
    return payment_id


def ship(order_id: str) -> None:
    update_order(
        order_id, partial(decisions.ship, by="usr_staff", carrier="DHL", tracking_number="1")
    )


def cancel(order_id: str) -> None:
    update_order(order_id, partial(decisions.cancel, by="usr_staff", is_staff=True, reason=None))


def test_the_payment_of_a_cancelled_order_is_voided_once(provider, order_id):
    payment_id = begun(order_id)
    cancel(order_id)

    assert work() == NOTHING_FAILED

    assert provider.accounts[payment_id].status == "void"
    assert stored(order_id).payment.status == "void"
    provider.asked.clear()
    assert work() == NOTHING_FAILED
    assert provider.asked == []


def test_a_payment_captured_before_the_void_is_refunded(provider, order_id):
    """The webhook of the capture may never arrive."""
    payment_id = begun(order_id)
    cancel(order_id)
    provider.captures(payment_id)

    assert work() == NOTHING_FAILED
    assert work() == NOTHING_FAILED

    order = stored(order_id)
    assert (order.status, order.payment.status) == ("cancelled", "captured")
    assert [refund.status for refund in order.refunds] == ["succeeded"]
    assert len(provider.accounts[payment_id].refunds) == 1


def test_a_refused_void_is_retried(provider, order_id):
    begun(order_id)
    cancel(order_id)
    provider.says = [PaymentRefused(reason="unexpected_state")]

    assert work() == FAILED

    assert stored(order_id).payment.status == "started"
    assert work() == NOTHING_FAILED
    assert stored(order_id).payment.status == "void"


def test_an_authorized_payment_is_captured_after_shipping(provider, order_id):
    payment_id = authorize(provider, order_id)
    ship(order_id)

    assert work() == NOTHING_FAILED

    order = stored(order_id)
    assert (order.status, order.payment.status) == ("shipped", "captured")
    assert order.payment.captured_minor == 2000
    assert provider.accounts[payment_id].status == "captured"
    assert order.refunds == []
    assert told(provider.captures(payment_id)) == "repeated"


def test_a_repeated_capture_message_sends_no_request(provider, order_id):
    authorize(provider, order_id)
    ship(order_id)
    work()
    provider.asked.clear()

    assert work() == NOTHING_FAILED

    assert provider.asked == []


def test_an_authorization_voided_by_the_provider_is_reported(provider, order_id):
    """Card authorizations last about a week."""
    payment_id = authorize(provider, order_id)
    ship(order_id)
    provider.lets_go(payment_id)

    assert work() == NOTHING_FAILED

    order = stored(order_id)
    assert (order.status, order.payment.status) == ("shipped", "void")
    assert "order.authorization_voided" in happened()


def test_an_order_cancelled_after_shipping_is_not_captured(provider, order_id):
    payment_id = authorize(provider, order_id)
    ship(order_id)
    cancel(order_id)
    provider.asked.clear()

    assert work() == NOTHING_FAILED

    assert provider.asked == ["void_payment"]
    assert provider.accounts[payment_id].status == "void"


def test_a_manually_paid_order_is_not_captured(provider, order_id):
    payment_id = begun(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))
    told(provider.authorizes(payment_id))
    ship(order_id)
    provider.asked.clear()

    assert work() == NOTHING_FAILED

    assert provider.asked == ["void_payment"]
