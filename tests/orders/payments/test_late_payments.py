"""Whole slice: payments that come late, twice, or in an order of their own, against the order's."""

from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from orders.handler import handler as orders
from orders.lifecycle import decisions, provider_events
from orders.lifecycle.service import update_order
from tests.support import shop
from tests.support.http import send
from tests.support.payments import (
    NOTHING_FAILED,
    begun,
    happened,
    place,
    stored,
    tell,
    told,
    work,
)

pytestmark = pytest.mark.usefixtures("aws", "bank")


@pytest.fixture
def order_id(tea):
    return place(tea)


def cancel(order_id: str) -> None:
    assert send(orders, "orders.cancel", path={"order_id": order_id}).status == 200


def expire(order_id: str, later) -> None:
    later.by = timedelta(hours=1)
    assert update_order(order_id, decisions.expire).status == "expired"


@pytest.fixture(params=["cancelled", "expired"])
def finished(request, tea, later):
    """An order that ended unpaid, and the payment that was begun for it."""
    order_id = place(tea)
    payment_id = begun(order_id)
    if request.param == "cancelled":
        cancel(order_id)
    else:
        expire(order_id, later)
    yield order_id, payment_id
    assert stored(order_id).status == request.param
    assert shop.available(tea) == 10
    assert "order.paid" not in happened()


def test_money_that_comes_too_late_revives_nothing_and_goes_back(bank, finished):
    order_id, payment_id = finished

    assert told(bank.captures(payment_id)) == "applied"
    assert work() == NOTHING_FAILED

    (refund,) = stored(order_id).refunds
    assert (int(refund.amount_minor), refund.status) == (2000, "succeeded")
    assert list(bank.accounts[payment_id].refunds) == [refund.refund_id]
    assert "order.refunded" in happened()


def test_what_is_authorized_too_late_revives_nothing_and_is_let_go(bank, finished):
    order_id, payment_id = finished

    assert told(bank.authorizes(payment_id)) == "applied"
    assert work() == NOTHING_FAILED

    assert stored(order_id).payment.status == "void"
    assert bank.accounts[payment_id].status == "void"


def test_an_order_paid_by_hand_gives_the_second_payment_back(bank, order_id):
    payment_id = begun(order_id)
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="cash"))

    told(bank.captures(payment_id))
    work()

    order = stored(order_id)
    assert order.status == "paid"
    assert [(int(it.amount_minor), it.status) for it in order.refunds] == [(2000, "succeeded")]


def test_whoever_captures_while_the_order_is_changed_decides_again(bank, order_id, monkeypatch):
    """Cancelled in between: then it comes too late."""
    event = bank.captures(begun(order_id))
    captured = provider_events.apply_capture

    def overtaken(*asked, **how):
        monkeypatch.setattr(provider_events, "apply_capture", captured)
        cancel(order_id)
        return captured(*asked, **how)

    monkeypatch.setattr(provider_events, "apply_capture", overtaken)

    assert told(event) == "applied"

    order = stored(order_id)
    assert (order.status, len(order.refunds)) == ("cancelled", 1)


EVENTS = ("authorized", "captured", "refunded", "voided")


@pytest.mark.parametrize("order_of_arrival", list(permutations(EVENTS)), ids=" ".join)
def test_in_any_order_of_arrival_what_was_received_is_paid_back_or_kept(
    bank, tea, order_id, order_of_arrival
):
    """Of a payment that was authorized, captured, and paid back in the provider's own pages.

    That it was voided too is a contradiction, which must do no harm.
    """
    payment_id = begun(order_id)
    events = {
        "authorized": bank.authorizes(payment_id),
        "voided": bank.lets_go(payment_id),
        "captured": bank.captures(payment_id),
        "refunded": bank.pays_back(payment_id, 2000),
    }
    bank.accounts[payment_id].refunds["in the provider's pages"] = object()
    waiting = [events[name] for name in order_of_arrival]

    for event in waiting * 2:  # each is told again, as is what was answered with 503
        assert tell(event).status in (200, 503)
    outcomes = [tell(event).body["outcome"] for event in waiting]

    order = stored(order_id)
    assert set(outcomes) == {"repeated"}
    assert order.status == "refunded"
    assert order.payment.captured_minor == 2000
    assert sum(int(it.amount_minor) for it in order.refunds if it.status == "succeeded") == 2000
    assert shop.available(tea) == 10
    assert happened().count("order.paid") == 1
