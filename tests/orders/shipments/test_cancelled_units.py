"""What is not shipped is cancelled and paid back, to the cent and once."""

import time

import pytest

from orders.lifecycle import balances, cancellations, provider_events
from orders.lifecycle.cancellations import Worth
from orders.lifecycle.open_requests import needs_capture, needs_void
from orders.lifecycle.provider_events import PaymentMismatch
from shared.storage.models.orders import Order, OrderTotals
from tests.support import orders, shop
from tests.support.http import STAFF
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    authorized,
    cancel_units,
    captured,
    count_units,
    event_types_of,
    line,
    list_order_events,
    mark_paid_manually,
    new_order,
    refund,
    settle_refund,
    ship,
    ship_units,
    voided,
)


def priced(*lines, shipping=0, tax_included=False, **changes):
    """An order in memory of lines of (product, units, price of the line, discount, tax)."""
    found = []
    for product_id, units, price, discount, tax in lines:
        found.append(line(product_id, {"0": units}))
        found[-1].line_total_minor, found[-1].discount_minor = price, discount
        found[-1].tax_minor = tax
    items, discounts, taxes = (sum(each[place] for each in lines) for place in (2, 3, 4))
    added = 0 if tax_included else taxes
    totals = OrderTotals(
        items_minor=items,
        discount_minor=discounts,
        shipping_minor=shipping,
        tax_minor=taxes,
        total_minor=items - discounts + shipping + added,
    )
    return new_order(lines=found, totals=totals, tax_included=tax_included, **changes)


def pay(order):
    captured(order)
    return order


def test_units_are_worth_their_share_after_discount_and_with_tax():
    order = priced(("TEA", 3, 1000, 100, 171), ("CUP", 1, 500, 0, 95), shipping=490)

    # (1000 - 100 + 171) x 1 / 3 = 357; the tax 171 / 3 = 57
    assert cancellations.worth_of_units(order, {"TEA": 1}) == Worth(357, 57)
    assert cancellations.worth_of_units(order, {"TEA": 3, "CUP": 1}) == Worth(1666, 266)


def test_included_tax_is_not_added():
    order = priced(("TEA", 3, 1190, 0, 190), tax_included=True)

    assert cancellations.worth_of_units(order, {"TEA": 1}) == Worth(396, 63)


def test_the_last_unit_takes_the_rounding():
    order = pay(priced(("TEA", 3, 1000, 0, 0), ("CUP", 1, 500, 0, 0)))
    ship_units(CUP=1)(order)

    for number in range(3):
        cancel_units(f"c-{number}", TEA=1)(order)

    amounts = [int(each.amount_minor) for each in order.cancellations]
    assert amounts == [333, 333, 334]
    assert [int(each.amount_minor) for each in order.refunds] == amounts
    assert order.status == "shipped"


@pytest.mark.parametrize("units", [1, 2, 3, 7, 13])
@pytest.mark.parametrize("price", [1, 99, 1000, 10_001])
@pytest.mark.parametrize("tax", [0, 1, 190])
def test_all_refunds_of_an_order_are_what_was_paid(units, price, tax):
    order = pay(priced(("TEA", units, price, 0, tax), ("CUP", 2, 500, 77, 9), shipping=490))

    for number in range(units):
        cancel_units(f"tea-{number}", TEA=1)(order)
    cancel_units("rest")(order)

    assert order.status == "cancelled"
    assert sum(int(each.amount_minor) for each in order.refunds) == balances.total_minor(order)
    assert sum(int(each.tax_minor) for each in order.cancellations) == order.totals.tax_minor
    assert balances.refundable_minor(order) == 0


def test_shipping_is_kept_when_something_ships():
    order = pay(priced(("TEA", 2, 1000, 0, 0), shipping=490))
    ship_units(TEA=1)(order)

    effects = cancel_units()(order)

    assert [int(each.amount_minor) for each in order.refunds] == [500]
    assert order.status == "shipped"
    assert event_types_of(effects) == [
        "order.shipped",
        "order.refund_requested",
        "order.partially_cancelled",
    ]
    assert effects.events[0].data.shipment_id is None
    assert effects.events[0].data.shipped_lines == []
    assert not effects.releases_promotion


def test_cancelling_everything_before_shipping_cancels_the_order():
    order = pay(priced(("TEA", 2, 1000, 0, 0), shipping=490))

    effects = cancel_units()(order)

    assert (order.status, effects.releases_promotion) == ("cancelled", True)
    assert [int(each.amount_minor) for each in order.refunds] == [1490]
    assert event_types_of(effects) == ["order.cancelled", "order.refund_requested"]
    assert cancel_units()(order) is None


def test_no_more_is_paid_back_than_is_left():
    order = pay(priced(("TEA", 2, 1000, 0, 0)))
    refund(800)(order)

    cancel_units(TEA=1)(order)

    assert [int(each.amount_minor) for each in order.refunds] == [800, 200]


def test_staff_pay_back_a_manual_payment_themselves():
    order = priced(("TEA", 2, 1000, 0, 0))
    mark_paid_manually(order)

    effects = cancel_units(TEA=1)(order)

    assert event_types_of(effects) == ["order.manual_refund_required", "order.partially_cancelled"]
    assert order.refunds == []


# A payment that is only authorized


def test_what_was_cancelled_before_is_not_captured():
    order = new_order(authorized, cancel_units(CUP=1))
    assert order.refunds == []

    effects = ship(order)

    assert event_types_of(effects) == ["order.shipped", "order.capture_requested"]
    assert balances.due_minor(order) == 2000
    captured_of(order, 2000)
    assert (order.payment.captured_minor, order.refunds) == (2000, [])


def captured_of(order, amount_minor):
    return provider_events.apply_capture(
        order, provider="bank", payment_id=orders.PAYMENT_ID, amount_minor=amount_minor
    )


def test_what_is_cancelled_while_the_capture_runs_is_refunded():
    order = new_order(authorized, ship_units(TEA=1), cancel_units(CUP=1))

    captured(order)

    assert [(int(each.amount_minor), each.reason) for each in order.refunds] == [
        (1000, "cancelled")
    ]
    assert captured(order) is None


@pytest.mark.parametrize("amount", [1, 1999, 3001])
def test_a_capture_of_another_amount_fits_no_payment(amount):
    order = new_order(authorized, cancel_units(CUP=1), ship)

    with pytest.raises(PaymentMismatch, match="amount_differs"):
        captured_of(order, amount)


def test_a_payment_of_which_nothing_is_due_is_voided():
    order = priced(("TEA", 1, 1000, 0, 0), ("GIFT", 1, 0, 0, 0))
    authorized(order)
    cancel_units(TEA=1)(order)

    effects = ship(order)

    assert event_types_of(effects) == ["order.shipped", "order.void_requested"]
    assert (needs_capture(order), needs_void(order)) == (False, True)
    assert event_types_of(voided(order)) == []
    assert not balances.has_lost_authorization(order)


# Whole slice


@pytest.fixture
def tea(aws):  # noqa: ARG001 (the account)
    return shop.product("TEA", available=10)


@pytest.fixture
def order(tea):
    return orders.create_order(captured, product=tea, quantity=4)


def cancel(order, *lines, key="key-1", caller=STAFF, **changes):
    body = ({"lines": list(lines)} if lines else {}) | {"reason": "sold out"} | changes
    return call_as_staff("staff.cancel_units", order.order_id, body, key=key, caller=caller)


def test_cancelled_units_can_be_sold_again(order, tea):
    answer = cancel(order, shop.line(tea, 3))

    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (201, "false")
    assert answer.body["status"] == "paid"
    assert [(each["shipped"], each["cancelled"]) for each in answer.body["lines"]] == [(0, 3)]
    (cancellation,) = answer.body["cancellations"]
    assert cancellation["lines"] == [{"product_id": tea.product_id, "quantity": 3}]
    assert cancellation["amount"] == {"amount_minor": 3000, "currency": "EUR"}
    assert cancellation["reason"] == "sold out"
    assert [each["amount"]["amount_minor"] for each in answer.body["refunds"]] == [3000]
    assert count_units(tea) == (9, 1)


def test_a_repeated_cancellation_is_the_same(order, tea):
    first = cancel(order, shop.line(tea, 1))
    again = cancel(order, shop.line(tea, 1))

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    assert count_units(tea) == (7, 3)


@pytest.mark.parametrize("changes", [{"reason": "another"}, {"lines": None}])
def test_another_cancellation_with_the_same_key_is_refused(order, tea, changes):
    cancel(order, shop.line(tea, 1))

    answer = cancel(order, shop.line(tea, 1), **changes)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_more_units_than_are_open_are_not_cancelled(order, tea):
    cancel(order, shop.line(tea, 1))

    answer = cancel(order, shop.line(tea, 4), key="key-2")

    assert (answer.status, answer.code) == (409, "open_quantity_exceeded")
    assert answer.error["details"]["lines"] == [
        {"product_id": tea.product_id, "quantity": 4, "open": 3}
    ]


def test_an_unpaid_order_loses_no_units(tea):
    order = orders.create_order(product=tea)

    answer = cancel(order, shop.line(tea))

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_cancelling_paid_units_needs_the_permission_to_refund(order, tea):
    packer = {
        "user_id": STAFF.user_id,
        "session_id": "",
        "permissions": "orders:read_all orders:manage",
        "second_factor_due": False,
        "expires_at": int(time.time()) + 900,
    }

    answer = cancel(order, shop.line(tea), caller=packer)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.error["details"] == {"permission": "orders:refund"}
    assert count_units(tea) == (6, 4)


def test_a_full_order_takes_no_more_cancellations(order, tea, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)

    answer = cancel(order, shop.line(tea))

    assert (answer.status, answer.code) == (409, "order_entry_limit_reached")


def test_the_rest_of_a_shipped_order_is_paid_back_once(order, tea):
    call_as_staff(
        "staff.create_shipment", order.order_id, {"carrier": "DHL", "lines": [shop.line(tea, 1)]}
    )

    answer = cancel(order)
    for decide in (settle_refund(), settle_refund()):
        orders.update_order(order.order_id, decide)

    assert answer.body["status"] == "shipped"
    found = Order.get(order.order_id)
    assert balances.refunded_minor(found) == 3000
    assert [event.type for event in list_order_events(order)].count("order.refunded") == 1
    assert count_units(tea) == (9, 0)
