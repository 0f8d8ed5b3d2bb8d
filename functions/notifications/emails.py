"""Event -> Email: who is told what, in text and in HTML. Pure, but for reading the templates."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifications.links import Link
from notifications.order_summary import bill_of
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
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order

# Of all that happens to an order, what its buyer is told.
AboutBuyersOrder = (
    OrderPlaced
    | ConfirmationRequested
    | OrderPaid
    | OrderShipped
    | OrderCancelled
    | OrderExpired
    | OrderRefunded
)
_TEMPLATES = Path(__file__).parent / "templates"
_AS = {"order.confirmation_requested": "order.placed"}  # the same mail again


@dataclass(frozen=True, slots=True)
class Recipient:
    mailbox: str = field(repr=False)
    # Whoever ordered or registered chose it: an address that nobody has confirmed gets no words of
    # theirs.
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    to: str
    subject: str
    text: str = field(repr=False)  # a link in it may be as good as a password
    html: str = field(repr=False)


def recipient_id(event: AnyEvent) -> str:
    """The id of the user whom it happened to. Raises TypeError for what happens to no user."""
    if isinstance(event.data, UserData):
        return event.data.user_id
    raise TypeError(f"{event.type} is mailed to nobody")


def owner(event: AnyEvent, user: User) -> Recipient | None:
    """The user, at the address that is told; None if there is no such address, or no such mail.

    A change of address is confirmed at the new one and told to the old one: whoever has taken an
    account over reads what goes to its present one. What was asked for before all sessions were
    ended is void: the owner may have put out whoever asked.
    """
    if isinstance(event.data, AccessData) and event.data.access_epoch != user.access_epoch:
        return None
    match event:
        case EmailChangeRequested():
            return _at(user.new_email, user)
        case EmailChanged():
            return _at(user.previous_email, user)
        case UserDeleted() | EmailVerified():
            return None
    return _at(user.email, user)


def buyer(event: AboutBuyersOrder, order: Order, user: User | None) -> Recipient | None:
    """Whose order it is now: `user`, or else the guest; None if it is nobody's any more.

    What was nothing to pay is not told to be paid: that mail would come with the one before.
    """
    if isinstance(event, OrderPaid) and not order.totals.total_minor:
        return None
    if user:
        return _at(user.email, user)
    return Recipient(order.guest_email) if order.guest_email else None


def _at(mailbox: str | None, user: User) -> Recipient | None:
    if mailbox is None:
        return None
    return Recipient(mailbox, user.name if user.email_verified else None)


def write(
    event: AnyEvent, to: Recipient, *, link: Link | None, shop_name: str, order: Order | None = None
) -> Email:
    """The three templates named after the event's type: subject, text and HTML."""
    facts = {
        "event": event,
        "name": f" {to.name}" if to.name else "",
        "to": to.mailbox,
        "link": link,
        "shop_name": shop_name,
        "order": order,
        "bill": bill_of(order) if order else None,
    }

    def render(part: str) -> str:
        name = _AS.get(event.type, event.type)
        return _environment().get_template(f"{name}.{part}").render(facts)

    # A header is one line, whatever a name in it may hold.
    subject = " ".join(render("subject.txt").split())
    return Email(to.mailbox, subject, text=render("txt"), html=render("html"))


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
    environment.filters["moment"] = _moment
    return environment


def _moment(when: datetime) -> str:
    """24 November 2026, 09:07 UTC: no reader's own time zone is known."""
    return f"{when.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
