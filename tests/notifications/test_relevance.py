"""Pure: how the mail of each event is written for each state of the order or account."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from notifications import emails, links, relevance
from notifications.relevance import Wording
from shared.storage.models.orders import OrderDispute, OrderPayment, OrderRefund, OrderStep
from tests.support import email_fixtures
from tests.support.email_fixtures import (
    ABOUT_ACCOUNTS,
    ABOUT_ORDERS,
    PLACED_AT,
    SHOP_URL,
    Page,
    ada,
    build_event,
)
from tests.support.mail_claims import CLAIMS, false_claims

AS_IS, ADAPTED, NO, EARLY = Wording
NOW = PLACED_AT + timedelta(minutes=10)  # the time to pay is 30 minutes
STATUSES = [
    *["pending_payment", "paid", "partially_shipped", "shipped", "delivered"],
    *["cancelled", "expired", "refunded"],
]


def payment(status="captured", *, captured=2500, manual=0):
    return OrderPayment(status=status, captured_minor=captured, manual_minor=manual)


def refund(status, amount=2500, refund_id="rfd_one"):
    return OrderRefund(
        refund_id=refund_id, amount_minor=amount, status=status, by="usr_staff", at=PLACED_AT
    )


def dispute(status):
    return OrderDispute(
        dispute_id="dp_one",
        amount_minor=2500,
        status=status,
        reason="fraudulent",
        reported_at=PLACED_AT,
    )


def order(status, **changes):
    awaits = {} if status == "pending_payment" else {"awaits": None, "expires_at": None}
    return email_fixtures.sample_order(status=status, **awaits | changes)


def returned(status, *quantities, **changes):
    """An order of two units of which some came back while it had this status."""
    lines = [email_fixtures.line(quantity=2, returned=sum(quantities))]
    steps = [
        OrderStep(status=status, event="returned", at=PLACED_AT, by="usr_staff") for _ in quantities
    ]
    return {"lines": lines, "history": steps} | changes


BY_STATUS = {
    "order.placed": [AS_IS, AS_IS, AS_IS, AS_IS, AS_IS, NO, NO, NO],
    "order.confirmation_requested": [AS_IS, AS_IS, AS_IS, AS_IS, AS_IS, NO, NO, NO],
    "order.paid": [EARLY, AS_IS, ADAPTED, ADAPTED, ADAPTED, NO, NO, NO],
    "order.partially_shipped": [EARLY, EARLY, AS_IS, AS_IS, ADAPTED, NO, NO, NO],
    "order.shipped": [EARLY, EARLY, EARLY, AS_IS, ADAPTED, NO, NO, NO],
    "order.partially_cancelled": [EARLY, AS_IS, AS_IS, AS_IS, AS_IS, NO, NO, NO],
    "order.address_changed": [AS_IS, AS_IS, AS_IS, AS_IS, AS_IS, NO, NO, NO],
    "order.buyer_changed": [AS_IS, AS_IS, AS_IS, AS_IS, AS_IS, NO, NO, NO],
    "order.cancelled": [EARLY, EARLY, EARLY, EARLY, EARLY, AS_IS, NO, NO],
    "order.expired": [EARLY, NO, NO, NO, NO, NO, AS_IS, NO],
    "order.refunded": [AS_IS] * 8,
}


@pytest.mark.parametrize(
    ("name", "status", "wording"),
    [
        (name, status, wording)
        for name, wordings in BY_STATUS.items()
        for status, wording in zip(STATUSES, wordings, strict=True)
    ],
)
def test_the_status_decides_how_a_mail_is_written(name, status, wording):
    refunds = [refund("succeeded")] if name == "order.refunded" else []
    stored = order(status, refunds=refunds)

    assert relevance.choose_order_wording(build_event(name), stored, NOW) is wording


LATE = {"expires_at": NOW}


def given_to(*buyers):
    """Staff gave the order to these buyers, one after another."""
    facts = {"status": "pending_payment", "event": "buyer_changed", "at": PLACED_AT}
    return {"history": [OrderStep(**facts, by="usr_staff", buyer_id=each) for each in buyers]}


HALF, WHOLE, ASKED = [refund("succeeded", 700)], [refund("succeeded")], [refund("requested")]
FINER = [
    ("order.placed", "pending_payment", LATE, ADAPTED),
    ("order.confirmation_requested", "pending_payment", LATE, ADAPTED),
    ("order.paid", "paid", {"payment": payment()}, AS_IS),
    ("order.paid", "paid", {"payment": payment("authorized", captured=0)}, AS_IS),
    ("order.paid", "paid", {"payment": payment("void", captured=0)}, NO),
    ("order.paid", "shipped", {"payment": payment("void", captured=0)}, NO),
    ("order.paid", "paid", {"payment": payment("void", captured=0, manual=2500)}, AS_IS),
    ("order.paid", "paid", {"payment": payment(), "refunds": HALF}, AS_IS),
    ("order.paid", "paid", {"payment": payment(), "refunds": ASKED}, NO),
    ("order.paid", "paid", {"payment": payment(), "refunds": [refund("failed")]}, AS_IS),
    ("order.paid", "shipped", {"payment": payment(), "refunds": WHOLE}, NO),
    ("order.paid", "paid", {"payment": payment(), "disputes": [dispute("needs_response")]}, AS_IS),
    ("order.paid", "paid", {"payment": payment(), "disputes": [dispute("lost")]}, NO),
    ("order.paid", "paid", {"payment": payment(manual=2500), "refunds": WHOLE}, AS_IS),
    ("order.shipped", "shipped", returned("paid", 1), AS_IS),
    ("order.shipped", "shipped", returned("shipped", 1), ADAPTED),
    ("order.shipped", "delivered", returned("delivered", 1), ADAPTED),
    ("order.shipped", "shipped", returned("shipped", 1, 1), NO),
    ("order.buyer_changed", "pending_payment", given_to("gst_of_before"), AS_IS),
    ("order.buyer_changed", "pending_payment", given_to("gst_of_before") | LATE, ADAPTED),
    ("order.buyer_changed", "pending_payment", given_to("gst_of_before", "usr_bob"), NO),
    ("order.buyer_changed", "paid", given_to("usr_bob", "gst_of_before"), AS_IS),
    ("order.cancelled", "cancelled", {"payment": payment()}, AS_IS),
    ("order.cancelled", "cancelled", {"payment": payment(), "refunds": HALF}, AS_IS),
    ("order.cancelled", "cancelled", {"payment": payment(), "refunds": ASKED}, AS_IS),
    ("order.cancelled", "cancelled", {"payment": payment(), "refunds": WHOLE}, ADAPTED),
    (
        "order.cancelled",
        "cancelled",
        {"payment": payment(manual=2500), "refunds": [refund("succeeded", 9900)]},
        AS_IS,  # the provider paid back too much, and staff nothing yet
    ),
    ("order.cancelled", "cancelled", {"payment": payment("void", captured=0)}, AS_IS),
    ("order.expired", "expired", {"payment": payment("started", captured=0)}, AS_IS),
    ("order.expired", "expired", {"payment": payment(), "refunds": ASKED}, ADAPTED),
    ("order.expired", "expired", {"payment": payment(), "refunds": WHOLE}, ADAPTED),
    ("order.refunded", "paid", {"payment": payment(), "refunds": [refund("failed")]}, NO),
    ("order.refunded", "paid", {"payment": payment(), "refunds": ASKED}, EARLY),
    (
        "order.refunded",
        "cancelled",
        {"payment": payment(manual=2500), "refunds": WHOLE},
        ADAPTED,  # more was received since, so this refund is not everything
    ),
]


@pytest.mark.parametrize(("name", "status", "changes", "wording"), FINER)
def test_money_time_and_returns_refine_the_wording(name, status, changes, wording):
    stored = order(status, **changes)

    assert relevance.choose_order_wording(build_event(name), stored, NOW) is wording


def test_every_mailed_order_event_is_in_the_table():
    assert {event.type for event in ABOUT_ORDERS} == BY_STATUS.keys()


def all_orders():
    payments = [
        None,
        payment("authorized", captured=0),
        payment("void", captured=0),
        payment(),
        payment(manual=2500),
    ]
    refunds = [
        [],
        ASKED,
        HALF,
        WHOLE,
        [refund("failed")],
        [refund("succeeded", 1800), refund("succeeded", 700, "rfd_two")],
    ]
    for status, paid, paid_back in product(STATUSES, payments, refunds):
        yield order(status, payment=paid, refunds=paid_back)
        yield order(status, payment=paid, refunds=paid_back, disputes=[dispute("lost")])
        if status in ("shipped", "delivered"):
            yield order(status, payment=paid, refunds=paid_back, **returned("shipped", 1))
            yield order(status, payment=paid, refunds=paid_back, **returned("shipped", 1, 1))
    free = email_fixtures.totals(discount_minor=2500, total_minor=0)
    yield from (order(status, totals=free) for status in STATUSES)


@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_no_mail_says_what_is_not_so(event):
    said = set()
    for stored, now in product(all_orders(), [NOW, NOW + timedelta(hours=1)]):
        wording = relevance.choose_order_wording(event, stored, now)
        to = emails.find_order_recipient(event, stored, ada())
        if wording in (NO, EARLY) or to is None:
            continue
        email = emails.build_part(
            event,
            to,
            link=links.create_order_link(stored, shop_url=SHOP_URL),
            shop_name="Souk",
            order=stored,
            wording=wording,
        ).render_email()
        for text in (email.subject, email.text, Page(email.html).text):
            assert false_claims(text, stored, now) == [], (stored.serialize(), text)
        said.add(email.text)

    assert said


def test_the_oracle_refuses_what_is_not_so():
    """Every claim is in a template, and is false of some order."""
    folder = Path(emails.__file__).parent / "templates"
    templates = " ".join(" ".join(file.read_text().split()) for file in folder.iterdir())
    for claim in CLAIMS:
        sentence = claim.partition("|")[0].replace("\\.", ".").removesuffix(" ?$")
        assert sentence.lower() in templates.lower(), claim
        assert any(false_claims(sentence, stored, NOW) for stored in all_orders()), claim


# Accounts


LINKED = [
    "user.registered",
    "user.duplicate_registration_attempted",
    "user.verification_requested",
    "user.email_change_requested",
    "user.password_reset_requested",
]
NOTICES = [
    "user.password_changed",
    "user.second_factor_changed",
    "api_key.created",
    "session.reuse_detected",
]
ACTIVE, DISABLED, VERIFIED = {}, {"status": "disabled"}, {"email_verified": True}
ACCOUNT_TABLE = [
    *((name, ACTIVE, AS_IS) for name in LINKED),
    *((name, DISABLED, NO) for name in LINKED),
    *((name, VERIFIED, AS_IS) for name in LINKED if name != "user.verification_requested"),
    ("user.verification_requested", VERIFIED, NO),
    *((name, {"second_factor": True}, AS_IS) for name in NOTICES),
    *((name, {"second_factor": True} | DISABLED, ADAPTED) for name in NOTICES),
    ("user.second_factor_changed", {"second_factor": False}, ADAPTED),
    ("user.email_changed", ACTIVE, AS_IS),
    ("user.email_changed", DISABLED, AS_IS),
]


@pytest.mark.parametrize(("name", "changes", "wording"), ACCOUNT_TABLE)
def test_the_account_decides_how_a_mail_is_written(name, changes, wording):
    assert relevance.choose_account_wording(build_event(name), ada(**changes)) is wording


def write(event, user):
    to = emails.find_account_recipient(event, user)
    assert to is not None
    return emails.build_part(
        event,
        to,
        link=links.create_account_link(event, user, to.address, shop_url=SHOP_URL),
        shop_name="Souk",
        user=user,
        wording=relevance.choose_account_wording(event, user),
    ).render_email()


@pytest.mark.parametrize("name", [*NOTICES, "user.email_changed"])
def test_a_disabled_account_gets_no_advice_that_fails(name):
    """It cannot log in, and gets no link to reset its password."""
    email = write(build_event(name), ada(status="disabled", second_factor=True))

    for text in (email.text, Page(email.html).text):
        words = " ".join(text.split())
        assert "forgot password" not in words
        assert "log in again" not in words
        assert "write to Souk" in words
        assert "4 November 2026, 09:07 UTC" in words


@pytest.mark.parametrize("enabled", [True, False])
def test_a_late_notice_of_a_second_factor_says_what_changed(enabled):
    email = write(
        build_event("user.second_factor_changed", enabled=enabled), ada(second_factor=not enabled)
    )

    for text in (email.text, Page(email.html).text):
        words = " ".join(text.split())
        assert "From now on" not in words
        assert f"It was turned {'off' if enabled else 'on'} again later." in words


@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
def test_a_text_of_any_account_is_complete(event):
    for status, second_factor in product(("active", "disabled"), (True, False)):
        user = ada(status=status, second_factor=second_factor)
        email = write(event, user)
        assert "\n\n\n" not in email.text
        assert email.text.endswith("\n\nSouk\n")
        assert all(len(line) <= 80 for line in email.text.splitlines() if "http" not in line)
        assert Page(email.html).opened == []


def test_a_last_partial_refund_does_not_claim_all_the_money():
    event = build_event("order.refunded", amount={"amount_minor": 1800, "currency": "EUR"})
    two = [refund("succeeded", 1800), refund("succeeded", 700, "rfd_two")]
    to = emails.find_order_recipient(event, order("refunded"), ada())

    email = emails.build_part(
        event,
        to,
        link=None,
        shop_name="Souk",
        order=order("refunded", payment=payment(), refunds=two),
    ).render_email()

    for text in (email.text, Page(email.html).text):
        assert "With earlier refunds, this is everything that you paid." in " ".join(text.split())


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({"payment": None}, True),
        ({"payment": payment()}, True),
        ({"payment": payment(), "refunds": [refund("succeeded", 2499)]}, True),
        ({"payment": payment(), "refunds": [refund("requested")]}, True),
        ({"payment": payment(), "refunds": [refund("succeeded")]}, False),
        ({"payment": payment(), "disputes": [dispute("lost")]}, False),
        ({"payment": payment(), "disputes": [dispute("won")]}, True),
    ],
)
def test_a_refund_is_due_of_what_the_shop_still_has(changes, is_due):
    assert relevance.is_refund_due(order("cancelled", **changes)) is is_due
