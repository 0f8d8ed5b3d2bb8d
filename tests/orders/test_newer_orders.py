"""Orders that newer code has written: this code shows and changes them, and loses nothing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from orders.checkout.repository import find_order
from orders.exports import file_formats
from orders.handler import handler as orders_api
from orders.lifecycle import decisions, provider_events
from orders.lifecycle.service import update_order
from orders.staff_api import handler as staff_api
from shared import clock
from shared.errors.orders import OrderStatusConflict
from shared.storage.models.catalog import Stock
from shared.storage.models.orders import Order
from shared.storage.models.pricing import Promotion, PromotionUse
from tests.support import pricing, shop
from tests.support.http import ADA, STAFF, send
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    PAYMENT_ID,
    authorized,
    cancel,
    cancel_by_staff,
    captured,
    create_order,
    deliver,
    expire,
    mark_paid_manually,
    refund,
    settle_refund,
    ship,
    start_payment,
    voided,
)
from tests.support.unknown_fields import (
    NAME,
    assert_marks_kept,
    assert_unknown_fields_kept,
    client,
    mark_stored_items,
    stored_item,
    unknown_fields_of,
)

pytestmark = pytest.mark.usefixtures("aws")

TABLES = (Order, Stock, Promotion, PromotionUse)


def return_one(order: Order) -> decisions.Effects | None:
    return decisions.return_items(
        order,
        {order.lines[0].product_id: 1},
        by="usr_staff",
        reason="broken",
        key=f"return {len(order.returns)}",
        fingerprint="-",
    )


def note(order: Order) -> decisions.Effects | None:
    return decisions.add_note(order, "Call first", by="usr_staff")


def external_refund(order: Order) -> decisions.Effects | None:
    return provider_events.apply_refund_update(
        order,
        payment_id=PAYMENT_ID,
        refund_id=None,
        provider_refund_id="bank_refund",
        amount_minor=100,
        status="succeeded",
    )


anonymize = partial(decisions.anonymize, user_id="usr_ada")
link = partial(decisions.link_to_user, user_id="usr_ada", email="guest@example.com")
PAID = (captured, note, refund(100), settle_refund(), return_one)
CHANGES = {
    "start a payment": ((note,), start_payment),
    "authorize": ((start_payment, note), authorized),
    "capture": ((start_payment, note), captured),
    "void": ((start_payment, authorized, note), voided),
    "mark as paid": ((note,), mark_paid_manually),
    "cancel": ((start_payment, note), cancel),
    "expire": ((start_payment, note), expire),
    "ship": (PAID, ship),
    "ship an authorized order": ((authorized, note, return_one), ship),
    "deliver": ((*PAID, ship), deliver),
    "cancel a shipped order": ((*PAID, ship), cancel_by_staff),
    "return": (PAID, return_one),
    "return a shipped unit": ((captured, ship, note), return_one),
    "refund": ((*PAID, ship), refund(200, key="refund-2")),
    "refund all": (PAID, refund(key="refund-2")),
    "settle a refund": ((*PAID, refund(200, key="refund-2")), settle_refund()),
    "settle the refund of all": ((*PAID, refund(key="refund-2")), settle_refund()),
    "fail a refund": ((*PAID, refund(200, key="refund-2")), settle_refund("failed")),
    "record a refund of the provider": (PAID, external_refund),
    "add a note": ((*PAID, ship), note),
    "confirm again": (PAID, decisions.resend_confirmation),
    "mark for anonymizing": (PAID, anonymize),
}


def create_rich_order(*steps, **more) -> Order:
    """An order with a promotion that counts its uses, after these decisions."""
    pricing.promotion(f"CODE{uuid4().hex[:8]}".upper(), uses_max=9, uses_per_customer_max=9)
    (promotion,) = Promotion.scan(filter_condition=Promotion.partition == "promotions")
    return create_order(*steps, quantity=4, promotion_code=promotion.code, **more)


@pytest.mark.parametrize(("before", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_an_order_keeps_unknown_fields(before, change):
    order = create_rich_order(*before)
    marked = mark_stored_items(*TABLES)

    changed = update_order(order.order_id, change)

    assert changed.version == order.version + 1
    assert_marks_kept(marked, *TABLES)


def test_the_lines_of_a_shipped_order_keep_unknown_fields():
    order = create_order(captured)
    mark_stored_items(Order)
    before = stored_item(Order, order.order_id)["lines"]["L"][0]["M"]

    update_order(order.order_id, ship)

    after = stored_item(Order, order.order_id)["lines"]["L"][0]["M"]
    assert before["allocations"] != after["allocations"]
    assert before[NAME] == after[NAME]


def test_linking_a_guest_order_keeps_unknown_fields():
    order = create_rich_order(*PAID, buyer_id="gst_1", guest_email="guest@example.com")
    marked = mark_stored_items(*TABLES)

    assert update_order(order.order_id, link).buyer_id == "usr_ada"

    assert_marks_kept(marked, *TABLES)


def test_a_resharded_order_keeps_unknown_fields_of_its_stock():
    order = create_order(captured)
    marked = mark_stored_items(Stock)
    product_id = order.lines[0].product_id
    Stock(product_id).update([Stock.allocated.set(0)])

    update_order(order.order_id, cancel)

    assert_marks_kept(marked, Stock)


@pytest.mark.parametrize("steps", [(), (captured, ship)])
def test_anonymizing_keeps_all_but_the_address(steps):
    """What newer code adds to an address is personal data too, such as a phone number."""
    order = create_rich_order(*steps)
    mark_stored_items(Order)
    before = stored_item(Order, order.order_id)

    update_order(order.order_id, anonymize)

    after = stored_item(Order, order.order_id)
    assert_unknown_fields_kept(before, after, without=["/shipping_address"])
    assert "/shipping_address" not in dict(unknown_fields_of(after))


def test_no_view_of_an_order_shows_unknown_fields():
    order = create_rich_order(*PAID, ship)
    mark_stored_items(Order)
    path = {"order_id": order.order_id}

    answers = [
        send(orders_api, "orders.get", caller=ADA, path=path),
        send(orders_api, "orders.list", caller=ADA),
        send(staff_api, "staff.get_order", caller=STAFF, path=path),
        send(staff_api, "staff.list_orders", caller=STAFF),
    ]

    assert [answer.status for answer in answers] == [200] * 4
    assert NAME not in str([answer.body for answer in answers])
    stored = find_order(order.order_id)
    for file_format in ("csv", "jsonl"):
        assert NAME not in file_formats.render_order(stored, file_format)


# Values that only newer code knows


def rewrite(order: Order, edit: Callable[[dict], None]) -> None:
    """Stores the order as newer code would."""
    item = stored_item(Order, order.order_id)
    edit(item)
    client().put_item(TableName=Order.Meta.table_name, Item=item)


def set_status(item: dict) -> None:
    item["status"] = {"S": "packed"}
    item["history"]["L"][-1]["M"]["status"] = {"S": "packed"}


def set_event(item: dict) -> None:
    item["history"]["L"][-1]["M"]["event"] = {"S": "label_printed"}


def set_payment_status(item: dict) -> None:
    item["payment"]["M"]["status"] = {"S": "disputed"}


def set_refund_status(item: dict) -> None:
    item["refunds"]["L"][0]["M"]["status"] = {"S": "in_review"}


VALUES = {
    "status": (set_status, "packed"),
    "event": (set_event, "label_printed"),
    "payment": (set_payment_status, "disputed"),
    "refund": (set_refund_status, "in_review"),
}


@pytest.mark.parametrize(("edit", "value"), VALUES.values(), ids=VALUES)
def test_an_order_shows_values_of_newer_code(edit, value):
    order = create_order(*PAID)
    rewrite(order, edit)
    path = {"order_id": order.order_id}

    buyer = send(orders_api, "orders.get", caller=ADA, path=path)
    staff = send(staff_api, "staff.get_order", caller=STAFF, path=path)

    assert (buyer.status, staff.status) == (200, 200)
    assert value in str(buyer.body)
    assert value in file_formats.render_order(find_order(order.order_id), "jsonl")
    assert file_formats.render_order(find_order(order.order_id), "csv")


@pytest.mark.parametrize(("edit", "value"), VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("change", [note, return_one, refund(50, key="refund-2")])
def test_other_changes_keep_values_of_newer_code(edit, value, change):
    order = create_order(*PAID)
    rewrite(order, edit)

    update_order(order.order_id, change)

    assert value in str(stored_item(Order, order.order_id))


@pytest.mark.parametrize("change", [ship, deliver, mark_paid_manually, cancel, cancel_by_staff])
def test_a_status_of_newer_code_refuses_other_statuses(change):
    order = create_order(*PAID)
    rewrite(order, set_status)
    before = stored_item(Order, order.order_id)

    with pytest.raises(OrderStatusConflict) as refusal:
        update_order(order.order_id, change)

    assert refusal.value.details == {"status": "packed", "allowed": []}
    assert stored_item(Order, order.order_id) == before


def test_a_status_of_newer_code_is_not_refunded_in_full():
    """The money is paid back; what becomes of the order is for newer code to say."""
    order = create_order(captured, refund())
    rewrite(order, set_status)

    after = update_order(order.order_id, settle_refund())

    assert (after.status, after.refunds[0].status) == ("packed", "succeeded")
    assert after.history[-1].event == "refunded"


def test_a_refund_in_review_still_claims_its_amount():
    order = create_order(captured, refund(1900))
    rewrite(order, set_refund_status)
    total = int(order.totals.total_minor)

    answer = call_as_staff(
        "staff.refund_order", order.order_id, {"amount": {"amount_minor": total, "currency": "EUR"}}
    )

    assert answer.status in (409, 422)


def test_bytes_of_newer_code_do_not_prevent_a_note():
    order = create_order()
    rewrite(order, lambda item: item.update(photo={"B": b"\x00\xff"}))

    update_order(order.order_id, note)

    assert stored_item(Order, order.order_id)["photo"] == {"B": b"\x00\xff"}


def test_an_overdue_order_of_a_newer_status_does_not_expire():
    order = create_order()
    rewrite(order, set_status)
    Order(order.order_id).update([Order.expires_at.set(clock.utc_now() - timedelta(hours=1))])

    assert update_order(order.order_id, decisions.expire).status == "packed"


def test_a_promotion_of_a_newer_kind_is_refused():
    """This code does not know its discount, and must not charge the full price instead."""
    pricing.promotion("BOGO", kind="buy_one_get_one", percent=None)
    tea = shop.product("TEA", available=5)
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS, "promotion_code": "BOGO"}

    answer = send(orders_api, "orders.place", caller=ADA, body=body)

    assert (answer.status, answer.code) == (422, "unknown_promotion")
    assert shop.available(tea) == 5
