"""The mail for each event: its recipient, its subject, its text and its HTML.

Pure, except that it reads the templates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from notifications import parcels, relevance
from notifications.links import Link
from notifications.order_summary import summarize_order
from notifications.relevance import Wording
from shared.events.accounts import (
    AccessData,
    EmailChanged,
    EmailChangeRequested,
    EmailVerified,
    UserData,
    UserDeleted,
)
from shared.events.all_events import AnyEvent
from shared.events.orders import (
    ConfirmationRequested,
    OrderAddressChanged,
    OrderBuyerChanged,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPartiallyCancelled,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from shared.records import Record
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order

# The events of orders that the buyer gets a mail about.
MailedOrderEvent = (
    OrderPlaced
    | ConfirmationRequested
    | OrderPaid
    | OrderPartiallyShipped
    | OrderShipped
    | OrderPartiallyCancelled
    | OrderAddressChanged
    | OrderBuyerChanged
    | OrderCancelled
    | OrderExpired
    | OrderRefunded
)
_TEMPLATES = Path(__file__).parent / "templates"
_TEMPLATE_NAMES = {"order.confirmation_requested": "order.placed"}  # repeats that mail

JOINED = "joined"  # the templates of a mail about several events
SUBJECT_IDS_MAX = 3  # more make a subject that no mail program shows


class Recipient(Record):
    address: str = field(repr=False)
    # None for an unconfirmed address: the name may be a message from a stranger who entered it.
    name: str | None = field(default=None, repr=False)


class Email(Record):
    to: str
    subject: str
    text: str = field(repr=False)  # a link in it can be as powerful as a password
    html: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Draft(Record):
    """A mail that is due, before it is written and has a link.

    `order` or `user` is what the event is about, as it is now. An order of a user has both.
    """

    event: AnyEvent
    to: Recipient
    wording: Wording
    order: Order | None = None
    user: User | None = None


def get_recipient_id(event: AnyEvent) -> str:
    """The user whom the event is about. Raises TypeError if it is about no user."""
    if isinstance(event.data, UserData):
        return event.data.user_id
    raise TypeError(f"no mail exists for {event.type}")


def find_account_recipient(event: AnyEvent, user: User) -> Recipient | None:
    """Where the mail about an account goes; None if there is no such mail or address.

    The new address confirms a change and the old address is notified, because an attacker in
    control of the account reads the current address. A request from before all sessions ended is
    void: the owner may have ended them to lock out the attacker who made it.
    """
    if isinstance(event.data, AccessData) and event.data.access_epoch != user.access_epoch:
        return None
    match event:
        case EmailChangeRequested():
            return _recipient_at(user.new_email, user)
        case EmailChanged():
            return _recipient_at(user.previous_email, user)
        case UserDeleted() | EmailVerified():
            return None
    return _recipient_at(user.email, user)


def find_order_recipient(
    event: MailedOrderEvent, order: Order, user: User | None
) -> Recipient | None:
    """Where the mail about an order goes: to its `user`, or to its guest.

    None if the order has neither any more, and for the payment of an order that costs nothing:
    that mail would arrive together with the confirmation.
    """
    if isinstance(event, OrderPaid) and not order.totals.total_minor:
        return None
    if user:
        return _recipient_at(user.email, user)
    return Recipient(order.guest_email) if order.guest_email else None


def _recipient_at(address: str | None, user: User) -> Recipient | None:
    if address is None:
        return None
    return Recipient(address, user.name if user.email_verified else None)


class Part(Record):
    """What the templates of one event are rendered with: for a mail, or for a part of a mail."""

    event: AnyEvent
    to: Recipient
    variables: dict[str, Any] = field(repr=False)

    def render_email(self) -> Email:
        """Render the three templates that are named after the event's type."""
        # A name in the subject may contain line breaks, which would add mail headers.
        subject = " ".join(self._template("subject.txt").render(self.variables).split())
        text, html = (self._template(kind).render(self.variables) for kind in ("txt", "html"))
        return Email(self.to.address, subject, text=text, html=html)

    def render_intro(self, kind: str) -> str:
        """Only what happened, as a sentence of its own. In HTML it is escaped."""
        template = self._template(kind)
        block = template.blocks["intro"](template.new_context(self.variables))
        intro = "".join(block).strip()
        return intro[:1].upper() + intro[1:]

    def _template(self, kind: str) -> Template:
        name = _TEMPLATE_NAMES.get(self.event.type, self.event.type)
        return _environment().get_template(f"{name}.{kind}")


def build_part(  # noqa: PLR0913 (what a mail is about)
    event: AnyEvent,
    to: Recipient,
    *,
    link: Link | None,
    shop_name: str,
    order: Order | None = None,
    user: User | None = None,
    wording: Wording = Wording.AS_IS,
) -> Part:
    """`order` or `user` is what the event is about, as it is now."""
    variables = {
        "event": event,
        "name": f" {to.name}" if to.name else "",
        "address": to.address,
        "link": link,
        "shop_name": shop_name,
        "is_adapted": wording is Wording.ADAPTED,
        **(_order_variables(event, order) if order else {}),
        **_account_variables(event, user),
    }

    return Part(event, to, variables)


def render_joined_email(parts: Sequence[Part], *, shop_name: str) -> Email:
    """One mail about what happened to several orders, each with its link."""
    to = parts[0].to

    def render(kind: str) -> str:
        rendered = [
            {"intro": part.render_intro(kind), "link": part.variables["link"]} for part in parts
        ]
        variables = {**parts[0].variables, "parts": rendered}
        return _environment().get_template(f"{JOINED}.{kind}").render(variables)

    ids = list(dict.fromkeys(part.variables["order"].order_id for part in parts))
    subject = " ".join(f"Your orders at {shop_name} ({_name_orders(ids)})".split())
    return Email(to.address, subject, text=render("txt"), html=render("html"))


def _name_orders(ids: Sequence[str]) -> str:
    if len(ids) <= SUBJECT_IDS_MAX:
        return ", ".join(ids)
    return f"{', '.join(ids[:SUBJECT_IDS_MAX])} and {len(ids) - SUBJECT_IDS_MAX} more"


def _order_variables(event: AnyEvent, order: Order) -> dict[str, Any]:
    return {
        "order": order,
        "summary": summarize_order(order),
        "is_paid_back": relevance.is_paid_back(order),
        "is_refund_due": relevance.is_refund_due(order),
        "has_other_refunds": relevance.has_other_refunds(event, order),
        **parcels.describe(event, order),
    }


def _account_variables(event: AnyEvent, user: User | None) -> dict[str, Any]:
    return {
        "is_active": user is None or user.status == "active",
        "is_reverted": user is not None and relevance.is_reverted(event, user),
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["date_time"] = _format_date_time
    return environment


def _format_date_time(when: datetime) -> str:
    """24 November 2026, 09:07 UTC; the reader's own time zone is unknown."""
    return f"{when.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
