"""Staff mark orders paid, ship, deliver, restock and annotate them, and resend confirmations."""

import pytest

from orders.handler import handler as shoppers
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import logs, orders, shop
from tests.support.http import ADA, ADMIN, STAFF, send
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    authorized,
    captured,
    count_units,
    deliver,
    list_order_events,
    ship,
    start_payment,
)

pytestmark = pytest.mark.usefixtures("aws")

CASH = {"reference": "Bank transfer of 24 November"}
DHL = {"carrier": "DHL", "tracking_number": "00340434292135100186"}


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def one(tea, quantity: int = 1) -> dict:
    return {"lines": [shop.line(tea, quantity)]}


def shown(order: Order, caller=STAFF) -> dict:
    return call_as_staff("staff.get_order", order.order_id, caller=caller).body


def raw(order: Order) -> dict:
    return Order.get(order.order_id).serialize()


def test_staff_take_an_order_from_payment_to_delivery(tea):
    order = orders.create_order(product=tea)

    paid = call_as_staff("staff.mark_order_paid", order.order_id, CASH)
    shipped = call_as_staff("staff.ship_order", order.order_id, DHL)
    delivered = call_as_staff("staff.deliver_order", order.order_id)

    answers = [paid, shipped, delivered]
    assert [answer.status for answer in answers] == [200] * 3
    assert [answer.body["status"] for answer in answers] == ["paid", "shipped", "delivered"]
    assert shipped.body["shipment"] == DHL
    assert count_units(tea) == (8, 0)
    assert [event.type for event in list_order_events(order)] == [
        "order.placed",
        "order.paid",
        "order.shipped",
        "order.delivered",
    ]


def test_staff_see_the_buyer_and_who_did_what(tea):
    order = orders.create_order(start_payment, product=tea)
    call_as_staff("staff.mark_order_paid", order.order_id, CASH)
    call_as_staff("staff.refund_order", order.order_id, {"reason": "sold out", "amount": None})

    seen = shown(order)

    assert seen["buyer_id"] == ADA.user_id
    assert seen["guest_email"] is None
    assert seen["payment"] == {
        "status": "manual",
        "received": {"amount_minor": 2000, "currency": "EUR"},
        "refunded": {"amount_minor": 2000, "currency": "EUR"},
        "provider": "bank",
        "payment_id": "pay_1",
        "reference": CASH["reference"],
    }
    assert [(step["status"], step["by"], step["reason"]) for step in seen["history"]] == [
        ("pending_payment", ADA.user_id, None),
        ("paid", STAFF.user_id, CASH["reference"]),
        ("refunded", STAFF.user_id, "sold out"),
    ]
    (refund,) = seen["refunds"]
    assert (refund["by"], refund["is_manual"]) == (STAFF.user_id, True)


def test_the_buyer_sees_the_order_without_staff_details(tea):
    order = orders.create_order(product=tea)
    call_as_staff("staff.mark_order_paid", order.order_id, CASH)
    call_as_staff("staff.add_note_to_order", order.order_id, {"text": "a difficult one"})

    seen = send(shoppers, "orders.get", path={"order_id": order.order_id}).body

    staff_view = shown(order)
    more = {"buyer_id", "disputes", "guest_email", "notes", "request_id", "returns"}
    assert staff_view.keys() - seen.keys() == more
    assert STAFF.user_id not in str(seen)
    assert "difficult" not in str(seen)
    assert {name for name in seen if seen[name] != staff_view[name]} == {"history", "payment"}


def test_staff_see_the_email_address_of_a_guest(tea):
    order = orders.create_order(product=tea, buyer_id="gst_ada", guest_email="ada@example.com")

    assert (shown(order)["buyer_id"], shown(order)["guest_email"]) == ("gst_ada", "ada@example.com")


# Repeated requests


@pytest.mark.parametrize(
    ("life", "what", "body"),
    [
        ((), "staff.mark_order_paid", CASH),
        ((captured,), "staff.ship_order", DHL),
        ((captured,), "staff.ship_order", {"carrier": "bike"}),
        ((captured, ship), "staff.deliver_order", None),
    ],
)
def test_a_repeated_request_answers_the_same_and_acts_once(life, what, body, tea):
    order = orders.create_order(*life, product=tea)

    first = call_as_staff(what, order.order_id, body)
    rows = OutboxRow.count()
    again = call_as_staff(what, order.order_id, body)

    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert OutboxRow.count() == rows


def test_a_change_that_the_status_forbids_is_refused(tea):
    order = orders.create_order(product=tea)
    before = raw(order)

    answer = call_as_staff("staff.ship_order", order.order_id, DHL)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert answer.error["details"] == {
        "status": "pending_payment",
        "allowed": ["cancelled", "expired", "paid"],
    }
    assert raw(order) == before


def test_shipping_captures_an_authorized_payment(tea):
    order = orders.create_order(authorized, product=tea)

    call_as_staff("staff.ship_order", order.order_id, DHL)

    assert [event.type for event in list_order_events(order)][-2:] == [
        "order.shipped",
        "order.capture_requested",
    ]


# Returns


def test_returned_units_can_be_sold_again(tea):
    order = orders.create_order(captured, ship, deliver, product=tea, quantity=3)

    answer = call_as_staff(
        "staff.return_order", order.order_id, one(tea, 2) | {"reason": "did not like it"}
    )

    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (200, "false")
    assert answer.body["status"] == "delivered"
    assert [line["returned"] for line in answer.body["lines"]] == [2]
    (returned,) = answer.body["returns"]
    assert returned["lines"] == one(tea, 2)["lines"]
    assert (returned["reason"], returned["by"]) == ("did not like it", STAFF.user_id)
    assert count_units(tea) == (9, 0)
    (event,) = [event for event in list_order_events(order) if event.type == "order.returned"]
    assert [(line.product_id, line.quantity) for line in event.data.lines] == [(tea.product_id, 2)]


def test_lines_of_one_product_are_added_up(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)
    lines = [shop.line(tea, 1), shop.line(tea, 1)]

    answer = call_as_staff("staff.return_order", order.order_id, {"lines": lines})

    assert answer.body["returns"][0]["lines"] == one(tea, 2)["lines"]


def test_a_return_with_the_same_key_is_the_same_return(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)
    call_as_staff("staff.return_order", order.order_id, one(tea, 2))

    same = {"lines": [shop.line(tea, 1), shop.line(tea, 1)], "reason": None}
    again = call_as_staff("staff.return_order", order.order_id, same)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert len(again.body["returns"]) == 1
    assert count_units(tea) == (9, 0)


def test_one_key_may_be_used_on_different_routes(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)

    returned = call_as_staff("staff.return_order", order.order_id, one(tea, 2), key="key-1")
    refunded = call_as_staff("staff.refund_order", order.order_id, {}, key="key-1")

    assert [answer.headers["Idempotency-Replayed"] for answer in (returned, refunded)] == [
        "false",
        "false",
    ]
    assert (len(refunded.body["returns"]), len(refunded.body["refunds"])) == (1, 1)


@pytest.mark.parametrize("changes", [{"reason": "another"}, {"lines": 1}])
def test_a_different_return_with_the_same_key_is_refused(changes, tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)
    call_as_staff("staff.return_order", order.order_id, one(tea, 2))
    body = one(tea, 1) if "lines" in changes else one(tea, 2) | changes

    answer = call_as_staff("staff.return_order", order.order_id, body)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert count_units(tea) == (9, 0)


def test_a_return_with_another_key_is_another_return(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)

    for key in ("first", "second"):
        answer = call_as_staff("staff.return_order", order.order_id, one(tea), key=key)

    assert len(answer.body["returns"]) == 2
    assert count_units(tea) == (9, 0)


def test_returning_more_units_than_were_sold_is_refused(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)

    answer = call_as_staff("staff.return_order", order.order_id, one(tea, 4))

    assert (answer.status, answer.code) == (409, "return_quantity_exceeded")
    (line,) = answer.error["details"]["lines"]
    assert line == {"product_id": tea.product_id, "quantity": 4, "returnable": 3}
    assert count_units(tea) == (7, 0)


# Notes and mails


def test_a_note_has_its_author_and_time(tea):
    order = orders.create_order(product=tea)

    answer = call_as_staff("staff.add_note_to_order", order.order_id, {"text": "Call\nhim first."})

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/staff/orders/{order.order_id}"
    (note,) = shown(order)["notes"]
    assert (note["text"], note["by"]) == ("Call\nhim first.", STAFF.user_id)
    assert list_order_events(order)[1:] == []


def test_the_confirmation_can_be_resent_any_number_of_times(tea):
    order = orders.create_order(product=tea)

    answers = [call_as_staff("staff.resend_confirmation", order.order_id) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(202, "")] * 2
    assert [event.type for event in list_order_events(order)][1:] == [
        "order.confirmation_requested"
    ] * 2
    assert Order.get(order.order_id).status == "pending_payment"


# Invalid input

TEXT = "x" * 2001
INVALID = [
    ("staff.ship_order", {}, "body.carrier"),
    ("staff.ship_order", {"carrier": ""}, "body.carrier"),
    ("staff.ship_order", {"carrier": "D\nHL"}, "body.carrier"),
    ("staff.ship_order", {"carrier": "x" * 101}, "body.carrier"),
    ("staff.ship_order", DHL | {"tracking_number": ""}, "body.tracking_number"),
    ("staff.ship_order", DHL | {"tracking_number": 7}, "body.tracking_number"),
    ("staff.ship_order", DHL | {"tracking_number": "x" * 101}, "body.tracking_number"),
    ("staff.ship_order", DHL | {"status": "delivered"}, "body.status"),
    ("staff.mark_order_paid", {}, "body.reference"),
    ("staff.mark_order_paid", {"reference": ""}, "body.reference"),
    ("staff.mark_order_paid", {"reference": "a\tb"}, "body.reference"),
    ("staff.mark_order_paid", {"reference": "x" * 201}, "body.reference"),
    ("staff.mark_order_paid", CASH | {"amount": 1}, "body.amount"),
    ("staff.add_note_to_order", {}, "body.text"),
    ("staff.add_note_to_order", {"text": ""}, "body.text"),
    ("staff.add_note_to_order", {"text": TEXT}, "body.text"),
    ("staff.return_order", {}, "body.lines"),
    ("staff.return_order", {"lines": []}, "body.lines"),
    (
        "staff.return_order",
        {"lines": [{"product_id": "prd_1", "quantity": 0}]},
        "body.lines.0.quantity",
    ),
    (
        "staff.return_order",
        {"lines": [{"product_id": "prd_1", "quantity": -1}]},
        "body.lines.0.quantity",
    ),
    (
        "staff.return_order",
        {"lines": [{"product_id": "prd_1", "quantity": 1.5}]},
        "body.lines.0.quantity",
    ),
    ("staff.return_order", {"lines": [{"product_id": "prd_1"}]}, "body.lines.0.quantity"),
    (
        "staff.return_order",
        {"lines": [{"product_id": "", "quantity": 1}]},
        "body.lines.0.product_id",
    ),
    ("staff.return_order", {"lines": [{"product_id": "p", "quantity": 1}] * 51}, "body.lines"),
]


@pytest.mark.parametrize(("what", "body", "path"), INVALID)
def test_invalid_input_is_refused_and_changes_nothing(what, body, path, tea):
    order = orders.create_order(captured, product=tea)
    before = raw(order)

    answer = call_as_staff(what, order.order_id, body)

    assert (answer.status, answer.paths) == (422, [path])
    assert raw(order) == before


@pytest.mark.parametrize("what", ["staff.return_order", "staff.refund_order"])
@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 400, "idempotency_key_required"),
        ("", 422, "invalid_fields"),
        ("x" * 256, 422, "invalid_fields"),
    ],
)
def test_returns_and_refunds_need_an_idempotency_key(what, key, status, code, tea):
    order = orders.create_order(captured, product=tea)

    answer = call_as_staff(what, order.order_id, key=key)

    assert (answer.status, answer.code) == (status, code)


STAFF_ROUTES = [
    "staff.get_order",
    "staff.mark_order_paid",
    "staff.ship_order",
    "staff.deliver_order",
    "staff.return_order",
    "staff.refund_order",
    "staff.add_note_to_order",
    "staff.resend_confirmation",
]


@pytest.mark.parametrize("what", STAFF_ROUTES)
def test_an_unknown_order_is_404(what):
    answer = call_as_staff(what, "ord_unknown")

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert Order.count() == 0


@pytest.mark.parametrize("what", STAFF_ROUTES)
def test_customers_cannot_fulfil_their_own_orders(what, tea):
    order = orders.create_order(product=tea)
    before = raw(order)

    answer = call_as_staff(what, order.order_id, caller=ADA)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert raw(order) == before


@pytest.mark.parametrize(
    ("life", "what", "body"),
    [
        ((), "staff.mark_order_paid", CASH),
        ((captured,), "staff.ship_order", DHL),
        ((captured, ship), "staff.deliver_order", None),
        ((captured,), "staff.refund_order", {}),
        ((), "staff.add_note_to_order", {"text": "call him"}),
        ((), "staff.resend_confirmation", None),
    ],
)
def test_the_audit_log_says_who_did_what_to_which_order(life, what, body, tea):
    order = orders.create_order(*life, product=tea)

    with logs.captured() as lines:
        call_as_staff(what, order.order_id, body, caller=ADMIN)

    (line,) = lines.saying("audit")
    assert (line["result"], line["user_id"]) == ("done", ADMIN.user_id)
    assert line["order_id"] == order.order_id
    assert line["client_address"] == "203.0.113.7"
    assert "call him" not in lines.text


def test_a_repeated_request_is_audited_as_done_before(tea):
    order = orders.create_order(product=tea)
    call_as_staff("staff.mark_order_paid", order.order_id, CASH)

    with logs.captured() as lines:
        call_as_staff("staff.mark_order_paid", order.order_id, CASH)

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("mark_order_paid", "done before")
