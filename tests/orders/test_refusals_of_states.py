"""Whole slice: what the state of an order forbids, at each route of staff and of guests."""

import pytest

from tests.support import orders, shop
from tests.support.order_requests import call_as_staff
from tests.support.orders import captured, ship, start_payment

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def one_of(product) -> dict:
    return {"lines": [shop.line(product)]}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("staff.ship_order", {"carrier": "DHL", "tracking_number": "1"}),
        ("staff.create_shipment", {"carrier": "DHL"}),
        ("staff.cancel_units", {"reason": "sold out"}),
        ("staff.deliver_order", None),
        ("staff.mark_order_paid", {"reference": "Bank transfer"}),
        ("staff.resend_confirmation", None),
    ],
)
def test_a_cancelled_order_takes_no_step(tea, name, body):
    order = orders.create_order(orders.cancel, product=tea)

    answer = call_as_staff(name, order.order_id, body)

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_an_order_takes_nothing_back_before_it_is_sent(tea):
    order = orders.create_order(product=tea)

    answer = call_as_staff("staff.return_order", order.order_id, one_of(tea))

    assert (answer.status, answer.code) == (409, "order_status_conflict")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("staff.add_note_to_order", {"text": "Called the buyer"}),
        ("staff.refund_order", {"reason": "broken"}),
        ("staff.return_order", None),
    ],
)
def test_an_order_that_is_full_takes_no_more_entries(tea, name, body, monkeypatch):
    order = orders.create_order(start_payment, captured, ship, product=tea)
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)

    answer = call_as_staff(name, order.order_id, body or one_of(tea))

    assert (answer.status, answer.code) == (409, "order_entry_limit_reached")
    assert answer.error["details"] == {"entries_max": 0}
