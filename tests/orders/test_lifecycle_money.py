"""Pure: what was received for an order, in whatever order it was told, and what is paid back."""

from functools import partial
from itertools import permutations

import pytest

from orders.lifecycle import balances, provider_events, refunds
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

# Made in the provider's own pages: nobody has asked for it here.
refunded_there = partial(
    provider_events.refund_told,
    payment_id=PAYMENT_ID,
    refund_id=None,
    provider_refund_id="bank_1",
    amount_minor=TOTAL_MINOR,
    status="succeeded",
)


def books(order):
    """Received, paid back, and what could be asked back still."""
    return (
        balances.received_minor(order),
        balances.paid_back_minor(order),
        balances.refundable_minor(order),
    )


def asked(order):
    return [(int(it.amount_minor), it.status, bool(it.is_manual)) for it in order.refunds]


# Paying back


def test_it_is_paid_back_in_parts_until_nothing_is_left():
    order = new_order(captured, ship)

    for number in range(3):
        refund(1000, f"key-{number}")(order)
        settle_refund()(order)

    assert books(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)
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


def test_the_event_says_whether_all_is_paid_back():
    order = new_order(captured, refund(1000, "part"))
    (part,) = settle_refund()(order).events
    refund(None, "rest")(order)
    (rest,) = settle_refund()(order).events

    assert (part.data.amount.amount_minor, part.data.is_full) == (1000, False)
    assert (rest.data.amount.amount_minor, rest.data.is_full) == (2000, True)


def test_what_was_asked_for_is_not_there_to_be_asked_for_again_before_it_is_paid_back():
    order = new_order(captured, refund(2500))

    with pytest.raises(RefundTooLarge) as refused:
        refund(501, "key-2")(order)

    assert refused.value.details["refundable_minor"] == 500
    assert books(order) == (TOTAL_MINOR, 0, 500)


def test_a_refund_that_failed_leaves_its_amount_to_be_asked_for_again():
    order = new_order(captured, refund(), settle_refund("failed"))

    refund(None, "key-2")(order)
    settle_refund()(order)

    assert asked(order) == [(TOTAL_MINOR, "failed", False), (TOTAL_MINOR, "succeeded", False)]
    assert (order.status, books(order)) == ("refunded", (TOTAL_MINOR, TOTAL_MINOR, 0))


def test_a_refund_that_fails_after_it_succeeded_is_told_and_can_be_made_again():
    order = new_order(captured, refund(), settle_refund())

    assert event_types_of(settle_refund("failed")(order)) == ["order.refund_failed"]
    assert event_types_of(refund(None, "key-2")(order)) == ["order.refund_requested"]
    assert (order.status, books(order)) == ("refunded", (TOTAL_MINOR, 0, 0))


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
def test_whatever_is_told_of_a_refund_in_whatever_order_counts_once(statuses, ends):
    order = new_order(captured, refund(1000))

    for status in statuses:
        settle_refund(status)(order)
    steps = len(order.history)
    again = [settle_refund(status)(order) for status in statuses]

    assert order.refunds[0].status == ends
    assert again == [None] * len(statuses)
    assert len(order.history) == steps


@pytest.mark.parametrize("amount", [TOTAL_MINOR + 1, 10**12])
def test_more_than_was_received_is_never_paid_back(amount):
    order = new_order(captured)

    with pytest.raises(RefundTooLarge):
        refund(amount)(order)

    assert order.refunds == []


@pytest.mark.parametrize("life", [(), (start_payment,), (authorized,), (authorized, ship)])
def test_nothing_is_paid_back_before_it_is_received(life):
    order = new_order(*life)

    with pytest.raises(RefundTooLarge):
        refund()(order)


def test_a_key_that_has_asked_for_another_refund_is_refused():
    order = new_order(captured, refund(100))

    with pytest.raises(IdempotencyKeyReused):
        refund(200)(order)


def test_no_key_of_a_client_s_is_that_of_a_refund_that_nobody_asked_for():
    """They would be one refund to the provider, and only one would be paid back."""
    order = new_order(captured, ship, refund(100, "cancelled by provider"))

    cancel_by_staff(order)

    assert len({it.refund_id for it in order.refunds}) == 2
    assert books(order) == (TOTAL_MINOR, 0, 0)


def test_an_order_has_room_for_so_many_refunds_and_for_those_that_come_by_themselves():
    order = new_order(captured)
    for number in range(ENTRIES_MAX):
        refund(1, f"key-{number}")(order)

    with pytest.raises(OrderEntryLimitReached):
        refund(1, "one more")(order)

    cancel(order)
    assert balances.refundable_minor(order) == 0


# Paid by hand


def test_what_was_paid_by_hand_is_paid_back_by_hand_at_once():
    order = new_order(mark_paid_manually, ship)

    assert event_types_of(refund(1000)(order)) == ["order.refunded"]
    assert asked(order) == [(1000, "succeeded", True)]
    assert books(order) == (TOTAL_MINOR, 1000, 2000)


def test_cancelled_it_is_owed_until_staff_say_that_it_is_paid_back():
    order = new_order(mark_paid_manually)

    told_of_cancelling = event_types_of(cancel(order))
    owed = books(order)
    told_of_refund = event_types_of(refund()(order))

    assert told_of_cancelling == ["order.cancelled", "order.manual_refund_required"]
    assert (owed, order.history[-2].event) == (
        (TOTAL_MINOR, 0, TOTAL_MINOR),
        "manual_refund_required",
    )
    assert told_of_refund == ["order.refunded"]
    assert (order.status, books(order)) == ("cancelled", (TOTAL_MINOR, TOTAL_MINOR, 0))


def test_what_comes_in_beside_it_is_paid_back_by_the_provider():
    order = new_order(start_payment, mark_paid_manually)

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert event_types_of(settle_refund()(order)) == ["order.refunded"]
    assert (order.status, books(order)) == ("paid", (2 * TOTAL_MINOR, TOTAL_MINOR, TOTAL_MINOR))
    assert event_types_of(ship(order)) == ["order.shipped"]


def test_what_is_authorized_and_captured_beside_it_is_paid_back_too():
    order = new_order(start_payment, mark_paid_manually, authorized)

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert asked(order) == [(TOTAL_MINOR, "requested", False)]


def test_a_payment_that_was_taken_for_lost_is_the_order_s_if_it_comes_all_the_same():
    order = new_order(authorized, voided)

    assert event_types_of(captured(order)) == []
    assert books(order) == (TOTAL_MINOR, 0, TOTAL_MINOR)
    assert event_types_of(ship(order)) == ["order.shipped"]


def test_where_that_fails_all_that_is_left_is_first_what_the_provider_has():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    refund(None, "key-1")(order)
    refund(None, "key-2")(order)

    assert asked(order) == [
        (TOTAL_MINOR, "failed", False),
        (TOTAL_MINOR, "requested", False),
        (TOTAL_MINOR, "succeeded", True),
    ]


def test_paid_twice_and_cancelled_it_is_paid_back_twice():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    cancel(order)
    settle_refund(number=1)(order)

    assert books(order) == (
        2 * TOTAL_MINOR,
        TOTAL_MINOR,
        TOTAL_MINOR,
    )  # what was paid by hand is owed


def test_one_refund_is_of_money_that_came_in_one_way():
    order = new_order(start_payment, mark_paid_manually, captured, settle_refund("failed"))

    with pytest.raises(RefundTooLarge) as refused:
        refund(TOTAL_MINOR + 1)(order)

    assert refused.value.details["refundable_minor"] == TOTAL_MINOR


# What the provider tells

FINISHING = {"cancelled": (cancel,), "expired": (expire,)}


@pytest.mark.parametrize("begun", [(), (start_payment,)], ids=["unheard of", "begun"])
@pytest.mark.parametrize("finishing", list(FINISHING.values()), ids=list(FINISHING))
def test_what_is_paid_too_late_is_paid_back_and_revives_nothing(begun, finishing):
    order = new_order(*begun, *finishing)
    was = order.status

    assert event_types_of(captured(order)) == ["order.refund_requested"]
    assert event_types_of(settle_refund()(order)) == ["order.refunded"]
    assert (order.status, books(order)) == (was, (TOTAL_MINOR, TOTAL_MINOR, 0))


@pytest.mark.parametrize("finishing", list(FINISHING.values()), ids=list(FINISHING))
def test_what_is_authorized_too_late_is_let_go_of(finishing):
    order = new_order(start_payment, *finishing)

    assert event_types_of(authorized(order)) == ["order.void_requested"]
    assert voided(order).events == []
    assert books(order) == (0, 0, 0)


def test_what_was_authorized_and_captured_though_it_was_cancelled_is_paid_back():
    order = new_order(authorized, cancel)

    assert event_types_of(captured(order)) == ["order.refund_requested"]


TELLINGS = {"authorized": authorized, "captured": captured, "refunded": refunded_there}


@pytest.mark.parametrize("sequence", list(permutations(TELLINGS)), ids=" ".join)
@pytest.mark.parametrize("finishing", [(), *FINISHING.values()], ids=["open", *FINISHING])
def test_in_whatever_order_it_is_told_and_twice_the_books_are_the_same(sequence, finishing):
    """A refund is refused while nothing is known of its payment; the provider tells it again."""
    order = new_order(start_payment, *finishing)
    is_open = not finishing

    for name in [*sequence, *sequence]:
        try:
            TELLINGS[name](order)
        except PaymentMismatch:
            assert not balances.received_minor(order)

    if is_open:
        assert (order.status, books(order)) == ("refunded", (TOTAL_MINOR, TOTAL_MINOR, 0))
    else:
        # It was asked for here, too, and the provider will not do it twice.
        assert asked(order) == [
            (TOTAL_MINOR, "requested", False),
            (TOTAL_MINOR, "succeeded", False),
        ]
        settle_refund("failed", number=0)(order)
        assert books(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)


@pytest.mark.parametrize("sequence", list(permutations(["authorized", "voided"])), ids=" ".join)
def test_a_payment_that_was_let_go_of_never_comes_back(sequence):
    order = new_order(start_payment, expire)

    for name in [*sequence, *sequence]:
        {"authorized": authorized, "voided": voided}[name](order)

    assert (order.status, order.payment.status) == ("expired", "void")
    assert books(order) == (0, 0, 0)


@pytest.mark.parametrize("learn", [authorized, captured, voided])
def test_what_is_told_twice_counts_once(learn):
    order = new_order(start_payment)
    learn(order)
    before = order.serialize()

    assert learn(order) is None
    assert order.serialize() == before


def test_a_payment_that_was_captured_is_not_let_go_of():
    order = new_order(captured)

    assert voided(order) is None
    assert books(order) == (TOTAL_MINOR, 0, TOTAL_MINOR)


@pytest.mark.parametrize(
    ("tell", "code"),
    [
        (partial(authorized, payment_id="pay_2"), "unknown_payment"),
        (partial(captured, payment_id="pay_2"), "unknown_payment"),
        (partial(refunded_there, payment_id="pay_2"), "unknown_payment"),
        (partial(refunded_there, amount_minor=TOTAL_MINOR + 1), "amount_differs"),
        (
            partial(
                provider_events.authorized,
                provider="bank",
                payment_id=PAYMENT_ID,
                amount_minor=TOTAL_MINOR - 1,
            ),
            "amount_differs",
        ),
        (
            partial(
                provider_events.captured,
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
def test_what_does_not_fit_changes_nothing(life, tell, code):
    order = new_order(*life)
    before = order.serialize()

    with pytest.raises(PaymentMismatch) as misfit:
        tell(order)

    assert misfit.value.code == code
    assert order.serialize() == before


def test_a_refund_is_of_no_payment_that_the_order_never_had():
    order = new_order()

    with pytest.raises(PaymentMismatch):
        refunded_there(order)

    assert order.payment is None


def test_a_refund_made_at_the_provider_is_entered_once():
    order = new_order(captured, ship, partial(refunded_there, amount_minor=1000))

    assert refunded_there(order, amount_minor=1000) is None
    assert asked(order) == [(1000, "succeeded", False)]
    assert order.refunds[0].reason == "by_provider"


def test_two_refunds_that_cross_never_make_what_is_left_negative():
    order = new_order(captured, refund(2000), refunded_there)

    assert books(order) == (TOTAL_MINOR, TOTAL_MINOR, 0)
    assert order.status == "refunded"


def test_while_more_than_all_is_being_paid_back_it_is_not_shipped():
    order = new_order(captured, refund(2000))
    refunded_there(order, amount_minor=2000, status="requested")

    assert balances.is_being_paid_back(order)


def test_an_answer_about_our_refund_is_known_by_its_id():
    order = new_order(captured, refund())
    (ours,) = order.refunds

    provider_events.refund_told(
        order,
        payment_id=PAYMENT_ID,
        refund_id=ours.refund_id,
        provider_refund_id="bank_7",
        amount_minor=TOTAL_MINOR,
        status="succeeded",
    )

    assert (ours.status, ours.provider_refund_id) == ("succeeded", "bank_7")
    assert refunds.find(order, ours.refund_id) is ours
    assert len(order.refunds) == 1


def test_an_authorization_that_is_lost_is_told_only_while_somebody_counts_on_it():
    assert event_types_of(voided(new_order(authorized))) == ["order.authorization_voided"]
    assert event_types_of(voided(new_order(authorized, ship))) == ["order.authorization_voided"]
    assert event_types_of(voided(new_order(authorized, cancel))) == []
    assert event_types_of(voided(new_order(mark_paid_manually, authorized))) == []
    assert event_types_of(voided(new_order(start_payment))) == []


def test_that_a_payment_which_another_has_followed_is_void_is_no_news():
    order = new_order(
        start_payment, voided, partial(provider_events.begin, provider="bank", payment_id="pay_2")
    )

    assert voided(order) is None
    assert balances.payment_of(order).status == "started"


def test_a_refund_is_known_by_the_provider_s_own_id_too():
    order = new_order(captured, refund(), settle_refund())

    again = refunded_there(
        order, refund_id=None, provider_refund_id=f"bank_{order.refunds[0].refund_id}"
    )

    assert (again, books(order)) == (None, (TOTAL_MINOR, TOTAL_MINOR, 0))


def test_a_refund_of_another_amount_than_was_asked_for_changes_nothing():
    order = new_order(captured, refund(1000))
    before = order.serialize()

    with pytest.raises(PaymentMismatch) as misfit:
        refunded_there(order, refund_id=order.refunds[0].refund_id, amount_minor=1)

    assert (misfit.value.code, order.serialize()) == ("amount_differs", before)
