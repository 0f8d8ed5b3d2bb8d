"""What buyers see of an order, and what only staff see."""

from functools import partial

import pytest

from orders.handler import handler
from orders.lifecycle import decisions, provider_events, refunds, shipping
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from orders.views import OrderView
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.http import ADA, STAFF, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

PAYMENT = {"provider": "local", "payment_id": "pay_1"}
TOTAL = 3000


@pytest.fixture
def order_id():
    tea = shop.product("TEA", price_minor=1000, available=10)
    body = {"lines": [line(tea, 3)], "shipping_address": shop.ADDRESS}
    return send(handler, "orders.place", body=body).body["id"]


def shown(order_id, caller=ADA) -> dict:
    return send(handler, "orders.get", caller=caller, path={"order_id": order_id}).body


def captured(order_id):
    update_order(order_id, partial(provider_events.apply_capture, **PAYMENT, amount_minor=TOTAL))


def refund(order_id, amount_minor):
    asked = {"by": STAFF.user_id, "reason": "Chipped", "key": "key-1", "fingerprint": "-"}
    update_order(order_id, lambda order: decisions.refund(order, amount_minor, **asked))


def test_an_unpaid_order_shows_when_it_expires(order_id):
    order = shown(order_id)

    assert order["payment"] == {
        "status": "none",
        "received": {"amount_minor": 0, "currency": "EUR"},
        "refunded": {"amount_minor": 0, "currency": "EUR"},
    }
    assert order["expires_at"] > order["placed_at"]
    assert (order["refunds"], order["shipment"], order["promotion_code"]) == ([], None, None)


@pytest.mark.parametrize(
    ("happened", "status", "received"),
    [
        (partial(provider_events.start_payment, **PAYMENT), "started", 0),
        (
            partial(provider_events.apply_authorization, **PAYMENT, amount_minor=TOTAL),
            "authorized",
            0,
        ),
        (partial(provider_events.apply_capture, **PAYMENT, amount_minor=TOTAL), "captured", TOTAL),
        (partial(decisions.mark_paid_manually, by="usr_staff", reference="7"), "manual", TOTAL),
    ],
)
def test_an_order_shows_the_status_of_its_payment(order_id, happened, status, received):
    update_order(order_id, happened)

    payment = shown(order_id)["payment"]

    assert (payment["status"], payment["received"]["amount_minor"]) == (status, received)


def test_a_voided_payment_is_shown_as_void(order_id):
    update_order(order_id, partial(provider_events.start_payment, **PAYMENT))
    update_order(order_id, partial(provider_events.apply_void, payment_id=PAYMENT["payment_id"]))

    assert shown(order_id)["payment"]["status"] == "void"


def test_a_manual_payment_after_a_started_one_is_manual(order_id):
    update_order(order_id, partial(provider_events.start_payment, **PAYMENT))
    update_order(order_id, partial(decisions.mark_paid_manually, by="usr_staff", reference="7"))

    assert shown(order_id)["payment"]["status"] == "manual"


def test_a_refund_is_shown_with_its_status(order_id):
    captured(order_id)
    refund(order_id, 1200)
    requested = shown(order_id)
    update = {"status": "succeeded", "provider_refund_id": "re_1"}
    update_order(
        order_id, lambda order: refunds.apply_refund_status(order, order.refunds[0], **update)
    )

    (asked,), (settled,) = requested["refunds"], shown(order_id)["refunds"]

    assert asked.keys() == {"id", "amount", "status", "reason", "at"}
    assert (asked["amount"]["amount_minor"], asked["status"]) == (1200, "requested")
    assert (asked["reason"], requested["payment"]["refunded"]["amount_minor"]) == ("Chipped", 0)
    assert settled == asked | {"status": "succeeded"}
    assert shown(order_id)["payment"]["refunded"]["amount_minor"] == 1200


def test_a_shipment_shows_carrier_and_tracking_number(order_id):
    captured(order_id)
    parcel = {"carrier": "Post", "tracking_number": "RB 1234"}
    update_order(order_id, partial(shipping.ship, by="usr_staff", tracking=Tracking(**parcel)))

    assert shown(order_id)["shipment"] == parcel


def test_returned_units_are_shown_on_their_line(order_id):
    captured(order_id)
    (product_id,) = [line["product_id"] for line in shown(order_id)["lines"]]
    returned = {"by": "usr_staff", "reason": None, "key": "key-1", "fingerprint": "-"}
    update_order(order_id, partial(decisions.return_items, quantities={product_id: 2}, **returned))

    assert shown(order_id)["lines"][0]["returned"] == 2


@pytest.mark.parametrize("caller", [ADA, STAFF])
def test_the_buyer_does_not_see_which_staff_acted(order_id, caller):
    captured(order_id)
    update_order(order_id, partial(shipping.ship, tracking=Tracking("Post", None), by="usr_bea"))
    update_order(order_id, partial(decisions.add_note, text="A regular", by="usr_bea"))

    order = shown(order_id, caller)

    assert [step["by"] for step in order["history"]] == [ADA.user_id, "payments", "staff"]
    assert "usr_bea" not in str(order)
    assert "A regular" not in str(order)
    assert "pay_1" not in str(order)


def test_a_guests_steps_belong_to_the_account_after_linking(order_id):
    steps = Order.get(order_id).history
    steps[0].by = Buyer("gst_ada", guest_email="ada@example.com").buyer_id
    Order(order_id).update([Order.history.set(steps)])

    assert [step["by"] for step in shown(order_id)["history"]] == [ADA.user_id]


def test_an_order_stored_before_taxes_existed_is_shown(order_id):
    """Older code stored orders without these attributes."""
    new = ("tax_included", "refunds", "returns", "notes", "awaits", "expires_at")
    old = Order.get(order_id).serialize()
    for stored_line in old["lines"]["L"]:
        for name in ("discount_minor", "tax_class", "tax_rate_ppm", "tax_minor", "returned"):
            del stored_line["M"][name]
    order = Order.from_raw_data({key: value for key, value in old.items() if key not in new})

    view = OrderView.from_model(order)

    assert (view.tax_included, view.refunds, view.expires_at) == (False, [], None)
    (sold,) = view.lines
    assert (sold.discount.amount_minor, sold.tax.amount_minor, sold.returned) == (0, 0, 0)
    assert sold.tax_class == "standard"
