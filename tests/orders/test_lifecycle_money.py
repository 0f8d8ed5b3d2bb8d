"""Pure: payments and refunds of an order, in any order of the provider's reports."""

from functools import partial
from itertools import permutations

import pytest

from orders.lifecycle import balances, provider_events, refunds
from orders.lifecycle.effects import Effects
from orders.lifecycle.provider_events import PaymentMismatch
from orders.lifecycle.transitions import ENTRIES_MAX
from shared.errors.orders import OrderEntryLimitReached, RefundTooLarge
from shared.errors.requests import IdempotencyKeyReused
from tests.support.orders import (
    PAYMENT_ID,
    TOTAL_MINOR,
    authorized,
    cancel,
    cancel_by_staff,
    captured,
    deliver,
    event_types_of,
    expire,
    mark_paid_manually,
    new_order,
    refund,
    settle_refund,
    ship,
    start_payment,
    voided,
)

# A refund made in the provider's dashboard: the shop has not requested it.
refunded_at_provider = partial(
    provider_events.apply_refund_update,
    payment_id=PAYMENT_ID,
    refund_id=None,
    provider_refund_id="bank_1",
    amount_minor=TOTAL_MINOR,
    status="succeeded",
)


def balance_of(order):
    """Received, refunded, and still refundable."""
    return (
        balances.received_minor(order),
        balances.refunded_minor(order),
        balances.refundable_minor(order),
    )


def refunds_of(order):
    return [
        (int(refund.amount_minor), refund.status, bool(refund.is_manual))
        for refund in order.refunds
    ]


# Refunds


def test_partial_refunds_add_up_until_nothing_is_left():
    order = new_order(captured, ship)

    for number in range(3):
        refund(1000, f"key-{number}")(order)
        settle_refund()(order)

    assert balance_of(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)
    assert order.status == "refunded"
    assert [step.event for step in order.history if step.event] == [
        "refund_requested",
        "refunded",
        "refund_requested",
        "refunded",
        "refund_requested",
    ]
    with pytest.raises(RefundTooLarge) as refused:
        refund(1, "key-3")(order)
    assert refused.value.details == {"refundable_minor": 0, "currency": "EUR"}


def test_the_event_says_whether_the_refund_is_full():
    order = new_order(captured, refund(1000, "part"))
    (part,) = settle_refund()(order).events
    refund(None, "rest")(order)
    (rest,) = settle_refund()(order).events

    assert (part.data.amount.amount_minor, part.data.is_full) == (1000, False)
    assert (rest.data.amount.amount_minor, rest.data.is_full) == (2000, True)


def test_a_requested_refund_reduces_the_refundable_amount():
    order = new_order(captured, refund(2500))

    with pytest.raises(RefundTooLarge) as refused:
        refund(501, "key-2")(order)

    assert refused.value.details["refundable_minor"] == 500
    assert balance_of(order) == (TOTAL_MINOR, 0, 500)


def test_the_amount_of_a_failed_refund_can_be_refunded_again():
    order = new_order(captured, refund(), settle_refund("failed"))

    refund(None, "key-2")(order)
    settle_refund()(order)

    assert refunds_of(order) == [(TOTAL_MINOR, "failed", False), (TOTAL_MINOR, "succeeded", False)]
    assert (order.status, balance_of(order)) == ("refunded", (TOTAL_MINOR, TOTAL_MINOR, 0))


@pytest.mark.parametrize("status", ["succeeded", "failed"])
@pytest.mark.parametrize("left_minor", [None, 0, TOTAL_MINOR])
def test_a_late_refusal_changes_no_settled_refund(status, left_minor):
    """The provider made or failed the refund; another call of the same request was refused."""
    order = new_order(captured, cancel, settle_refund(status))
    (settled,) = order.refunds

    assert refunds.apply_refusal(order, settled, left_minor=left_minor) is None

    assert refunds_of(order) == [(TOTAL_MINOR, status, False)]


def test_a_refund_can_fail_after_success_and_be_repeated():
    order = new_order(captured, refund(), settle_refund())

    assert event_types_of(settle_refund("failed")(order)) == ["order.refund_failed"]
    assert event_types_of(refund(None, "key-2")(order)) == ["order.refund_requested"]
    assert (order.status, balance_of(order)) == ("refunded", (TOTAL_MINOR, 0, 0))


@pytest.mark.parametrize(
    ("statuses", "ends"),
    [
        (["requested", "succeeded"], "succeeded"),
        (["succeeded", "requested"], "succeeded"),
        (["requested", "failed"], "failed"),
        (["failed", "succeeded"], "failed"),
        (["failed", "requested"], "failed"),
        (["succeeded", "failed"], "failed"),
    ],
)
def test_refund_updates_count_once_in_any_order(statuses, ends):
    order = new_order(captured, refund(1000))

    for status in statuses:
        settle_refund(status)(order)
    steps = len(order.history)
    again = [settle_refund(status)(order) for status in statuses]

    assert order.refunds[0].status == ends
    assert again == [None] * len(statuses)
    assert len(order.history) == steps


@pytest.mark.parametrize("amount", [TOTAL_MINOR + 1, 10**12])
def test_a_refund_never_exceeds_what_was_received(amount):
    order = new_order(captured)

    with pytest.raises(RefundTooLarge):
        refund(amount)(order)

    assert order.refunds == []


@pytest.mark.parametrize("life", [(), (start_payment,), (authorized,), (authorized, ship)])
def test_nothing_is_refunded_before_it_is_received(life):
    order = new_order(*life)

    with pytest.raises(RefundTooLarge):
        refund()(order)


def test_a_key_of_a_different_refund_is_refused():
    order = new_order(captured, refund(100))

    with pytest.raises(IdempotencyKeyReused):
        refund(200)(order)


def test_client_keys_never_match_keys_of_automatic_refunds():
    """They would be one refund to the provider, and only one would be paid back."""
    order = new_order(captured, ship, refund(100, "cancelled by provider"))

    cancel_by_staff(order)

    assert len({refund.refund_id for refund in order.refunds}) == 2
    assert balance_of(order) == (TOTAL_MINOR, 0, 0)


def test_the_refund_limit_does_not_stop_automatic_refunds():
    order = new_order(captured)
    for number in range(ENTRIES_MAX):
        refund(1, f"key-{number}")(order)

    with pytest.raises(OrderEntryLimitReached):
        refund(1, "one more")(order)

    cancel(order)
    assert balances.refundable_minor(order) == 0


# Manual payments


def test_a_manual_payment_is_refunded_manually_at_once():
    order = new_order(mark_paid_manually, ship)

    assert event_types_of(refund(1000)(order)) == ["order.refunded"]
    assert refunds_of(order) == [(1000, "succeeded", True)]
    assert balance_of(order) == (TOTAL_MINOR, 1000, 2000)


def test_a_cancelled_manual_payment_awaits_a_manual_refund():
    order = new_order(mark_paid_manually)

    events_of_cancel = event_types_of(cancel(order))
    balance = balance_of(order)
    events_of_refund = event_types_of(refund()(order))

    assert events_of_cancel == ["order.cancelled", "order.manual_refund_required"]
    assert (balance, order.history[-2].event) == (
        (TOTAL_MINOR, 0, TOTAL_MINOR),
        "manual_refund_required",
    )
    assert events_of_refund == ["order.refunded"]
    assert (order.status, balance_of(order)) == ("cancelled", (TOTAL_MINOR, TOTAL_MINOR, 0))


def test_a_capture_beside_a_manual_payment_is_refunded():
    order = new_order(start_payment, mark_paid_manually)

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert event_types_of(settle_refund()(order)) == ["order.refunded"]
    assert (order.status, balance_of(order)) == (
        "paid",
        (2 * TOTAL_MINOR, TOTAL_MINOR, TOTAL_MINOR),
    )
    assert event_types_of(ship(order)) == ["order.shipped"]


def test_a_late_authorization_that_is_captured_is_refunded_too():
    order = new_order(start_payment, mark_paid_manually, authorized)

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert refunds_of(order) == [(TOTAL_MINOR, "requested", False)]


def test_a_capture_after_a_void_still_pays_the_order():
    order = new_order(authorized, voided)

    assert event_types_of(captured(order)) == []
    assert balance_of(order) == (TOTAL_MINOR, 0, TOTAL_MINOR)
    assert event_types_of(ship(order)) == ["order.shipped"]


def test_a_full_refund_takes_the_providers_money_first():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    refund(None, "key-1")(order)
    refund(None, "key-2")(order)

    assert refunds_of(order) == [
        (TOTAL_MINOR, "failed", False),
        (TOTAL_MINOR, "requested", False),
        (TOTAL_MINOR, "succeeded", True),
    ]


def test_an_order_paid_twice_is_refunded_through_both_channels():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    cancel(order)
    settle_refund(number=1)(order)

    assert balance_of(order) == (
        2 * TOTAL_MINOR,
        TOTAL_MINOR,
        TOTAL_MINOR,
    )  # the manual payment awaits a manual refund


def test_one_refund_uses_money_of_one_channel():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    with pytest.raises(RefundTooLarge) as refused:
        refund(TOTAL_MINOR + 1)(order)

    assert refused.value.details["refundable_minor"] == TOTAL_MINOR


# The provider's reports

FINISHING = {"cancelled": (cancel,), "expired": (expire,)}


@pytest.mark.parametrize("started", [(), (start_payment,)], ids=["unknown", "started"])
@pytest.mark.parametrize("finishing", list(FINISHING.values()), ids=list(FINISHING))
def test_a_late_payment_is_refunded_and_revives_no_order(started, finishing):
    order = new_order(*started, *finishing)
    was = order.status

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert event_types_of(settle_refund()(order)) == ["order.refunded"]
    assert (order.status, balance_of(order)) == (was, (TOTAL_MINOR, TOTAL_MINOR, 0))


@pytest.mark.parametrize("finishing", list(FINISHING.values()), ids=list(FINISHING))
def test_a_late_authorization_is_voided(finishing):
    order = new_order(start_payment, *finishing)

    assert event_types_of(authorized(order)) == ["order.void_requested"]
    assert voided(order).events == []
    assert balance_of(order) == (0, 0, 0)


def test_a_capture_after_cancelling_is_refunded():
    order = new_order(authorized, cancel)

    assert event_types_of(captured(order)) == ["order.refund_requested"]


REPORTS = {"authorized": authorized, "captured": captured, "refunded": refunded_at_provider}


@pytest.mark.parametrize("sequence", list(permutations(REPORTS)), ids=" ".join)
@pytest.mark.parametrize("finishing", [(), *FINISHING.values()], ids=["open", *FINISHING])
def test_repeated_reports_in_any_order_end_in_the_same_balance(sequence, finishing):
    """A refund is refused while its payment is unknown; the provider repeats the report."""
    order = new_order(start_payment, *finishing)
    is_open = not finishing

    for name in [*sequence, *sequence]:
        try:
            REPORTS[name](order)
        except PaymentMismatch:
            assert not balances.received_minor(order)

    if is_open:
        assert (order.status, balance_of(order)) == ("refunded", (TOTAL_MINOR, TOTAL_MINOR, 0))
    else:
        # The shop requested it too; the provider does not refund twice.
        assert refunds_of(order) == [
            (TOTAL_MINOR, "requested", False),
            (TOTAL_MINOR, "succeeded", False),
        ]
        settle_refund("failed", number=0)(order)
        assert balance_of(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)


@pytest.mark.parametrize("sequence", list(permutations(["authorized", "voided"])), ids=" ".join)
def test_a_voided_payment_stays_void(sequence):
    order = new_order(start_payment, expire)

    for name in [*sequence, *sequence]:
        {"authorized": authorized, "voided": voided}[name](order)

    assert (order.status, order.payment.status) == ("expired", "void")
    assert balance_of(order) == (0, 0, 0)


@pytest.mark.parametrize("report", [authorized, captured, voided])
def test_a_repeated_report_counts_once(report):
    order = new_order(start_payment)
    report(order)
    before = order.serialize()

    assert report(order) is None
    assert order.serialize() == before


def test_a_captured_payment_is_not_voided():
    order = new_order(captured)

    assert voided(order) is None
    assert balance_of(order) == (TOTAL_MINOR, 0, TOTAL_MINOR)


@pytest.mark.parametrize(
    ("tell", "code"),
    [
        (partial(authorized, payment_id="pay_2"), "unknown_payment"),
        (partial(captured, payment_id="pay_2"), "unknown_payment"),
        (partial(refunded_at_provider, payment_id="pay_2"), "unknown_payment"),
        (partial(refunded_at_provider, amount_minor=TOTAL_MINOR + 1), "amount_differs"),
        (
            partial(
                provider_events.apply_authorization,
                provider="bank",
                payment_id=PAYMENT_ID,
                amount_minor=TOTAL_MINOR - 1,
            ),
            "amount_differs",
        ),
        (
            partial(
                provider_events.apply_capture,
                provider="bank",
                payment_id=PAYMENT_ID,
                amount_minor=TOTAL_MINOR + 1,
            ),
            "amount_differs",
        ),
    ],
)
@pytest.mark.parametrize(
    "life", [(start_payment,), (captured,), (captured, ship, deliver), (start_payment, expire)]
)
def test_a_report_that_does_not_match_changes_nothing(life, tell, code):
    order = new_order(*life)
    before = order.serialize()

    with pytest.raises(PaymentMismatch) as mismatch:
        tell(order)

    assert mismatch.value.code == code
    assert order.serialize() == before


def test_a_refund_of_an_unknown_payment_is_refused():
    order = new_order()

    with pytest.raises(PaymentMismatch):
        refunded_at_provider(order)

    assert order.payment is None


def test_a_refund_made_at_the_provider_is_recorded_once():
    order = new_order(captured, ship, partial(refunded_at_provider, amount_minor=1000))

    assert refunded_at_provider(order, amount_minor=1000) is None
    assert refunds_of(order) == [(1000, "succeeded", False)]
    assert order.refunds[0].reason == "by_provider"


def test_refunds_that_cross_never_leave_a_negative_amount():
    order = new_order(captured, refund(2000), refunded_at_provider)

    assert balance_of(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)
    assert order.status == "refunded"


def test_refunds_above_the_received_amount_claim_all_of_it():
    order = new_order(captured, refund(2000))
    refunded_at_provider(order, amount_minor=2000, status="requested")

    assert balances.is_fully_claimed(order)


def test_an_update_finds_our_refund_by_its_id():
    order = new_order(captured, refund())
    (ours,) = order.refunds

    provider_events.apply_refund_update(
        order,
        payment_id=PAYMENT_ID,
        refund_id=ours.refund_id,
        provider_refund_id="bank_7",
        amount_minor=TOTAL_MINOR,
        status="succeeded",
    )

    assert (ours.status, ours.provider_refund_id) == ("succeeded", "bank_7")
    assert refunds.find_refund(order, ours.refund_id) is ours
    assert len(order.refunds) == 1


def test_a_voided_authorization_is_an_event_only_when_needed():
    assert event_types_of(voided(new_order(authorized))) == ["order.authorization_voided"]
    assert event_types_of(voided(new_order(authorized, ship))) == ["order.authorization_voided"]
    assert event_types_of(voided(new_order(authorized, cancel))) == []
    assert event_types_of(voided(new_order(mark_paid_manually, authorized))) == []
    assert event_types_of(voided(new_order(start_payment))) == []


def test_the_void_of_a_replaced_payment_is_ignored():
    order = new_order(
        start_payment,
        voided,
        partial(provider_events.start_payment, provider="bank", payment_id="pay_2"),
    )

    assert voided(order) is None
    assert balances.payment_or_empty(order).status == "started"


def test_an_update_finds_a_refund_by_the_providers_id():
    order = new_order(captured, refund(), settle_refund())

    again = refunded_at_provider(
        order, refund_id=None, provider_refund_id=f"bank_{order.refunds[0].refund_id}"
    )

    assert (again, balance_of(order)) == (None, (TOTAL_MINOR, TOTAL_MINOR, 0))


def test_a_refund_update_with_another_amount_changes_nothing():
    order = new_order(captured, refund(1000))
    before = order.serialize()

    with pytest.raises(PaymentMismatch) as mismatch:
        refunded_at_provider(order, refund_id=order.refunds[0].refund_id, amount_minor=1)

    assert (mismatch.value.code, order.serialize()) == ("amount_differs", before)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [("a", None, "a"), (None, "b", "b"), ("a", "b", "a"), (None, None, None)],
)
def test_effects_together_keep_the_first_incident(first, second, kept):
    effects = Effects(incident=first)

    effects.add(Effects(incident=second))

    assert effects.incident == kept
