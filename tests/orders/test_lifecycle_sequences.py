"""Pure: any sequence of decisions about one order, compared with a simple model."""

from collections import Counter
from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from orders.lifecycle import balances, provider_events
from orders.lifecycle.provider_events import PaymentMismatch
from orders.lifecycle.transitions import BEFORE_SHIPPING, FINISHED, TRANSITIONS
from shared.errors.base import AppError
from tests.support.orders import (
    PAYMENT_ID,
    TOTAL_MINOR,
    authorized,
    cancel,
    cancel_by_staff,
    captured,
    deliver,
    expire,
    line,
    mark_paid_manually,
    new_order,
    refund,
    return_items,
    settle_refund,
    ship,
    start_payment,
    voided,
)

QUANTITIES = {"TEA": 2, "CUP": 1}
PAID = ("paid", "shipped", "delivered")


def settle_one(number: int, status: str):
    """The provider's status of one requested refund, if there is one."""

    def decide(order):
        if not order.refunds or order.refunds[number % len(order.refunds)].is_manual:
            return None
        return settle_refund(status, number=number % len(order.refunds))(order)

    return decide


def refunded_at_provider(amount_minor: int, name: str):
    return lambda order: provider_events.apply_refund_update(
        order,
        payment_id=PAYMENT_ID,
        refund_id=None,
        provider_refund_id=name,
        amount_minor=amount_minor,
        status="succeeded",
    )


def returned(tea: int, cup: int, key: str):
    wanted = {name: units for name, units in (("TEA", tea), ("CUP", cup)) if units}
    return return_items(key, **wanted)


KEYS = st.sampled_from("abc")
DECISIONS = st.one_of(
    st.sampled_from(
        [
            start_payment,
            authorized,
            captured,
            voided,
            mark_paid_manually,
            ship,
            deliver,
            cancel,
            cancel_by_staff,
            expire,
        ]
    ),
    st.builds(refund, st.sampled_from([None, 1, 1000, TOTAL_MINOR]), KEYS),
    st.builds(settle_one, st.integers(0, 5), st.sampled_from(["requested", "succeeded", "failed"])),
    st.builds(refunded_at_provider, st.sampled_from([1, 1000, TOTAL_MINOR]), KEYS),
    st.builds(returned, st.integers(0, 2), st.integers(0, 1), KEYS),
)


@settings(max_examples=400, deadline=None)
@given(life=st.lists(DECISIONS, min_size=3, max_size=25))
def test_any_sequence_keeps_money_units_and_status_consistent(life):
    order = new_order(lines=[line("TEA", {"0": 1, "3": 1}), line("CUP", {"1": 1})])
    restocked, allocated = Counter(), Counter(QUANTITIES)
    promotion_releases = 0

    for decide in life:
        was, before = order.status, order.serialize()
        effects = None
        try:
            effects = decide(order)
        except (AppError, PaymentMismatch):
            assert order.serialize() == before
        if effects is not None:
            for move in effects.stock:
                restocked[move.product_id] += move.available
                allocated[move.product_id] += move.allocated
            promotion_releases += effects.releases_promotion
        is_allowed = order.status == was or order.status in TRANSITIONS[was]
        assert is_allowed, f"{was} became {order.status}"
        check_units(order, restocked, allocated)
        check_money(order)

    assert promotion_releases == (order.status in ("cancelled", "expired"))
    steps = [step.status for step in order.history if not step.event]
    assert len(steps) == len(set(steps))
    assert all(after in TRANSITIONS[one] for one, after in pairwise(steps))
    assert steps[-1] == order.status


def check_units(order, restocked, allocated) -> None:
    """The moved units match the order's lines and never exceed what it had."""
    for order_line in order.lines:
        sold = QUANTITIES[order_line.product_id]
        assert restocked[order_line.product_id] == order_line.returned <= sold
        assert allocated[order_line.product_id] == sum(order_line.allocations_json.values()) >= 0
        if order.status in BEFORE_SHIPPING:
            assert allocated[order_line.product_id] == sold - order_line.returned
        else:
            assert allocated[order_line.product_id] == 0


def check_money(order) -> None:
    received, refundable = balances.received_minor(order), balances.refundable_minor(order)
    assert received in (0, TOTAL_MINOR, 2 * TOTAL_MINOR)
    assert 0 <= refundable <= received
    if order.status in PAID:
        payment = balances.payment_or_empty(order)
        assert received or payment.status == "authorized" or balances.has_lost_authorization(order)
    if order.status == "pending_payment":
        assert received == 0
    if order.status in ("cancelled", "expired") and balances.provider_refundable_minor(order):
        # The provider's money is requested back automatically, so only a failed refund leaves some.
        assert any(refund.status == "failed" for refund in order.refunds)


@settings(max_examples=200, deadline=None)
@given(life=st.lists(DECISIONS, max_size=15), again=st.lists(DECISIONS, max_size=10))
def test_a_finished_order_never_changes_its_status(life, again):
    order = new_order()
    for decide in [*life, cancel_by_staff]:
        with suppress(AppError, PaymentMismatch):
            decide(order)
    assert order.status in FINISHED
    ended = order.status

    for decide in again:
        with suppress(AppError, PaymentMismatch):
            decide(order)

    assert order.status == ended
