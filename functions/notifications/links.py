"""Event -> Link: what a mail's reader follows to show that the mailbox is theirs.

The token is in the mail alone. What is stored of it is its digest, so that neither a table nor an
event opens an account; of the token that opens a guest's order, nothing is stored.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from orders.guests import links as tokens
from shared import clock
from shared.events.accounts import (
    DuplicateRegistrationAttempted,
    EmailChangeRequested,
    PasswordResetRequested,
    UserRegistered,
    VerificationRequested,
)
from shared.events.all_events import AnyEvent
from shared.security import opaque_tokens
from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.orders import Order


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a link is for. `page` is a page of the shop."""

    name: str
    page: str
    lifetime: timedelta
    good_for: str  # the lifetime in a mail's words


VERIFY_EMAIL = Purpose("verify_email", "verify-email", timedelta(days=7), "7 days")
CHANGE_EMAIL = Purpose("change_email", "verify-email", timedelta(days=7), "7 days")
# NIST SP 800-63B and ASVS 5.0 (6.5.5): ten minutes at most.
RESET_PASSWORD = Purpose("reset_password", "reset-password", timedelta(minutes=10), "10 minutes")


@dataclass(frozen=True, slots=True)
class Link:
    """`stored` must be saved before `url` is shown to anyone: until then it leads nowhere."""

    url: str = field(repr=False)  # the token is in it
    good_for: str | None = None  # none: for whoever can sign in
    stored: EmailToken | None = field(default=None, repr=False)


def make(event: AnyEvent, user: User, mailbox: str, *, shop_url: str) -> Link | None:
    """A link of its own for each mail, good from now; None when the mail needs none."""
    purpose = _purpose(event, user)
    if purpose is None:
        return None
    token = opaque_tokens.new_secret()
    return Link(
        url=f"{shop_url}/{purpose.page}?token={token}",
        good_for=purpose.good_for,
        stored=EmailToken(
            opaque_tokens.digest(token),
            purpose=purpose.name,
            user_id=user.user_id,
            email=mailbox,
            access_epoch=user.access_epoch,
            expires_at=clock.utc_now() + purpose.lifetime,
        ),
    )


def to_order(order: Order, *, shop_url: str) -> Link:
    """For a guest it opens the order by itself; a user signs in. Raises Unavailable."""
    if not order.guest_email:
        return Link(f"{shop_url}/orders/{order.order_id}")
    token = tokens.issue_token(order.order_id)
    return Link(
        f"{shop_url}/order?id={order.order_id}&token={token}",
        good_for=f"{tokens.LIFETIME.days} days",
    )


def _purpose(event: AnyEvent, user: User) -> Purpose | None:
    match event:
        case UserRegistered():
            return None if user.email_verified else VERIFY_EMAIL
        case DuplicateRegistrationAttempted():
            # Whoever opened it first may not be whose mailbox this is: no link confirms their
            # password.
            return None if user.email_verified else RESET_PASSWORD
        case VerificationRequested():
            return VERIFY_EMAIL
        case EmailChangeRequested():
            return CHANGE_EMAIL
        case PasswordResetRequested():
            return RESET_PASSWORD
    return None
