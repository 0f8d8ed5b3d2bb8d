"""Event -> Email: who is told what, in text and in HTML. Pure, but for reading the templates."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifications.links import Link
from shared.events import (
    AboutAccess,
    AboutUser,
    AnyEvent,
    EmailChanged,
    EmailChangeRequested,
    OrderPlaced,
    UserDeleted,
)
from shared.models import User

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Email:
    to: str
    subject: str
    text: str = field(repr=False)  # a link in it may be as good as a password
    html: str = field(repr=False)


def recipient_id(event: AnyEvent) -> str:
    """The id of the user whom it happened to. Raises TypeError for what happens to no user."""
    if isinstance(event, OrderPlaced):
        return event.data.buyer_id
    if isinstance(event.data, AboutUser):
        return event.data.user_id
    raise TypeError(f"{event.type} is mailed to nobody")


def mailbox(event: AnyEvent, recipient: User) -> str | None:
    """Which of the user's addresses is told; None when there is no such address, or no such mail.

    A change of address is confirmed at the new one and told to the old one: whoever has taken an
    account over reads what goes to its present one. What was asked for before all sessions were
    ended is void: the owner may have put out whoever asked.
    """
    if isinstance(event.data, AboutAccess) and event.data.access_epoch != recipient.access_epoch:
        return None
    match event:
        case EmailChangeRequested():
            return recipient.new_email
        case EmailChanged():
            return recipient.previous_email
        case UserDeleted():
            return None
    return recipient.email


def write(event: AnyEvent, recipient: User, *, to: str, link: Link | None, shop_name: str) -> Email:
    """The three templates named after the event's type: subject, text and HTML."""
    facts = {
        "event": event,
        # Whoever registered chose it: an address that is not confirmed gets no words of theirs.
        "name": f" {recipient.name}" if recipient.email_verified else "",
        "to": to,
        "link": link,
        "shop_name": shop_name,
    }

    def render(part: str) -> str:
        return _environment().get_template(f"{event.type}.{part}").render(facts)

    # A header is one line, whatever a name in it may hold.
    subject = " ".join(render("subject.txt").split())
    return Email(to, subject, text=render("txt"), html=render("html"))


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
