"""Event -> Email: who is told what, in text and in HTML. Pure, but for reading the templates."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.events import OrderPlaced, UserRegistered
from shared.models import User

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Email:
    to: str
    subject: str
    text: str
    html: str


def recipient_id(event: UserRegistered | OrderPlaced) -> str:
    if isinstance(event, UserRegistered):
        return event.data.user_id
    return event.data.buyer_id


def write(event: UserRegistered | OrderPlaced, recipient: User, *, shop_name: str) -> Email:
    """The three templates named after the event's type: subject, text and HTML."""
    facts = {"event": event, "recipient": recipient, "shop_name": shop_name}

    def render(part: str) -> str:
        return _environment().get_template(f"{event.type}.{part}").render(facts)

    # A header is one line, whatever a name in it may hold.
    subject = " ".join(render("subject.txt").split())
    return Email(recipient.email, subject, text=render("txt"), html=render("html"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
