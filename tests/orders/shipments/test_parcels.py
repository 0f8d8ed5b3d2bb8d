"""Whole slice: staff ship an order in parcels, correct them, and buyers see what is in them."""

from functools import partial

import pytest

from orders.handler import handler as shoppers
from orders.lifecycle import shipping
from orders.lifecycle.shipping import SHIPMENTS_MAX, Tracking
from orders.staff_api import handler as staff_api
from shared.storage.models.orders import Order, OrderShipment
from tests.support import orders, shop
from tests.support.http import ADA, STAFF, send
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    authorized,
    cancel_by_staff,
    captured,
    count_units,
    deliver,
    list_order_events,
    refund,
    settle_refund,
    ship,
)

pytestmark = pytest.mark.usefixtures("aws")

LINK = "https://carrier.example/track?id=1"
DHL = {"carrier": "DHL", "tracking_number": "1"}


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


@pytest.fixture
def cup():
    return shop.product("CUP", available=10)


@pytest.fixture
def order(tea, cup):
    """Three TEA and one CUP, paid."""
    lines = [shop.line(tea, 3), shop.line(cup, 1)]
    return orders.create_order(captured, product=tea, lines=lines)


def create(order, *lines, key="key-1", **changes):
    body = DHL | ({"lines": list(lines)} if lines else {}) | changes
    return call_as_staff("staff.create_shipment", order.order_id, body, key=key)


def edit(order, shipment_id, body, if_match='"1"'):
    return send(
        staff_api,
        "staff.update_shipment",
        caller=STAFF,
        body=body,
        headers={"if-match": if_match},
        path={"order_id": order.order_id, "shipment_id": shipment_id},
    )


def get(order, shipment_id, **headers):
    path = {"order_id": order.order_id, "shipment_id": shipment_id}
    return send(staff_api, "staff.get_shipment", caller=STAFF, headers=headers, path=path)


def counts(body):
    return [(line["quantity"], line["shipped"], line["cancelled"]) for line in body["lines"]]


def last_event(order):
    return list_order_events(order)[-1]


def test_an_order_ships_in_two_parcels(order, tea, cup):
    first = create(order, shop.line(tea, 2), tracking_url=LINK)
    second = create(order, key="key-2", tracking_number="2")

    assert (first.status, second.status) == (201, 201)
    assert first.headers["Idempotency-Replayed"] == "false"
    assert first.body["status"] == "partially_shipped"
    assert counts(first.body) == [(3, 2, 0), (1, 0, 0)]
    assert second.body["status"] == "shipped"
    assert counts(second.body) == [(3, 3, 0), (1, 1, 0)]
    one, two = second.body["shipments"]
    assert one["lines"] == [{"product_id": tea.product_id, "quantity": 2}]
    assert (one["tracking_number"], one["tracking_url"]) == ("1", LINK)
    units = {line["product_id"]: line["quantity"] for line in two["lines"]}
    assert units == {tea.product_id: 1, cup.product_id: 1}
    assert second.body["shipment"] == {"carrier": "DHL", "tracking_number": "2"}
    assert [step["status"] for step in second.body["history"]][-2:] == [
        "partially_shipped",
        "shipped",
    ]


def test_a_parcel_ends_the_allocation_of_its_units_only(order, tea, cup):
    create(order, shop.line(tea, 2))

    assert (count_units(tea), count_units(cup)) == ((7, 1), (9, 1))


def test_each_parcel_has_an_event_with_its_units(order, tea):
    create(order, shop.line(tea, 1))
    create(order, shop.line(tea, 1), key="key-2")
    create(order, key="key-3")

    events = list_order_events(order)[-3:]
    assert [event.type for event in events] == [
        "order.partially_shipped",
        "order.partially_shipped",
        "order.shipped",
    ]
    assert [len(event.data.shipped_lines) for event in events] == [1, 1, 2]
    assert len({event.data.shipment_id for event in events}) == 3
    assert all(len(event.data.lines) == 2 for event in events)


def test_the_old_route_ships_all_that_is_left(order, tea, cup):
    create(order, shop.line(tea, 2))

    answer = call_as_staff("staff.ship_order", order.order_id, DHL)
    again = call_as_staff("staff.ship_order", order.order_id, DHL)

    assert (answer.status, answer.body["status"]) == (200, "shipped")
    assert again.body == answer.body
    assert [len(parcel["lines"]) for parcel in answer.body["shipments"]] == [1, 2]
    assert (count_units(tea), count_units(cup)) == ((7, 0), (9, 0))


def test_a_repeated_parcel_is_the_same_parcel(order, tea):
    first = create(order, shop.line(tea, 2))
    again = create(order, shop.line(tea, 1), shop.line(tea, 1))

    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.parametrize("changes", [{"carrier": "UPS"}, {"tracking_number": "2"}, {"lines": None}])
def test_another_parcel_with_the_same_key_is_refused(order, tea, changes):
    create(order, shop.line(tea, 2))

    answer = create(order, shop.line(tea, 2), **changes)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(Order.get(order.order_id).shipments) == 1


def test_more_units_than_are_open_are_refused(order, tea, cup):
    create(order, shop.line(tea, 2))
    unknown = {"product_id": "prd_unknown", "quantity": 1}

    answer = create(order, shop.line(tea, 2), shop.line(cup), unknown, key="key-2")

    assert (answer.status, answer.code) == (409, "open_quantity_exceeded")
    assert answer.error["details"]["lines"] == [
        {"product_id": "prd_unknown", "quantity": 1, "open": 0},
        {"product_id": tea.product_id, "quantity": 2, "open": 1},
    ]


@pytest.mark.parametrize(
    "life", [(), (captured, ship), (captured, cancel_by_staff), (captured, refund())]
)
def test_only_a_paid_order_with_open_units_ships(tea, life):
    order = orders.create_order(*life, product=tea)

    answer = create(order)

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_a_partially_shipped_order_cannot_be_delivered(order, tea):
    create(order, shop.line(tea))

    answer = call_as_staff("staff.deliver_order", order.order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert answer.error["details"]["allowed"] == ["cancelled", "refunded", "shipped"]


def test_the_last_parcel_must_have_all_that_is_left(monkeypatch, tea):
    monkeypatch.setattr(shipping, "SHIPMENTS_MAX", 3)
    order = orders.create_order(captured, product=tea, quantity=5)
    for number in range(2):
        assert create(order, shop.line(tea), key=f"key-{number}").status == 201

    refused = create(order, shop.line(tea), key="another")
    last = create(order, key="last")

    assert (refused.status, refused.code) == (409, "order_entry_limit_reached")
    assert (last.status, last.body["status"]) == (201, "shipped")


def test_an_order_takes_fifty_parcels():
    assert SHIPMENTS_MAX == 50


def test_only_shipped_units_come_back(order, tea):
    create(order, shop.line(tea, 1))

    refused = call_as_staff("staff.return_order", order.order_id, {"lines": [shop.line(tea, 2)]})
    answer = call_as_staff("staff.return_order", order.order_id, {"lines": [shop.line(tea, 1)]})

    assert refused.error["details"]["lines"][0]["returnable"] == 1
    assert (answer.status, answer.body["status"]) == (200, "partially_shipped")
    assert count_units(tea) == (8, 2)
    rest = create(order, key="rest")
    assert counts(rest.body)[0] == (3, 3, 0)


def test_a_full_refund_returns_what_was_not_shipped(order, tea, cup):
    create(order, shop.line(tea, 1))
    for decide in (refund(), settle_refund()):
        found = orders.update_order(order.order_id, decide)

    assert found.status == "refunded"
    assert (count_units(tea), count_units(cup)) == ((9, 0), (10, 0))


def test_staff_cancel_a_partially_shipped_order(order, tea, cup):
    create(order, shop.line(tea, 1))

    found = orders.update_order(order.order_id, cancel_by_staff)

    assert found.status == "cancelled"
    assert [int(refund.amount_minor) for refund in found.refunds] == [4000]
    assert (count_units(tea), count_units(cup)) == ((9, 0), (10, 0))


def test_buyers_see_the_parcels(order, tea):
    create(order, shop.line(tea, 2), tracking_url=LINK)

    seen = send(shoppers, "orders.get", caller=ADA, path={"order_id": order.order_id}).body

    (parcel,) = seen["shipments"]
    assert parcel["lines"] == [{"product_id": tea.product_id, "quantity": 2}]
    assert parcel["tracking_url"] == LINK
    assert STAFF.user_id not in str(seen)


def test_the_first_parcel_has_the_payment_captured(tea):
    order = orders.create_order(authorized, product=tea)

    create(order, shop.line(tea, 1))

    assert [event.type for event in list_order_events(order)][-2:] == [
        "order.partially_shipped",
        "order.capture_requested",
    ]


# Corrections


def test_staff_correct_a_parcel(order, tea):
    shipment_id = create(order, shop.line(tea)).body["shipments"][0]["id"]

    answer = edit(order, shipment_id, {"tracking_number": "3", "tracking_url": LINK})

    assert answer.status == 200
    assert (answer.body["carrier"], answer.body["tracking_number"]) == ("DHL", "3")
    assert (answer.body["version"], answer.headers["ETag"].partition("-")[0]) == (2, '"2')
    assert get(order, shipment_id).body == answer.body
    assert Order.get(order.order_id).history[-1].event == "shipment_updated"
    assert last_event(order).type == "order.partially_shipped"


def test_an_unchanged_parcel_keeps_its_version(order, tea):
    shipment_id = create(order, shop.line(tea)).body["shipments"][0]["id"]

    answer = edit(order, shipment_id, {"carrier": "DHL"})

    assert answer.body["version"] == 1


def test_a_parcel_that_somebody_changed_is_not_overwritten(order, tea):
    shipment_id = create(order, shop.line(tea)).body["shipments"][0]["id"]
    edit(order, shipment_id, {"tracking_number": "3"})

    answer = edit(order, shipment_id, {"tracking_number": "4"})

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 2})


def test_a_delivered_parcel_is_not_corrected(order):
    shipment_id = create(order).body["shipments"][0]["id"]
    orders.update_order(order.order_id, deliver)

    answer = edit(order, shipment_id, {"tracking_number": "3"})

    assert (answer.status, answer.code) == (409, "order_status_conflict")


@pytest.mark.parametrize("call", [get, partial(edit, body={"carrier": "UPS"})])
def test_an_unknown_parcel_is_404(order, call):
    answer = call(order, "shp_unknown")

    assert (answer.status, answer.code) == (404, "shipment_not_found")


def test_staff_list_the_parcels(order, tea):
    create(order, shop.line(tea))

    path = {"order_id": order.order_id}
    answer = send(staff_api, "staff.list_shipments", caller=STAFF, path=path)

    (parcel,) = answer.body["items"]
    assert (parcel["by"], parcel["carrier"]) == (STAFF.user_id, "DHL")


# Orders of earlier releases


def as_shipped_before(order):
    """As a release stored it that shipped orders as a whole."""
    found = orders.update_order(order.order_id, ship)
    actions = [Order.shipments.remove(), Order.lines[0].cancelled.remove()]
    found.update([*actions, Order.lines[1].cancelled.remove()])
    return Order.get(order.order_id)


def test_an_order_of_an_earlier_release_reads_as_one_parcel(order):
    stored = as_shipped_before(order)

    body = call_as_staff("staff.get_order", order.order_id).body

    assert stored.shipments == []
    (parcel,) = body["shipments"]
    assert [line["quantity"] for line in parcel["lines"]] == [3, 1]
    assert parcel["shipped_at"] == body["history"][-1]["at"]
    assert counts(body) == [(3, 3, 0), (1, 1, 0)]


def test_what_an_earlier_release_shipped_is_corrected(order):
    as_shipped_before(order)
    (parcel,) = call_as_staff("staff.get_order", order.order_id).body["shipments"]

    answer = edit(order, parcel["id"], {"tracking_number": "3"})

    assert answer.body["tracking_number"] == "3"
    (stored,) = Order.get(order.order_id).shipments
    assert isinstance(stored, OrderShipment)
    assert counts(call_as_staff("staff.get_order", order.order_id).body) == [(3, 3, 0), (1, 1, 0)]


def test_what_an_earlier_release_shipped_comes_back(order, tea):
    as_shipped_before(order)

    answer = call_as_staff("staff.return_order", order.order_id, {"lines": [shop.line(tea, 3)]})

    assert answer.status == 200
    assert count_units(tea) == (10, 0)


# Invalid input

INVALID = [
    ({"carrier": ""}, "body.carrier"),
    ({"carrier": None}, "body.carrier"),
    ({"lines": []}, "body.lines"),
    ({"lines": [{"product_id": "prd_1", "quantity": 0}]}, "body.lines.0.quantity"),
    ({"lines": [{"product_id": "prd_1"}]}, "body.lines.0.quantity"),
    ({"lines": [{"product_id": "prd_1", "quantity": 1}] * 51}, "body.lines"),
    ({"tracking_url": "http://carrier.example/1"}, "body.tracking_url"),
    ({"tracking_url": "javascript:alert(1)"}, "body.tracking_url"),
    ({"tracking_url": "https://carrier.example/a b"}, "body.tracking_url"),
    ({"tracking_url": "https://" + "x" * 993}, "body.tracking_url"),
    ({"status": "delivered"}, "body.status"),
]


@pytest.mark.parametrize(("changes", "path"), INVALID)
def test_an_invalid_parcel_changes_nothing(order, changes, path):
    answer = create(order, **changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert Order.get(order.order_id).status == "paid"


@pytest.mark.parametrize("carrier", [None, "", "D\nHL"])
def test_an_invalid_correction_changes_nothing(order, carrier):
    shipment_id = create(order).body["shipments"][0]["id"]

    answer = edit(order, shipment_id, {"carrier": carrier})

    assert (answer.status, answer.paths) == (422, ["body.carrier"])
    assert Tracking(Order.get(order.order_id).shipments[0].carrier) == Tracking("DHL")


def test_an_unchanged_parcel_and_its_order_are_not_sent_again(order, tea):
    parcel = create(order, shop.line(tea, 1)).body["shipments"][0]["id"]
    etag = get(order, parcel).headers["ETag"]
    path = {"order_id": order.order_id}
    whole = send(staff_api, "staff.get_order", caller=STAFF, path=path)

    headers = {"if-none-match": whole.headers["ETag"]}
    again = send(staff_api, "staff.get_order", caller=STAFF, path=path, headers=headers)

    assert get(order, parcel, **{"if-none-match": etag}).status == 304
    assert again.status == 304
