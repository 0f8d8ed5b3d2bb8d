"""Whole slice: payments that are let go of, or captured, when the order comes to that."""

from functools import partial

import pytest

from orders.lifecycle import decisions
from orders.lifecycle.service import update_order
from shared.errors.orders import PaymentRefused
from tests.support.events import sorted_event_types
from tests.support.order_requests import place_order
from tests.support.payments import (
    FIRST_FAILED,
    NOTHING_FAILED,
    get_order,
    run_payment_worker,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "bank")


@pytest.fixture
def order_id(tea):
    return place_order(tea)


def authorized(bank, order_id: str) -> str:
    """Its payment's id."""
    payment_id = start_payment(order_id)
    assert webhook_outcome(bank.authorize_payment(payment_id)) == "applied"
    return payment_id


def ship(order_id: str) -> None:
    update_order(
        order_id, partial(decisions.ship, by="usr_staff", carrier="DHL", tracking_number="1")
    )


def cancel(order_id: str) -> None:
    update_order(order_id, partial(decisions.cancel, by="usr_staff", is_staff=True, reason=None))


def test_a_cancelled_order_lets_go_of_its_payment(bank, order_id):
    payment_id = start_payment(order_id)
    cancel(order_id)

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.payments[payment_id].status == "void"
    assert get_order(order_id).payment.status == "void"
    bank.calls.clear()
    assert run_payment_worker() == NOTHING_FAILED
    assert bank.calls == []


def test_a_payment_that_went_through_in_the_meantime_is_paid_back_instead(bank, order_id):
    """The webhook that tells of it may never come."""
    payment_id = start_payment(order_id)
    cancel(order_id)
    bank.capture_payment(payment_id)

    assert run_payment_worker() == NOTHING_FAILED
    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("cancelled", "captured")
    assert [it.status for it in get_order(order_id).refunds] == ["succeeded"]
    assert len(bank.payments[payment_id].refunds) == 1


def test_a_payment_that_cannot_be_let_go_of_comes_again(bank, order_id):
    start_payment(order_id)
    cancel(order_id)
    bank.refusals = [PaymentRefused("It is being processed.", reason="unexpected_state")]

    assert run_payment_worker() == FIRST_FAILED

    assert get_order(order_id).payment.status == "started"
    assert run_payment_worker() == NOTHING_FAILED
    assert get_order(order_id).payment.status == "void"


def test_what_was_authorized_is_captured_once_it_is_shipped(bank, order_id):
    payment_id = authorized(bank, order_id)
    ship(order_id)

    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("shipped", "captured")
    assert order.payment.captured_minor == 2000
    assert bank.payments[payment_id].status == "captured"
    assert order.refunds == []
    assert webhook_outcome(bank.capture_payment(payment_id)) == "repeated"


def test_it_is_captured_once_however_often_the_message_comes(bank, order_id):
    authorized(bank, order_id)
    ship(order_id)
    run_payment_worker()
    bank.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.calls == []


def test_what_the_provider_has_let_go_of_is_lost_and_told(bank, order_id):
    """Cards are held for a week or so."""
    payment_id = authorized(bank, order_id)
    ship(order_id)
    bank.void_payment(payment_id)

    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("shipped", "void")
    assert "order.authorization_voided" in sorted_event_types()


def test_of_an_order_that_was_cancelled_after_shipping_nothing_is_captured(bank, order_id):
    payment_id = authorized(bank, order_id)
    ship(order_id)
    cancel(order_id)
    bank.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.calls == ["void"]
    assert bank.payments[payment_id].status == "void"


def test_of_an_order_that_was_paid_by_hand_nothing_is_captured(bank, order_id):
    payment_id = start_payment(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))
    webhook_outcome(bank.authorize_payment(payment_id))
    ship(order_id)
    bank.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.calls == ["void"]
