"""Pure, but for the keys that sign a guest's link: what a mail about an order says, and to whom."""

import re

import pytest

from notifications import emails, links
from orders.guests import links as tokens
from shared.events.all_events import OrderEvent
from shared.storage.models.orders import OrderPromotion, OrderStep, ShippingAddress
from tests.support import email_fixtures
from tests.support.email_fixtures import (
    ABOUT_ORDERS,
    OCCURRED_AT,
    SHOP_URL,
    Page,
    ada,
    build_event,
    event_types,
    guest_order,
    order_placed,
    write_email,
)


def test_a_buyer_is_told_what_they_ordered_and_what_it_costs():
    email = write_email(order_placed(), ada(email_verified=True))

    assert (email.to, email.subject) == ("ada@example.com", "Your order at Souk")
    for text in (email.text, Page(email.html).text):
        for fact in ("Ada Lovelace", "ord_one", "TEA-GREEN-100", "Green tea, 100 g"):
            assert fact in text
        for amount in ("EUR 12.50", "EUR 25.00"):
            assert amount in text


def test_every_line_of_an_order_is_told_in_its_own_currency():
    lines = [email_fixtures.line(name=f"Tea {n}", line_total_minor=1000 + n) for n in range(50)]

    email = write_email(
        order_placed(), order=email_fixtures.sample_order(lines=lines, currency="JPY")
    )

    for n in range(50):
        assert f"Tea {n} (TEA-GREEN-100), JPY 1,250 each: JPY {1000 + n:,}\n" in email.text
        assert f"Tea {n}<br>" in email.html


PLAIN = (
    "  2 x Green tea, 100 g (TEA-GREEN-100), EUR 12.50 each: EUR 25.00\n"
    "\nTotal: EUR 25.00\n"
    "\nSee your order:\n\nhttps://shop.example/orders/ord_one\n"
    "\nSouk\n"
)


def test_a_text_has_a_line_for_each_thing_ordered():
    assert write_email(order_placed(), ada(email_verified=True)).text == (
        "Hello Ada Lovelace,\n\nthank you for your order ord_one.\n"
        "It is not paid yet. We keep its goods for you until\n24 November 2026, 10:45 UTC.\n\n"
        + PLAIN
    )


def test_a_text_about_a_parcel_has_what_finds_it():
    assert write_email(build_event("order.shipped")).text == (
        "Hello,\n\nyour order ord_one has left.\n\n"
        "Carrier: Royal Mail\nTracking number: RM 123\n\n" + PLAIN
    )


@pytest.mark.parametrize(
    ("totals", "tax_included", "told"),
    [
        ({}, False, ["Total: EUR 25.00"]),
        (
            {"discount_minor": 250, "shipping_minor": 490, "tax_minor": 548, "total_minor": 3288},
            False,
            [
                "Items: EUR 25.00",
                "Discount: -EUR 2.50",
                "Shipping: EUR 4.90",
                "Tax: EUR 5.48",
                "Total: EUR 32.88",
            ],
        ),
        ({"tax_minor": 399}, True, ["Total: EUR 25.00", "Tax included: EUR 3.99"]),
        (
            {"shipping_minor": 490, "tax_minor": 477, "total_minor": 2990},
            True,
            [
                "Items: EUR 25.00",
                "Shipping: EUR 4.90",
                "Total: EUR 29.90",
                "Tax included: EUR 4.77",
            ],
        ),
    ],
)
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda it: it.type)
def test_what_makes_up_the_total_is_told_where_there_is_any(event, totals, tax_included, told):
    order = email_fixtures.sample_order(
        totals=email_fixtures.totals(**totals), tax_included=tax_included
    )

    email = write_email(event, order=order)

    sums = [line for line in email.text.splitlines() if re.match("[A-Z][a-z ]+: -?EUR", line)]
    page = " ".join(Page(email.html).text.split())
    assert sums == told
    assert " ".join(told).replace(":", "") in page


@pytest.mark.parametrize(
    ("event", "subject", "said"),
    [
        (build_event("order.paid"), "Your order at Souk is paid", "is paid. Thank you!"),
        (build_event("order.shipped"), "Your order at Souk is on its way", "RM 123"),
        (
            build_event("order.cancelled"),
            "Your order at Souk was cancelled",
            "What was paid for it is paid back.",
        ),
        (build_event("order.expired"), "Your order at Souk has expired", "was not paid in time"),
        (
            build_event("order.refunded"),
            "Souk has paid EUR 25.00 back to you",
            "all that you had paid is paid back",
        ),
    ],
    ids=lambda it: getattr(it, "type", ""),
)
def test_a_buyer_is_told_what_became_of_their_order(event, subject, said):
    email = write_email(event)

    assert email.subject == subject
    for text in (email.text, Page(email.html).text):
        words = " ".join(text.split())
        assert "ord_one" in words
        assert said in words


def test_what_is_paid_back_in_part_is_not_told_as_all():
    event = build_event(
        "order.refunded", amount={"amount_minor": 700, "currency": "EUR"}, is_full=False
    )

    email = write_email(event)

    assert email.subject == "Souk has paid EUR 7.00 back to you"
    assert "all that you had paid" not in email.text + email.html


@pytest.mark.parametrize("number", ["RM 123", None])
def test_a_parcel_without_a_number_has_no_line_for_it(number):
    email = write_email(build_event("order.shipped", tracking_number=number))

    for text in (email.text, Page(email.html).text):
        assert "Royal Mail" in text
        assert ("racking number" in text) is (number is not None)


def test_a_confirmation_that_is_sent_again_says_the_same():
    assert write_email(build_event("order.confirmation_requested")) == write_email(
        build_event("order.placed")
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "It is not paid yet"),
        ({"status": "paid", "awaits": None, "expires_at": None}, None),
        (
            {
                "status": "paid",
                "awaits": None,
                "expires_at": None,
                "totals": email_fixtures.totals(discount_minor=2500, total_minor=0),
            },
            "There is nothing to pay",
        ),
    ],
)
def test_a_confirmation_says_what_is_left_to_pay(changes, said):
    text = write_email(order_placed(), order=email_fixtures.sample_order(**changes)).text

    for sentence in ("It is not paid yet", "There is nothing to pay"):
        assert (sentence in text) is (sentence == said)


def test_what_was_nothing_to_pay_has_no_mail_that_it_is_paid():
    order = email_fixtures.sample_order(
        totals=email_fixtures.totals(discount_minor=2500, total_minor=0)
    )

    assert emails.buyer(build_event("order.paid"), order, ada()) is None
    assert emails.buyer(build_event("order.placed"), order, ada()) is not None


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda it: it.type)
def test_a_user_is_led_to_their_orders_and_a_guest_to_one_that_opens_by_itself(event):
    to_user, to_guest = write_email(event), write_email(event, order=guest_order())

    (users,) = set(Page(to_user.html).links)
    (guests,) = set(Page(to_guest.html).links)
    assert users == f"{SHOP_URL}/orders/ord_one"
    head, _, token = str(guests).partition("&token=")
    assert head == f"{SHOP_URL}/order?id=ord_one"
    tokens.require("ord_one", token)
    assert to_guest.to == "guest@example.com"
    for text in (to_guest.text, Page(to_guest.html).text):
        assert "for 90 days" in " ".join(text.split())
    assert "90 days" not in to_user.text + to_user.html


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda it: it.type)
def test_a_guest_s_mail_has_no_word_that_whoever_ordered_chose(event):
    """Nobody has confirmed the address: it would be a way to write to strangers."""
    evil = "Winner! Claim at https://evil.example"
    address = dict.fromkeys(("name", "line1", "line2", "postal_code", "city", "region"), evil)
    order = guest_order(
        shipping_address=ShippingAddress(country="GB", **address),
        promotion=OrderPromotion(code=evil),
        history=[OrderStep(status="cancelled", at=OCCURRED_AT, by="gst_one", reason=evil)],
    )

    email = write_email(event, order=order)

    assert "evil" not in email.subject + email.text + email.html
    assert email.text.startswith("Hello,\n\n")


@pytest.mark.parametrize(
    "name", sorted({*event_types(OrderEvent)} - {*event_types(emails.AboutBuyersOrder)})
)
def test_what_is_the_shop_s_own_is_mailed_to_nobody(name):
    with pytest.raises(TypeError, match="mailed to nobody"):
        emails.recipient_id(build_event(name))


def test_an_order_s_mail_goes_to_whose_it_is_now():
    """The event may have the guest's id still, and the order an owner."""
    event = build_event("order.paid", buyer_id="gst_one")
    own, claimed, nobodys = (
        guest_order(),
        email_fixtures.sample_order(),
        email_fixtures.sample_order(buyer_id="usr_deleted"),
    )

    to = [emails.buyer(event, own, None), emails.buyer(event, claimed, ada())]

    assert [it.mailbox for it in to if it] == ["guest@example.com", "ada@example.com"]
    assert emails.buyer(event, nobodys, None) is None


@pytest.mark.usefixtures("aws")
def test_a_guest_s_mail_and_its_link_do_not_show_when_printed():
    email, link = (
        write_email(order_placed(), order=guest_order()),
        links.to_order(guest_order(), shop_url=SHOP_URL),
    )

    assert "token=" in email.text
    assert "token=" not in repr(email) + repr(link)
    assert "guest@" not in repr(emails.buyer(order_placed(), guest_order(), None))
