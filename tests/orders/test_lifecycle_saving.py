"""An order changes in one transaction with everything that the change affects."""

import json
from contextlib import suppress
from functools import partial

import pytest

from orders.lifecycle import decisions, repository
from orders.lifecycle.service import UPDATE_ATTEMPTS, try_update_order, update_order
from orders.lifecycle.transitions import BYTES_MAX, ENTRIES_MAX
from shared import retries
from shared.errors.base import Unavailable
from shared.errors.orders import OrderEntryLimitReached, OrderNotFound, OrderStatusConflict
from shared.errors.requests import ConcurrentModification
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import orders, pricing, shop
from tests.support.faults import cancelled_transaction, inject_faults, read_timeout
from tests.support.orders import (
    cancel,
    captured,
    count_units,
    expire,
    list_order_events,
    refund,
    return_items,
    settle_refund,
    ship,
    start_payment,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    taken: list[int] = []
    monkeypatch.setattr(retries, "pause", taken.append)
    monkeypatch.setattr(retries.time, "sleep", lambda _: None)
    return taken


def raw(order: Order) -> dict:
    table = connection().client
    found = table.get_item(TableName="souk-orders", Key={"order_id": {"S": order.order_id}})
    return found["Item"]


def note(text: str):
    return partial(decisions.add_note, text=text, by="usr_staff")


def overtaken(monkeypatch, *happenings) -> None:
    """One of these happens between the read and the write of each of the next changes."""
    read, ahead = repository.read_for_update, list(happenings)

    def read_and_be_overtaken(order_id):
        found = read(order_id)
        if ahead:
            happen = ahead.pop(0)
            with monkeypatch.context() as undisturbed:
                undisturbed.setattr(repository, "read_for_update", read)
                update_order(order_id, happen)
        return found

    monkeypatch.setattr(repository, "read_for_update", read_and_be_overtaken)


def test_order_stock_and_events_are_one_transaction(tea):
    order = orders.create_order(captured, product=tea)

    with inject_faults(connection().client, "TransactWriteItems") as sent:
        update_order(order.order_id, cancel)

    (transaction,) = sent.sent
    assert len(sent) == 1
    assert b"souk-orders" in transaction["body"]
    assert b"souk-stock" in transaction["body"]
    assert b"souk-outbox" in transaction["body"]


def test_a_failed_transaction_writes_nothing(tea):
    order = orders.create_order(captured, product=tea)
    before, rows = raw(order), OutboxRow.count()

    with (
        inject_faults(connection().client, "TransactWriteItems", read_timeout()),
        pytest.raises(Unavailable),
    ):
        update_order(order.order_id, cancel)

    assert raw(order) == before
    assert (count_units(tea), OutboxRow.count()) == ((8, 2), rows)


def test_each_event_is_staged_once_with_its_change(tea):
    order = orders.create_order(
        start_payment, captured, ship, refund(500), settle_refund(), product=tea
    )

    assert [event.type for event in list_order_events(order)] == [
        "order.placed",
        "order.paid",
        "order.shipped",
        "order.refund_requested",
        "order.refunded",
    ]


def test_the_events_of_one_change_are_one_outbox_row(tea):
    order = orders.create_order(captured, product=tea)
    rows = OutboxRow.count()

    update_order(order.order_id, cancel)

    assert OutboxRow.count() == rows + 1
    assert [event.type for event in list_order_events(order)][-2:] == [
        "order.cancelled",
        "order.refund_requested",
    ]


def test_only_changed_attributes_are_written(tea):
    order = orders.create_order(captured, product=tea)
    client = connection().client
    client.update_item(
        TableName="souk-orders",
        Key={"order_id": {"S": order.order_id}},
        UpdateExpression="SET gift_wrap = :paper, shipping_address.floor = :third",
        ExpressionAttributeValues={":paper": {"S": "blue"}, ":third": {"S": "3"}},
    )

    update_order(order.order_id, ship)

    after = raw(order)
    assert after["gift_wrap"] == {"S": "blue"}
    assert after["shipping_address"]["M"]["floor"] == {"S": "3"}
    assert after["status"] == {"S": "shipped"}


def test_an_attribute_set_to_none_is_removed(tea):
    order = orders.create_order(product=tea)
    assert {"awaits", "expires_at"} <= raw(order).keys()

    update_order(order.order_id, captured)

    assert not {"awaits", "expires_at"} & raw(order).keys()
    assert list(Order.by_expiry.query("payment")) == []


def test_a_change_increments_the_version_and_a_repeat_does_not(tea):
    order = orders.create_order(product=tea)

    versions = [
        int(update_order(order.order_id, decide).version)
        for decide in (cancel, cancel, note("why?"))
    ]

    assert versions == [2, 2, 3]


def test_the_returned_order_equals_the_stored_one(tea):
    order = orders.create_order(product=tea)

    for decide in (
        captured,
        ship,
        return_items(**{tea.product_id: 1}),
        refund(100),
        settle_refund(),
    ):
        outcome = try_update_order(order.order_id, decide)
        assert outcome.is_new
        assert Order.get(order.order_id).serialize() == outcome.order.serialize()


def test_a_decision_without_effects_writes_nothing(tea):
    order = orders.create_order(cancel, product=tea)

    with inject_faults(connection().client, "TransactWriteItems") as sent:
        outcome = try_update_order(order.order_id, cancel)

    assert (len(sent), outcome.is_new, outcome.order.status) == (0, False, "cancelled")


def test_a_refusal_writes_nothing(tea):
    order = orders.create_order(product=tea)
    before = raw(order)

    with pytest.raises(OrderStatusConflict):
        update_order(order.order_id, ship)

    assert raw(order) == before


def test_changing_an_unknown_order_creates_nothing():
    with pytest.raises(OrderNotFound):
        update_order("ord_unknown", note("hello"))

    assert Order.count() == 0


def test_an_order_deleted_before_the_write_stays_deleted(tea, monkeypatch):
    order = orders.create_order(product=tea)
    read = repository.read_for_update

    def read_and_lose(order_id):
        found = read(order_id)
        Order(order_id).delete()
        return found

    monkeypatch.setattr(repository, "read_for_update", read_and_lose)

    with pytest.raises(OrderNotFound):
        update_order(order.order_id, cancel)

    assert (Order.count(), count_units(tea)) == (0, (8, 2))


# Concurrent changes


def test_an_overtaken_decision_is_made_again(tea, monkeypatch):
    order = orders.create_order(product=tea)
    overtaken(monkeypatch, note("call him"))

    changed = update_order(order.order_id, cancel)

    assert (changed.status, [note.text for note in changed.notes]) == ("cancelled", ["call him"])
    assert int(changed.version) == 3
    assert count_units(tea) == (10, 0)


def test_a_change_that_became_impossible_is_refused(tea, monkeypatch):
    order = orders.create_order(captured, product=tea)
    overtaken(monkeypatch, ship)

    with pytest.raises(OrderStatusConflict):
        update_order(order.order_id, cancel)

    assert count_units(tea) == (8, 0)


def test_an_order_paid_while_it_expires_stays_paid(tea, monkeypatch):
    order = orders.create_order(product=tea)
    overtaken(monkeypatch, captured)

    outcome = try_update_order(order.order_id, expire)

    assert (outcome.is_new, outcome.order.status) == (False, "paid")
    assert count_units(tea) == (8, 2)


def test_an_order_that_expires_while_it_is_paid_is_refunded(tea, monkeypatch):
    order = orders.create_order(product=tea)
    overtaken(monkeypatch, expire)

    changed = update_order(order.order_id, captured)

    assert (changed.status, changed.refunds[0].status) == ("expired", "requested")
    assert count_units(tea) == (10, 0)
    assert [event.type for event in list_order_events(order)] == [
        "order.placed",
        "order.expired",
        "order.refund_requested",
    ]


def test_a_change_succeeds_after_losing_four_times(tea, pauses, monkeypatch):
    order = orders.create_order(product=tea)
    overtaken(monkeypatch, *[note(str(n)) for n in range(UPDATE_ATTEMPTS - 1)])

    changed = update_order(order.order_id, cancel)

    assert (changed.status, len(changed.notes)) == ("cancelled", UPDATE_ATTEMPTS - 1)
    assert pauses == [1, 2, 3, 4]


def test_a_change_that_loses_five_times_is_unavailable(tea, monkeypatch):
    order = orders.create_order(product=tea)
    overtaken(monkeypatch, *[note(str(n)) for n in range(UPDATE_ATTEMPTS)])

    with pytest.raises(Unavailable) as refused:
        update_order(order.order_id, cancel)

    assert (refused.value.status, refused.value.headers()) == (503, {"Retry-After": "1"})
    assert Order.get(order.order_id).status == "pending_payment"
    assert count_units(tea) == (8, 2)


def test_a_transaction_conflict_is_not_a_lost_attempt(tea):
    order = orders.create_order(product=tea)
    conflict = cancelled_transaction("TransactionConflict", "None", "None")
    decided: list[Order] = []

    def decide(order):
        decided.append(order)
        return cancel(order)

    with inject_faults(connection().client, "TransactWriteItems", conflict, conflict) as sent:
        changed = update_order(order.order_id, decide)

    assert (changed.status, len(sent), len(decided)) == ("cancelled", 3, 1)


def test_a_change_whose_reply_was_lost_succeeds_on_retry(tea):
    order = orders.create_order(captured, product=tea)
    client, commit = connection().client, "after-call.dynamodb.TransactWriteItems"

    def lose(**_):
        raise Unavailable("the reply was lost")

    client.meta.events.register(commit, lose)
    try:
        with pytest.raises(Unavailable):
            update_order(order.order_id, cancel)
    finally:
        client.meta.events.unregister(commit, lose)
    again = try_update_order(order.order_id, cancel)

    assert (again.is_new, again.order.status) == (False, "cancelled")
    assert count_units(tea) == (10, 0)
    assert [event.type for event in list_order_events(order)].count("order.cancelled") == 1


# Promotions


def with_promotion(*life, of, **limits):
    pricing.promotion("SPRING", **limits)
    return orders.create_order(*life, product=of, promotion_code="SPRING")


@pytest.mark.parametrize(
    ("life", "uses"),
    [
        ((), 1),
        ((captured,), 1),
        ((captured, ship), 1),
        ((cancel,), 0),
        ((expire,), 0),
        ((captured, cancel), 0),
        ((captured, cancel, settle_refund()), 0),
        ((captured, ship, orders.cancel_by_staff), 0),
        ((captured, refund(), settle_refund()), 1),
        ((expire, captured, settle_refund()), 0),
    ],
)
@pytest.mark.parametrize(
    "limits",
    [{"uses_max": 5}, {"uses_per_customer_max": 5}],
    ids=["all customers", "each customer"],
)
def test_cancelled_and_expired_orders_release_their_use(life, uses, limits, tea):
    order = with_promotion(*life, of=tea, **limits)

    by = order.buyer_id if "uses_per_customer_max" in limits else None
    assert pricing.count_uses("SPRING", by) == uses


def test_a_use_that_was_not_counted_is_not_released(tea):
    with_promotion(cancel, of=tea)

    assert pricing.count_uses("SPRING") == 0


# Limits


def size_of(order: Order) -> int:
    """At most the size that DynamoDB counts."""
    return len(json.dumps(order.serialize(), ensure_ascii=False).encode())


def filled(order: Order, decide) -> None:
    with suppress(OrderEntryLimitReached):
        for _ in range(ENTRIES_MAX + 1):
            decide(order)
        pytest.fail("no limit was reached")


def test_an_order_has_a_limited_number_of_notes():
    order = orders.new_order()

    filled(order, note("call him"))

    assert len(order.notes) == ENTRIES_MAX


def test_notes_always_leave_room_for_mandatory_changes():
    order = orders.new_order(captured, ship)

    filled(order, note("語" * 2000))
    full = size_of(order)
    for decide in (orders.cancel_by_staff, settle_refund("failed")):
        decide(order)

    assert BYTES_MAX < full < size_of(order) < BYTES_MAX + 10_000


def test_writing_an_older_version_is_a_concurrent_modification(tea):
    order = orders.create_order(product=tea)
    stale, was = repository.read_for_update(order.order_id)
    update_order(order.order_id, note("first"))

    effects = cancel(stale)
    with pytest.raises(ConcurrentModification):
        repository.save_order(stale, was, effects)
