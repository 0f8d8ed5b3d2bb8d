"""On moto: events of orders and accounts come late, twice and in any order; the inbox is judged."""

from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from orders.lifecycle import decisions, provider_events, shipping
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from shared import clock
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order, OrderPayment
from tests.support import email_fixtures, shop
from tests.support.email_fixtures import (
    ABOUT_ORDERS,
    build_event,
    order_placed_detail,
    sent_emails,
    user_registered,
)
from tests.support.events import published_events
from tests.support.fake_clock import FakeClock
from tests.support.mail_claims import false_claims
from tests.support.mail_worker import addresses, deliver

MAILED = {event.type for event in ABOUT_ORDERS}


@pytest.fixture(autouse=True)
def time(monkeypatch, aws) -> FakeClock:  # noqa: ARG001 (the tables must exist first)
    ahead = FakeClock()
    monkeypatch.setattr(clock, "utc_now", ahead)
    shop.user("usr_ada", email="ada@example.com", email_verified=True)
    return ahead


def place() -> None:
    shop.product("TEA", available=0)
    email_fixtures.sample_order(
        lines=[email_fixtures.line(product_id="prd_tea", quantity=2)],
        payment=OrderPayment(provider="local", payment_id="pay_one", status="started"),
        placed_at=clock.utc_now(),
        expires_at=clock.utc_now() + timedelta(minutes=30),
    ).save()


def paid(order):
    return provider_events.apply_capture(
        order, provider="local", payment_id="pay_one", amount_minor=2500
    )


def told_of_refund(order, *, status):
    (asked,) = [each for each in order.refunds if each.status != "failed"]
    return provider_events.apply_refund_update(
        order,
        payment_id="pay_one",
        refund_id=asked.refund_id,
        provider_refund_id="re_one",
        amount_minor=int(asked.amount_minor),
        status=status,
    )


def refunded(order, *, amount_minor):
    return decisions.refund(
        order, amount_minor, by="usr_staff", reason=None, key="k", fingerprint="f"
    )


shipped = partial(shipping.ship, tracking=Tracking("Royal Mail", "RM 123"), by="usr_staff")
delivered = partial(decisions.deliver, by="usr_staff")
cancelled = partial(decisions.cancel, by="usr_staff", is_staff=True, reason=None)
succeeds, fails = (partial(told_of_refund, status=status) for status in ("succeeded", "failed"))
resent = decisions.resend_confirmation
returned = partial(
    decisions.return_items,
    quantities={"prd_tea": 2},
    by="usr_staff",
    reason=None,
    key="k",
    fingerprint="f",
)


def expired(order):
    order.expires_at = clock.utc_now()
    return decisions.expire(order)


HISTORIES = {
    "paid and cancelled": [paid, cancelled, succeeds],
    "paid, shipped and delivered": [paid, shipped, delivered],
    "shipped and returned": [paid, shipped, returned],
    "shipped and cancelled": [paid, shipped, cancelled, fails],
    "partly refunded and shipped": [paid, partial(refunded, amount_minor=700), succeeds, shipped],
    "fully refunded": [paid, partial(refunded, amount_minor=None), succeeds],
    "refund reversed": [paid, partial(refunded, amount_minor=700), succeeds, fails],
    "cancelled unpaid": [resent, cancelled],
    "expired and paid late": [expired, paid, succeeds],
}


def take(steps, update=update_order):
    """Change the order step by step; return the mailed events that each step published."""
    known = {event.id for event in published_events()}
    for step in steps:
        update("ord_one", step)
        new = [event for event in published_events() if event.id not in known]
        known |= {event.id for event in new}
        yield [event for event in new if event.type in MAILED]


def deliver_and_judge(event, *, times=2) -> None:
    """Deliver the event; whatever is mailed must be true at that moment."""
    before = len(sent_emails())
    detail = event if isinstance(event, dict) else event.model_dump(mode="json")
    for _ in range(times):
        assert deliver(detail) == []
    mails = sent_emails()[before:]
    assert len(mails) <= 1
    order = Order.find("ord_one", consistent=True)
    for mail in mails:
        assert false_claims(f"{mail.subject} {mail.body}", order, clock.utc_now()) == []


@pytest.mark.parametrize("name", ["paid and cancelled", "shipped and returned"])
def test_late_events_in_any_order_send_nothing_false(name, time):
    place()
    events = [event for new in take(HISTORIES[name]) for event in new]
    time.advance(minutes=2)
    details = [order_placed_detail(), *(event.model_dump(mode="json") for event in events)]

    for number, order in enumerate(permutations(details)):
        for detail in order:
            deliver_and_judge(detail | {"id": f"{detail['id']}_{number}"}, times=1)


@pytest.mark.parametrize("lag", [1, 2, 3])
@pytest.mark.parametrize("steps", HISTORIES.values(), ids=HISTORIES.keys())
def test_events_that_lag_send_nothing_false(steps, lag, time):
    """Each event arrives this many changes of the order after its own."""
    place()
    waiting = [[order_placed_detail()], *[[]] * (lag - 1)]
    for new in take(steps):
        time.advance(minutes=2)
        waiting.append(new)
        for event in waiting.pop(0):
            deliver_and_judge(event)
    for events in waiting:
        for event in events:
            deliver_and_judge(event)


@pytest.mark.parametrize("steps", HISTORIES.values(), ids=HISTORIES.keys())
def test_an_event_in_time_sends_its_mail(steps):
    place()
    deliver_and_judge(order_placed_detail())
    expected = Counter(["order.placed"])
    for new in take(steps):
        for event in new:
            expected[event.type] += 1
            deliver_and_judge(event)

    assert len(sent_emails()) == expected.total()


def test_a_refund_sends_one_mail_however_often_it_is_reported():
    place()
    steps = [paid, partial(refunded, amount_minor=700), succeeds, succeeds, succeeds]

    for new in take(steps):
        for event in new:
            deliver_and_judge(event)

    assert [mail.subject for mail in sent_emails()] == [
        "Your order at Souk is paid (ord_one)",
        "Your refund of EUR 7.00 from Souk (ord_one)",
    ]


# Items that a stream may outrun


@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_a_young_event_without_its_order_is_redelivered(event, time):
    detail = event.model_dump(mode="json") | {"occurred_at": clock.utc_now().isoformat()}

    assert deliver(detail) == ["message-0"]
    time.advance(seconds=59)
    assert deliver(detail) == ["message-0"]
    time.advance(seconds=1)
    assert deliver(detail) == []
    assert sent_emails() == []


def test_an_order_that_appears_later_is_mailed(time):
    detail = order_placed_detail() | {"occurred_at": clock.utc_now().isoformat()}

    assert deliver(detail) == ["message-0"]
    place()
    time.advance(seconds=30)
    assert deliver(detail) == []

    assert addresses() == ["ada@example.com"]


def test_an_event_ahead_of_its_order_is_redelivered(time):
    place()
    detail = build_event("order.paid").model_dump(mode="json")
    detail |= {"occurred_at": clock.utc_now().isoformat()}

    assert deliver(detail) == ["message-0"]
    update_order("ord_one", paid)
    time.advance(seconds=30)
    assert deliver(detail) == []

    assert [mail.subject for mail in sent_emails()] == ["Your order at Souk is paid (ord_one)"]


def test_a_new_user_who_appears_later_is_welcomed(time):
    detail = user_registered("usr_new").model_dump(mode="json")
    detail |= {"occurred_at": clock.utc_now().isoformat()}

    assert deliver(detail) == ["message-0"]
    shop.user("usr_new", email="new@example.com")
    time.advance(seconds=30)
    assert deliver(detail) == []

    assert addresses() == ["new@example.com"]


def test_a_mail_for_a_user_who_never_existed_is_done_at_once():
    """A request for an unknown address stages the event of nobody."""
    detail = build_event("user.password_reset_requested", "usr_nobody").model_dump(mode="json")

    assert deliver(detail | {"occurred_at": clock.utc_now().isoformat()}) == []


# Accounts


def test_a_disabled_buyer_s_mail_has_no_link_to_a_login():
    place()
    User.find("usr_ada", consistent=True).update([User.status.set("disabled")])

    deliver(order_placed_detail())

    (mail,) = sent_emails()
    assert "Thank you for your order" in mail.body.replace("thank", "Thank")
    assert "https://" not in mail.body
    assert "See your order" not in mail.body


@pytest.mark.parametrize(
    "name", ["user.registered", "user.verification_requested", "user.password_reset_requested"]
)
def test_a_disabled_account_gets_no_link(name):
    User.find("usr_ada", consistent=True).update([User.status.set("disabled")])

    assert deliver(build_event(name).model_dump(mode="json")) == []

    assert sent_emails() == []


def test_an_event_that_was_not_mailed_stays_done():
    """The address is gone now; another one later belongs to another event."""
    detail = build_event("user.email_change_requested").model_dump(mode="json")
    assert deliver(detail) == []
    User.find("usr_ada", consistent=True).update([User.new_email.set("new@example.com")])

    assert deliver(detail) == []

    assert sent_emails() == []
