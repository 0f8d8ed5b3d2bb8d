"""Pure: what each decision does in each status, and that a refusal changes nothing."""

from datetime import timedelta
from functools import partial

import pytest

from orders.lifecycle import decisions, provider_events
from orders.lifecycle.shipping import Tracking
from orders.lifecycle.transitions import FINISHED, STATUSES, TRANSITIONS
from shared import clock
from shared.errors.base import AppError
from shared.errors.orders import OrderExpiredUnpaid, OrderStatusConflict
from tests.support.orders import (
    LIFECYCLES,
    authorized,
    cancel,
    cancel_by_staff,
    cancel_units,
    captured,
    deliver,
    event_types_of,
    expire,
    mark_paid_manually,
    new_order,
    refund,
    return_items,
    settle_refund,
    ship,
    ship_units,
    start_payment,
    voided,
)

NO_EFFECT, STAYS = "-", "stays"
CONFLICT, NO_MONEY, NO_UNITS = (
    "order_status_conflict",
    "refund_too_large",
    "return_quantity_exceeded",
)
DECISIONS = {
    "start payment": start_payment,
    "authorized": authorized,
    "captured": captured,
    "mark paid": mark_paid_manually,
    "cancel": cancel,
    "cancel by staff": cancel_by_staff,
    "expire": expire,
    "ship": partial(ship, tracking=Tracking("UPS")),
    "ship units": ship_units("another", TEA=1),
    "ship the rest": ship_units("another"),
    "cancel units": cancel_units(TEA=1),
    "cancel the rest": cancel_units(),
    "deliver": deliver,
    "return": return_items(TEA=1),
    "refund": refund(key="another"),
    "note": partial(decisions.add_note, text="call him", by="usr_staff"),
    "resend confirmation": decisions.resend_confirmation,
}
# In the order of STATUSES: the next status, or the code of the refusal.
TABLE = {
    "start payment": (STAYS, *[CONFLICT] * 7),
    "authorized": ("paid", *["-"] * 4, STAYS, STAYS, "-"),
    "captured": ("paid", *["-"] * 4, STAYS, STAYS, "-"),
    "mark paid": ("paid", *[CONFLICT] * 7),
    "cancel": ("cancelled", "cancelled", *[CONFLICT] * 3, "-", CONFLICT, CONFLICT),
    "cancel by staff": (*["cancelled"] * 5, "-", CONFLICT, CONFLICT),
    "expire": ("expired", *["-"] * 7),
    "ship": (CONFLICT, "shipped", "shipped", *[CONFLICT] * 5),
    "ship units": (CONFLICT, "partially_shipped", STAYS, *[CONFLICT] * 5),
    "ship the rest": (CONFLICT, "shipped", "shipped", *[CONFLICT] * 5),
    "cancel units": (CONFLICT, STAYS, STAYS, *[CONFLICT] * 5),
    "cancel the rest": (CONFLICT, "cancelled", "shipped", *[CONFLICT] * 5),
    "deliver": (*[CONFLICT] * 3, "delivered", "-", *[CONFLICT] * 3),
    "return": (CONFLICT, *[STAYS] * 4, *[NO_UNITS] * 3),
    "refund": (NO_MONEY, *[STAYS] * 4, *[NO_MONEY] * 3),
    "note": (STAYS,) * 8,
    "resend confirmation": (*[STAYS] * 5, *[CONFLICT] * 3),
}
CASES = [
    pytest.param(status, DECISIONS[name], expected, id=f"{name} when {status}")
    for name, row in TABLE.items()
    for status, expected in zip(STATUSES, row, strict=True)
]


@pytest.mark.parametrize(("status", "decide", "expected"), CASES)
def test_each_decision_in_each_status_has_its_outcome(status, decide, expected):
    order = new_order(*LIFECYCLES[status])
    before = order.serialize()

    try:
        effects = decide(order)
        outcome = NO_EFFECT if effects is None else order.status
    except AppError as refusal:
        outcome = refusal.code

    assert outcome == (status if expected == STAYS else expected)
    if expected not in (STAYS, *STATUSES):
        assert order.serialize() == before


def test_the_table_has_each_status_and_no_other():
    assert set(TRANSITIONS) == set(STATUSES)
    assert set().union(*TRANSITIONS.values()) <= set(STATUSES)
    assert {"cancelled", "expired", "refunded"} == FINISHED


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_names_the_status_and_the_allowed_ones(status):
    order = new_order(*LIFECYCLES[status])

    with pytest.raises(OrderStatusConflict) as refused:
        mark_paid_manually(order) if status != "pending_payment" else deliver(order)

    assert refused.value.details == {"status": status, "allowed": sorted(TRANSITIONS[status])}


@pytest.mark.parametrize(
    ("life", "step"),
    [
        ((captured,), ("paid", None, "payments", None)),
        ((authorized,), ("paid", None, "payments", None)),
        ((mark_paid_manually,), ("paid", None, "usr_staff", "cash")),
        ((cancel,), ("cancelled", None, "usr_ada", None)),
        ((cancel_by_staff,), ("cancelled", None, "usr_staff", "broken")),
        ((expire,), ("expired", None, "shop", None)),
        ((captured, ship), ("shipped", None, "usr_staff", None)),
        ((captured, ship, deliver), ("delivered", None, "usr_staff", None)),
        ((captured, refund(5, reason="late")), ("paid", "refund_requested", "usr_staff", "late")),
        ((captured, refund(5), settle_refund()), ("paid", "refunded", "usr_staff", None)),
        (
            (captured, refund(5), settle_refund("failed")),
            ("paid", "refund_failed", "usr_staff", None),
        ),
        (
            (captured, refund(reason="late"), settle_refund()),
            ("refunded", None, "usr_staff", "late"),
        ),
        ((captured, return_items(TEA=1)), ("paid", "returned", "usr_staff", None)),
        ((authorized, captured), ("paid", "captured", "payments", None)),
        ((authorized, voided), ("paid", "authorization_voided", "payments", None)),
        ((authorized, voided, mark_paid_manually), ("paid", "paid_manually", "usr_staff", "cash")),
        ((mark_paid_manually, authorized), ("paid", "paid_late", "payments", None)),
    ],
)
def test_the_history_says_who_did_what_when_and_why(life, step):
    *earlier, last = life
    order = new_order(*earlier)
    steps, began = len(order.history), clock.utc_now()

    last(order)

    (new,) = order.history[steps:]
    assert (new.status, new.event, new.by, new.reason) == step
    assert began <= new.at <= clock.utc_now()


@pytest.mark.parametrize(
    ("life", "events"),
    [
        ((captured,), ["order.paid"]),
        ((authorized,), ["order.paid"]),
        ((mark_paid_manually,), ["order.paid"]),
        ((start_payment,), []),
        ((start_payment, mark_paid_manually), ["order.paid", "order.void_requested"]),
        ((cancel,), ["order.cancelled"]),
        ((start_payment, cancel), ["order.cancelled", "order.void_requested"]),
        ((authorized, cancel), ["order.cancelled", "order.void_requested"]),
        ((captured, cancel), ["order.cancelled", "order.refund_requested"]),
        ((mark_paid_manually, cancel), ["order.cancelled", "order.manual_refund_required"]),
        ((expire,), ["order.expired"]),
        ((start_payment, expire), ["order.expired", "order.void_requested"]),
        ((captured, ship), ["order.shipped"]),
        ((authorized, ship), ["order.shipped", "order.capture_requested"]),
        ((captured, ship, deliver), ["order.delivered"]),
        ((captured, refund()), ["order.refund_requested"]),
        ((captured, refund(), settle_refund()), ["order.refunded"]),
        ((captured, refund(), settle_refund("failed")), ["order.refund_failed"]),
        ((mark_paid_manually, refund()), ["order.refunded"]),
        ((captured, return_items(TEA=1)), ["order.returned"]),
        ((authorized, voided), ["order.authorization_voided"]),
        ((authorized, voided, mark_paid_manually), []),
        ((cancel, captured), ["order.refund_requested"]),
        ((expire, authorized), ["order.void_requested"]),
        ((decisions.resend_confirmation,), ["order.confirmation_requested"]),
    ],
)
def test_each_decision_stages_its_events(life, events):
    *earlier, last = life
    order = new_order(*earlier)

    assert event_types_of(last(order)) == events


@pytest.mark.parametrize(
    ("life", "again"),
    [
        ((cancel,), cancel),
        ((cancel,), cancel_by_staff),
        ((mark_paid_manually,), mark_paid_manually),
        ((mark_paid_manually, ship), mark_paid_manually),
        ((captured, ship), ship),
        ((captured, ship, deliver), deliver),
        ((captured, ship, return_items(TEA=1)), return_items(TEA=1)),
        ((captured, refund(100)), refund(100)),
        ((captured, refund()), refund()),
        ((captured, refund(), settle_refund()), refund()),
        ((captured, refund(), settle_refund("failed")), refund()),
        ((start_payment,), start_payment),
    ],
)
def test_a_repeated_decision_changes_nothing(life, again):
    order = new_order(*life)
    before = order.serialize()

    assert again(order) is None
    assert order.serialize() == before


@pytest.mark.parametrize(
    ("life", "other"),
    [
        ((mark_paid_manually,), partial(mark_paid_manually, reference="another")),
        ((captured, ship), partial(ship, tracking=Tracking("DHL", "2"))),
        ((captured, ship), partial(ship, tracking=Tracking("DHL"))),
        ((captured, ship), partial(ship, tracking=Tracking("UPS", "1"))),
    ],
)
def test_a_repeat_with_other_facts_is_a_conflict(life, other):
    order = new_order(*life)

    with pytest.raises(OrderStatusConflict):
        other(order)


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"pending_payment"}))
def test_only_an_unpaid_order_is_in_the_expiry_index(status):
    order = new_order(*LIFECYCLES[status])

    assert new_order().awaits == "payment"
    assert (order.awaits, order.expires_at) == (None, None)


def test_an_order_does_not_expire_before_its_time():
    order = new_order()

    assert decisions.expire(order) is None
    assert order.status == "pending_payment"


def test_no_payment_starts_after_the_time_to_pay():
    order = new_order(expires_at=clock.utc_now())

    with pytest.raises(OrderExpiredUnpaid):
        start_payment(order)

    assert order.payment is None


def test_starting_a_payment_extends_the_time_to_pay_once():
    order = new_order(expires_at=clock.utc_now() + timedelta(minutes=1))

    start_payment(order)
    given = order.expires_at
    voided(order)
    provider_events.start_payment(order, provider="bank", payment_id="pay_2")

    left = given - clock.utc_now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert order.expires_at == given
    assert (order.payment.payment_id, order.payment.status) == ("pay_2", "started")


def test_starting_a_payment_never_shortens_the_time_to_pay():
    order = new_order()
    before = order.expires_at

    start_payment(order)

    assert order.expires_at == before


def test_an_order_is_not_shipped_while_it_is_refunded_in_full():
    order = new_order(captured, refund())

    with pytest.raises(OrderStatusConflict):
        ship(order)

    settle_refund("failed")(order)
    assert event_types_of(ship(order)) == ["order.shipped"]


def test_an_order_with_a_lost_payment_ships_after_a_manual_one():
    order = new_order(authorized, voided)

    with pytest.raises(OrderStatusConflict):
        ship(order)

    mark_paid_manually(order)
    assert event_types_of(ship(order)) == ["order.shipped"]
    assert order.payment.manual_minor == 3000


def test_shipping_does_not_capture_an_unneeded_authorization():
    order = new_order(mark_paid_manually, authorized)

    assert event_types_of(ship(order)) == ["order.shipped"]


def test_a_free_order_is_shipped_without_a_payment():
    order = new_order(status="paid")

    assert event_types_of(ship(order)) == ["order.shipped"]
