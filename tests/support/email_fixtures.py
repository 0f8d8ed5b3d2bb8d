"""E-mails: events and orders to write about, written e-mails, and those that SES received."""

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, get_args

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import Message

from notifications import emails, links
from notifications.relevance import Wording
from shared import clock
from shared.events.accounts import UserRegistered
from shared.events.all_events import AnyEvent, UserEvent, parse_event
from shared.events.files import UploadEvent
from shared.events.orders import OrderPlaced
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order, OrderLine, OrderTotals, ShippingAddress
from tests.support import shop
from tests.support.events import queue_event
from tests.support.http import sample

MARKUP = '<img src=x onerror=alert(1)> & "friends"'
OCCURRED_AT = datetime(2026, 11, 4, 9, 7, 30, tzinfo=UTC)
PLACED_AT = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)
SHOP_URL = "https://shop.example"
EUROS = {"amount_minor": 2500, "currency": "EUR"}


# Users and orders, not stored


def ada(**changes: Any) -> User:
    attributes = {
        "email": "ada@example.com",
        "new_email": "new@example.com",
        "previous_email": "old@example.com",
        "name": "Ada Lovelace",
        "created_at": clock.utc_now(),
    }
    return User("usr_ada", **attributes | changes)


def sample_order(**changes: Any) -> Order:
    """The order of the sample event."""
    attributes = {
        "order_id": "ord_one",
        "buyer_id": "usr_ada",
        "status": "pending_payment",
        "currency": "EUR",
        "lines": [line()],
        "totals": totals(),
        "shipping_address": ShippingAddress(**shop.ADDRESS),
        "history": [],
        "placed_at": PLACED_AT,
        "placed_month": f"{PLACED_AT:%Y-%m}",
        "awaits": "payment",
        "expires_at": PLACED_AT + timedelta(minutes=30),
        "fingerprint": "-",
        "version": 1,
    }
    return Order(**attributes | changes)


def guest_order(**changes: Any) -> Order:
    return sample_order(buyer_id="gst_one", guest_email="guest@example.com", **changes)


def line(**changes: Any) -> OrderLine:
    attributes = {
        "product_id": "prd_tea",
        "sku": "TEA-GREEN-100",
        "name": "Green tea, 100 g",
        "quantity": 2,
        "unit_price_minor": 1250,
        "line_total_minor": 2500,
    }
    return OrderLine(**attributes | changes)


def totals(**changes: int) -> OrderTotals:
    attributes = {
        "items_minor": 2500,
        "discount_minor": 0,
        "shipping_minor": 0,
        "tax_minor": 0,
        "total_minor": 2500,
    }
    return OrderTotals(**attributes | changes)


# Events


def build_event(event_type: str, user_id: str = "usr_ada", **changes: Any) -> AnyEvent:
    """An event of this type, with every fact that any event has."""
    facts = {
        "user_id": user_id,
        "access_epoch": 1,
        "session_id": "ses_one",
        "enabled": True,
        "key_id": "key_one",
        "order_id": "ord_one",
        "buyer_id": "gst_of_before",
        "previous_buyer_id": "usr_before",
        "total": EUROS,
        "currency": "EUR",
        "totals": dict.fromkeys(("items", "discount", "shipping", "tax", "total"), EUROS),
        "amount": EUROS,
        "refund_id": "rfd_one",
        "is_full": True,
        "dispute_id": "dp_one",
        "status": "needs_response",
        "reason": "fraudulent",
        "carrier": "Royal Mail",
        "tracking_number": "RM 123",
        "cancellation_id": "cnl_one",
        "lines": [],
        "upload_id": "upl_one",
        "filename": "spring.csv",
        "rows": 120,
        "written": 118,
        "rejected": 2,
        "archived": 3,
        "code": "stopped_at_error",
    }
    return parse_event({"type": event_type, "occurred_at": OCCURRED_AT, "data": facts | changes})


def event_types(union: Any = UserEvent) -> list[str]:
    """The types in a union of events. Tests that use it include every new event."""
    return [event.model_fields["type"].default for event in get_args(union)]


NOT_MAILED = {"user.deleted", "user.email_verified"}
ABOUT_ORDERS = [
    *(build_event(event_type) for event_type in event_types(emails.MailedOrderEvent)),
    build_event("order.shipped", tracking_number=None),
    build_event("order.refunded", is_full=False),
]
ABOUT_ACCOUNTS = [
    *(build_event(event_type) for event_type in event_types() if event_type not in NOT_MAILED),
    build_event("user.second_factor_changed", enabled=False),
    *(build_event(event_type) for event_type in event_types(UploadEvent)),
]
MAILED = ABOUT_ORDERS + ABOUT_ACCOUNTS
WITH_LINK = {
    "user.registered": "verify-email",
    "user.duplicate_registration_attempted": "reset-password",
    "user.verification_requested": "verify-email",
    "user.email_change_requested": "verify-email",
    "user.password_reset_requested": "reset-password",
}


def order_placed_detail() -> dict[str, Any]:
    """The order event of the sample."""
    (record,) = sample("notifications.send_emails")["Records"]
    detail: dict[str, Any] = json.loads(record["body"])["detail"]
    return detail


def order_placed(**changes: Any) -> OrderPlaced:
    return OrderPlaced.model_validate(order_placed_detail() | changes)


def user_registered(user_id: str = "usr_ada") -> UserRegistered:
    facts = {"user_id": user_id, "access_epoch": 1}
    return UserRegistered.model_validate({"id": "evt_registered", "data": facts})


def mail_queue_event(*details: Any) -> dict[str, Any]:
    """The sample event of the mail queue, with one message for each domain event."""
    return queue_event("notifications.send_emails", *details)


# Written and sent e-mails


def write_email(
    event: AnyEvent,
    user: User | None = None,
    *,
    order: Order | None = None,
    shop_name: str = "Souk",
    wording: Wording = Wording.AS_IS,
) -> emails.Email:
    """The e-mail about the event: to the user, or to the guest who placed the order."""
    link: links.Link | None
    if isinstance(event, emails.MailedOrderEvent):
        order = order or sample_order()
        buyer = None if order.guest_email else user or ada()
        to = emails.find_order_recipient(event, order, buyer)
        link = links.create_order_link(order, shop_url=SHOP_URL)
    else:
        to = emails.find_account_recipient(event, user or ada())
        link = links.create_account_link(event, user or ada(), to.address, shop_url=SHOP_URL)
    assert to is not None
    part = emails.build_part(
        event, to, link=link, shop_name=shop_name, order=order, wording=wording
    )
    return part.render_email()


class Page(HTMLParser):
    """The text, the tags and the links of an HTML page. Fails if tags are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.opened: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag not in ("meta", "br", "img"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sent_emails() -> list[Message]:
    """What moto's SES received: subject, addresses and HTML of each e-mail."""
    backend = get_backend("ses")[DEFAULT_ACCOUNT_ID]["eu-central-1"]
    messages: list[Message] = backend.sent_messages
    return messages
