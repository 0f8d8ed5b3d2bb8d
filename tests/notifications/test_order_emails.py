"""Pure, except for the keys of guests' links: the text and the recipient of mails about orders."""

import re

import pytest

from notifications import emails, links
from notifications.relevance import Wording
from orders.guests import links as guest_links
from shared.events.all_events import OrderEvent
from shared.storage.models.orders import OrderPromotion, OrderStep, ShippingAddress
from tests.support import email_fixtures, shop
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


def test_a_confirmation_lists_items_and_prices():
    email = write_email(order_placed(), ada(email_verified=True))

    assert (email.to, email.subject) == ("ada@example.com", "Your order at Souk (ord_one)")
    for text in (email.text, Page(email.html).text):
        for fact in ("Ada Lovelace", "ord_one", "TEA-GREEN-100", "Green tea, 100 g"):
            assert fact in text
        for amount in ("EUR 12.50", "EUR 25.00"):
            assert amount in text


@pytest.mark.parametrize("status", ["pending_payment", "paid"])
def test_a_line_says_what_is_backordered(status):
    lines = [email_fixtures.line(backordered=1), email_fixtures.line(sku="OTHER")]

    email = write_email(
        order_placed(), order=email_fixtures.sample_order(lines=lines, status=status)
    )

    note = "Back-ordered: 1. Not in stock yet, so shipping takes longer."
    assert email.text.count(note) == Page(email.html).text.count(note) == 1


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_nothing_is_backordered_once_it_shipped(status):
    lines = [email_fixtures.line(backordered=1)]
    order = email_fixtures.sample_order(lines=lines, status=status)

    email = write_email(order_placed(), order=order)

    assert "Back-ordered" not in email.text + email.html


def test_every_line_has_the_order_s_currency():
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
SHIP_TO = (
    "Ship to:\n  Ada Lovelace\n  12 St James's Square\n  London\n  SW1Y 4JH\n  United Kingdom\n"
)


def test_a_text_has_a_line_for_each_item():
    assert write_email(order_placed(), ada(email_verified=True)).text == (
        "Hello Ada Lovelace,\n\nThank you for your order ord_one.\n"
        "It is not paid yet. We reserve the items for you until\n"
        "24 November 2026, 10:45 UTC. Please pay before then.\n\n"
        + PLAIN.replace("\nSee your", f"\n{SHIP_TO}\nSee your")
    )


def test_a_shipping_text_has_carrier_and_tracking_number():
    assert write_email(build_event("order.shipped")).text == (
        "Hello,\n\nWe have shipped your order ord_one.\n\n"
        "Carrier: Royal Mail\nTracking number: RM 123\n\n" + PLAIN
    )


@pytest.mark.parametrize(
    ("totals", "tax_included", "expected"),
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
        (
            {"discount_minor": 250, "total_minor": 2250},
            False,
            ["Items: EUR 25.00", "Discount: -EUR 2.50", "Total: EUR 22.50"],
        ),
        (
            {"tax_minor": 250, "total_minor": 2750},
            False,
            ["Items: EUR 25.00", "Tax: EUR 2.50", "Total: EUR 27.50"],
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
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_subtotals_are_shown_where_there_are_any(event, totals, tax_included, expected):
    order = email_fixtures.sample_order(
        totals=email_fixtures.totals(**totals), tax_included=tax_included
    )

    email = write_email(event, order=order)

    sums = [line for line in email.text.splitlines() if re.match("[A-Z][a-z ]+: -?EUR", line)]
    page = " ".join(Page(email.html).text.split())
    assert sums == expected
    assert " ".join(expected).replace(":", "") in page


@pytest.mark.parametrize(
    ("event", "subject", "said"),
    [
        (build_event("order.paid"), "Your order at Souk is paid (ord_one)", "is paid. Thank you!"),
        (build_event("order.shipped"), "Your order at Souk is on its way (ord_one)", "RM 123"),
        (
            build_event("order.cancelled"),
            "Your order at Souk was cancelled (ord_one)",
            "If you have paid for it, we will pay the money back to you.",
        ),
        (
            build_event("order.expired"),
            "Your order at Souk has expired (ord_one)",
            "did not receive a payment in time",
        ),
        (
            build_event("order.refunded"),
            "Your refund of EUR 25.00 from Souk (ord_one)",
            "This is everything that you paid.",
        ),
    ],
    ids=lambda event: getattr(event, "type", ""),
)
def test_a_buyer_reads_what_happened_to_the_order(event, subject, said):
    email = write_email(event)

    assert email.subject == subject
    for text in (email.text, Page(email.html).text):
        words = " ".join(text.split())
        assert "ord_one" in words
        assert said in words


def test_a_partial_refund_does_not_claim_to_be_full():
    event = build_event(
        "order.refunded", amount={"amount_minor": 700, "currency": "EUR"}, is_full=False
    )

    email = write_email(event)

    assert email.subject == "Your refund of EUR 7.00 from Souk (ord_one)"
    assert "everything that you paid" not in email.text + email.html


@pytest.mark.parametrize("wording", [Wording.AS_IS, Wording.ADAPTED])
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_a_subject_has_the_number_of_its_order(event, wording):
    """So that one search finds all mails about an order."""
    assert write_email(event, wording=wording).subject.endswith(" (ord_one)")


@pytest.mark.parametrize(
    ("orders", "named"),
    [
        (["ord_1", "ord_2"], "(ord_1, ord_2)"),
        (["ord_1", "ord_2", "ord_1"], "(ord_1, ord_2)"),
        (["ord_1", "ord_2", "ord_3"], "(ord_1, ord_2, ord_3)"),
        (["ord_1", "ord_2", "ord_3", "ord_4", "ord_5"], "(ord_1, ord_2, ord_3 and 2 more)"),
    ],
)
def test_a_subject_names_the_orders_of_a_joined_mail(orders, named):
    parts = [
        emails.build_part(
            build_event("order.paid", order_id=order_id),
            emails.Recipient("ada@example.com"),
            link=None,
            shop_name="Souk",
            order=email_fixtures.sample_order(order_id=order_id),
        )
        for order_id in orders
    ]

    email = emails.render_joined_email(parts, shop_name="Souk")

    assert email.subject == f"Your orders at Souk {named}"


@pytest.mark.parametrize("number", ["RM 123", None])
def test_a_shipment_without_a_number_has_no_line_for_one(number):
    email = write_email(build_event("order.shipped", tracking_number=number))

    for text in (email.text, Page(email.html).text):
        assert "Royal Mail" in text
        assert ("racking number" in text) is (number is not None)


def test_a_resent_confirmation_says_the_same():
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


def test_a_free_order_gets_no_mail_about_a_payment():
    order = email_fixtures.sample_order(
        totals=email_fixtures.totals(discount_minor=2500, total_minor=0)
    )

    assert emails.find_order_recipient(build_event("order.paid"), order, ada()) is None
    assert emails.find_order_recipient(build_event("order.placed"), order, ada()) is not None


def test_a_user_s_mail_has_the_address_as_its_country_writes_it():
    address = shop.ADDRESS | {"company": "Engines", "phone": "+44 20 7946 0958"}
    order = email_fixtures.sample_order(shipping_address=ShippingAddress(**address))

    email = write_email(order_placed(), ada(email_verified=True), order=order)

    lines = ["Ada Lovelace", "Engines", "12 St James's Square", "London", "SW1Y 4JH"]
    lines += ["United Kingdom", "+44 20 7946 0958"]
    assert "\n".join(["Ship to:", *(f"  {line}" for line in lines)]) in email.text
    assert " ".join(["Ship to:", *lines]) in " ".join(Page(email.html).text.split())


def test_a_mail_about_an_anonymized_order_has_no_address():
    nobody = ShippingAddress(name="", line1="", postal_code="", city="", country="GB")

    order = email_fixtures.sample_order(shipping_address=nobody)
    email = write_email(order_placed(), ada(email_verified=True), order=order)

    assert "Ship to" not in email.text + email.html


def test_a_mail_to_an_unconfirmed_address_has_no_address():
    """The text of the address could be a message to a stranger."""
    email = write_email(order_placed(), ada(email_verified=False))

    assert "Ship to" not in email.text + email.html


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_a_user_s_link_needs_a_login_and_a_guest_s_does_not(event):
    to_user, to_guest = write_email(event), write_email(event, order=guest_order())

    (users,) = set(Page(to_user.html).links)
    (guests,) = set(Page(to_guest.html).links)
    assert users == f"{SHOP_URL}/orders/ord_one"
    head, _, token = str(guests).partition("&token=")
    assert head == f"{SHOP_URL}/order?id=ord_one"
    guest_links.require_valid_token("ord_one", token)
    assert to_guest.to == "guest@example.com"
    for text in (to_guest.text, Page(to_guest.html).text):
        assert "for 90 days" in " ".join(text.split())
    assert "90 days" not in to_user.text + to_user.html


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event", ABOUT_ORDERS, ids=lambda event: event.type)
def test_a_guest_s_mail_has_no_text_that_the_buyer_entered(event):
    """The address is unconfirmed, so the text could be a message to a stranger."""
    evil = "Winner! Claim at https://evil.example"
    address = dict.fromkeys(
        ("name", "line1", "line2", "postal_code", "city", "region", "company"), evil
    )
    order = guest_order(
        shipping_address=ShippingAddress(country="GB", **address),
        promotion=OrderPromotion(code=evil),
        history=[OrderStep(status="cancelled", at=OCCURRED_AT, by="gst_one", reason=evil)],
    )

    email = write_email(event, order=order)

    assert "evil" not in email.subject + email.text + email.html
    assert email.text.startswith("Hello,\n\n")


@pytest.mark.parametrize(
    "name", sorted({*event_types(OrderEvent)} - {*event_types(emails.MailedOrderEvent)})
)
def test_internal_events_have_no_recipient(name):
    with pytest.raises(TypeError, match="no mail exists"):
        emails.get_recipient_id(build_event(name))


def test_an_order_s_mail_goes_to_its_current_owner():
    """The event may name the guest although the order has an owner by now."""
    event = build_event("order.paid", buyer_id="gst_one")
    own, claimed, nobodys = (
        guest_order(),
        email_fixtures.sample_order(),
        email_fixtures.sample_order(buyer_id="usr_deleted"),
    )

    to = [
        emails.find_order_recipient(event, own, None),
        emails.find_order_recipient(event, claimed, ada()),
    ]

    assert [recipient.address for recipient in to if recipient] == [
        "guest@example.com",
        "ada@example.com",
    ]
    assert emails.find_order_recipient(event, nobodys, None) is None


@pytest.mark.usefixtures("aws")
def test_repr_shows_no_guest_s_mail_and_no_link():
    email, link = (
        write_email(order_placed(), order=guest_order()),
        links.create_order_link(guest_order(), shop_url=SHOP_URL),
    )

    assert "token=" in email.text
    assert "token=" not in repr(email) + repr(link)
    assert "guest@" not in repr(emails.find_order_recipient(order_placed(), guest_order(), None))
