"""Mails as they are written, without anyone to send them, and what they happened to be about."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, get_args

from notifications import emails, links
from shared import clock
from shared.events.all_events import AnyEvent, UserEvent, parse_event
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order
from tests.support import mail

MARKUP = '<img src=x onerror=alert(1)> & "friends"'
WHEN = datetime(2026, 11, 4, 9, 7, 30, tzinfo=UTC)
SHOP = "https://shop.example"
EUROS = {"amount_minor": 2500, "currency": "EUR"}


def ada(**changes) -> User:
    facts = {
        "email": "ada@example.com",
        "new_email": "new@example.com",
        "previous_email": "old@example.com",
        "name": "Ada Lovelace",
        "created_at": clock.utc_now(),
    }
    return User("usr_ada", **facts | changes)


def happened(event_type: str, user_id: str = "usr_ada", **facts: Any) -> AnyEvent:
    about = {
        "user_id": user_id,
        "access_epoch": 1,
        "session_id": "ses_one",
        "enabled": True,
        "key_id": "key_one",
        "order_id": "ord_one",
        "buyer_id": "gst_of_before",
        "total": EUROS,
        "amount": EUROS,
        "refund_id": "rfd_one",
        "is_full": True,
        "carrier": "Royal Mail",
        "tracking_number": "RM 123",
        "lines": [],
    }
    return parse_event({"type": event_type, "occurred_at": WHEN, "data": about | facts})


def types(union: Any = UserEvent) -> list[str]:
    """Of all events about users, or those, so that a new one is not forgotten here."""
    return [it.model_fields["type"].default for it in get_args(union)]


TOLD_NOBODY = {"user.deleted", "user.email_verified"}
ABOUT_ORDERS = [
    *(happened(name) for name in types(emails.MailedOrderEvent)),
    happened("order.shipped", tracking_number=None),
    happened("order.refunded", is_full=False),
]
ABOUT_ACCOUNTS = [
    *(happened(name) for name in types() if name not in TOLD_NOBODY),
    happened("user.second_factor_changed", enabled=False),
]
MAILED = ABOUT_ORDERS + ABOUT_ACCOUNTS
WITH_LINK = {
    "user.registered": "verify-email",
    "user.duplicate_registration_attempted": "reset-password",
    "user.verification_requested": "verify-email",
    "user.email_change_requested": "verify-email",
    "user.password_reset_requested": "reset-password",
}


def write(event, user=None, *, order=None, shop_name="Souk") -> emails.Email:
    """To that user, or to the guest whose order it is."""
    if isinstance(event, emails.MailedOrderEvent):
        order = order or mail.order()
        to = emails.find_order_recipient(event, order, None if order.guest_email else user or ada())
        link = links.create_order_link(order, shop_url=SHOP)
    else:
        to = emails.find_account_recipient(event, user or ada())
        link = links.create_account_link(event, user or ada(), to.address, shop_url=SHOP)
    assert to is not None
    return emails.render_email(event, to, link=link, shop_name=shop_name, order=order)


def guest_s(**changes: Any) -> Order:
    return mail.order(buyer_id="gst_one", guest_email="guest@example.com", **changes)


class Page(HTMLParser):
    """The text of a page, the tags it is made of and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.opened: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag not in ("meta", "br", "img"):
            self.opened.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data
