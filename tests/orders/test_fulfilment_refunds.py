"""Staff refund orders: in part or in full, once per key, never more than was received."""

import pytest

from orders.lifecycle.service import update_order
from shared.storage.models.orders import Order
from tests.support import orders, shop
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    captured,
    count_units,
    list_order_events,
    mark_paid_manually,
    settle_refund,
    ship,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


@pytest.fixture
def order(tea):
    """Two units, EUR 20.00."""
    return orders.create_order(captured, product=tea)


def euros(amount_minor: int) -> dict:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def refund(order: Order, amount_minor: int | None = None, key: str = "key-1", **more):
    amount = {} if amount_minor is None else {"amount": euros(amount_minor)}
    return call_as_staff("staff.refund_order", order.order_id, amount | more, key=key)


def refunds_of(order: Order) -> list[tuple[int, str]]:
    return [
        (int(refund.amount_minor), refund.status) for refund in Order.get(order.order_id).refunds
    ]


def test_a_partial_refund_is_requested_from_the_provider(order, tea):
    answer = refund(order, 500, reason="a scratch")

    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (202, "false")
    (shown,) = answer.body["refunds"]
    assert (shown["amount"], shown["status"]) == (euros(500), "requested")
    assert (shown["reason"], shown["by"]) == ("a scratch", "usr_staff")
    assert answer.body["status"] == "paid"
    event = list_order_events(order)[-1]
    assert (event.type, event.data.amount.amount_minor) == ("order.refund_requested", 500)
    assert event.data.refund_id == shown["id"]
    assert count_units(tea) == (8, 2)


def test_a_refund_without_an_amount_refunds_all_that_is_left(order):
    refund(order, 500)

    refund(order, key="key-2")

    assert refunds_of(order) == [(500, "requested"), (1500, "requested")]


def test_a_full_refund_before_shipping_restocks_the_units(order, tea):
    refund(order)

    update_order(order.order_id, settle_refund())

    assert Order.get(order.order_id).status == "refunded"
    assert count_units(tea) == (10, 0)


def test_units_of_a_shipped_refunded_order_return_when_restocked(order, tea):
    update_order(order.order_id, ship)
    refund(order)
    update_order(order.order_id, settle_refund())
    assert count_units(tea) == (8, 0)

    answer = call_as_staff("staff.return_order", order.order_id, {"lines": [shop.line(tea, 2)]})

    assert (answer.status, answer.body["status"]) == (200, "refunded")
    assert count_units(tea) == (10, 0)


def test_an_order_with_a_pending_full_refund_is_not_shipped(order):
    refund(order)

    answer = call_as_staff("staff.ship_order", order.order_id, {"carrier": "DHL"})

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_a_manual_refund_succeeds_at_once(tea):
    order = orders.create_order(mark_paid_manually, ship, product=tea)

    answer = refund(order)

    assert answer.status == 202
    assert (answer.body["status"], refunds_of(order)) == ("refunded", [(2000, "succeeded")])
    assert answer.body["payment"]["refunded"] == euros(2000)


@pytest.mark.parametrize("amount", [500, None])
def test_a_refund_with_the_same_key_is_the_same_refund(amount, order):
    first = refund(order, amount, reason="late")

    again = refund(order, amount, reason="late")

    assert (again.status, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.body == first.body
    assert len(refunds_of(order)) == 1


@pytest.mark.parametrize("other", [{"amount_minor": 501}, {"amount_minor": None}, {"reason": "x"}])
def test_a_different_refund_with_the_same_key_is_refused(other, order):
    refund(order, 500)

    answer = refund(order, **({"amount_minor": 500} | other))

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert refunds_of(order) == [(500, "requested")]


def test_the_same_key_on_another_order_is_another_refund(order, tea):
    other = orders.create_order(captured, product=tea)
    refund(order, 500)

    answer = refund(other, 700)

    assert (answer.status, refunds_of(other)) == (202, [(700, "requested")])


def test_a_refund_above_the_refundable_amount_names_that_amount(order):
    refund(order, 1500)

    answer = refund(order, 501, key="key-2")

    assert (answer.status, answer.code) == (409, "refund_too_large")
    assert answer.error["details"] == {"refundable_minor": 500, "currency": "EUR"}
    assert refunds_of(order) == [(1500, "requested")]


def test_an_unpaid_order_cannot_be_refunded(tea):
    order = orders.create_order(product=tea)

    answer = refund(order)

    assert (answer.status, answer.code) == (409, "refund_too_large")
    assert answer.error["details"]["refundable_minor"] == 0


def test_a_refund_has_the_currency_of_the_order(order):
    dollars = {"amount_minor": 500, "currency": "USD"}

    answer = call_as_staff("staff.refund_order", order.order_id, {"amount": dollars})

    assert (answer.status, answer.code) == (422, "mixed_currencies")
    assert answer.error["details"] == {"currencies": ["EUR", "USD"]}
    assert refunds_of(order) == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"amount": euros(0)}, "body.amount.amount_minor"),
        ({"amount": euros(-1)}, "body.amount.amount_minor"),
        ({"amount": euros(1.5)}, "body.amount.amount_minor"),
        ({"amount": euros(10**12 + 1)}, "body.amount.amount_minor"),
        ({"amount": {"amount_minor": 1, "currency": "XXX"}}, "body.amount.currency"),
        ({"amount": {"amount_minor": 1}}, "body.amount.currency"),
        ({"amount": 5}, "body.amount"),
        ({"reason": ""}, "body.reason"),
        ({"reason": "x" * 501}, "body.reason"),
        ({"reason": "two\nlines"}, "body.reason"),
        ({"to": "me"}, "body.to"),
    ],
)
def test_invalid_input_is_refused_and_requests_no_refund(body, path, order):
    answer = call_as_staff("staff.refund_order", order.order_id, body)

    assert (answer.status, answer.paths) == (422, [path])
    assert refunds_of(order) == []
