"""The links in mails: they confirm an address, reset a password or open an order.

Only the mail contains the token. The table stores its digest, so nobody who reads the table or the
events can open an account. Nothing is stored of the token that opens a guest's order.
"""

from dataclasses import field
from datetime import timedelta

from orders.guests import links as guest_links
from shared import clock
from shared.events.accounts import (
    DuplicateRegistrationAttempted,
    EmailChangeRequested,
    PasswordResetRequested,
    UserRegistered,
    VerificationRequested,
)
from shared.events.all_events import AnyEvent
from shared.records import Record
from shared.security import opaque_tokens
from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.orders import Order


class LinkPurpose(Record):
    name: str
    page: str  # of the shop's website
    lifetime: timedelta
    valid_for: str  # the lifetime as the mail writes it


VERIFY_EMAIL = LinkPurpose("verify_email", "verify-email", timedelta(days=7), "7 days")
CHANGE_EMAIL = LinkPurpose("change_email", "verify-email", timedelta(days=7), "7 days")
# NIST SP 800-63B and ASVS 5.0 (6.5.5) allow ten minutes at most.
RESET_PASSWORD = LinkPurpose(
    "reset_password", "reset-password", timedelta(minutes=10), "10 minutes"
)


class Link(Record):
    """Save `token` before you send `url`: the link does not work until then."""

    url: str = field(repr=False)  # contains the token
    valid_for: str | None = None  # None if the reader must log in
    token: EmailToken | None = field(default=None, repr=False)


def create_account_link(event: AnyEvent, user: User, address: str, *, shop_url: str) -> Link | None:
    """The link of a mail about an account, with a new token; None if the mail needs no link."""
    purpose = _purpose(event, user)
    if purpose is None:
        return None
    secret = opaque_tokens.new_secret()
    return Link(
        url=f"{shop_url}/{purpose.page}?token={secret}",
        valid_for=purpose.valid_for,
        token=EmailToken(
            opaque_tokens.digest(secret),
            purpose=purpose.name,
            user_id=user.user_id,
            email=address,
            access_epoch=user.access_epoch,
            expires_at=clock.utc_now() + purpose.lifetime,
        ),
    )


def create_order_link(order: Order, *, shop_url: str) -> Link:
    """A guest's link opens the order without a login; a user logs in. Raises Unavailable."""
    if not order.guest_email:
        return Link(f"{shop_url}/orders/{order.order_id}")
    token = guest_links.issue_token_of(order)
    return Link(
        f"{shop_url}/order?id={order.order_id}&token={token}",
        valid_for=f"{guest_links.LIFETIME.days} days",
    )


def _purpose(event: AnyEvent, user: User) -> LinkPurpose | None:
    match event:
        case UserRegistered():
            return None if user.email_verified else VERIFY_EMAIL
        case DuplicateRegistrationAttempted():
            # Someone else may have registered this address first. A link that confirms it would
            # also confirm that person's password, so the owner gets a link to set a new one.
            return None if user.email_verified else RESET_PASSWORD
        case VerificationRequested():
            return VERIFY_EMAIL
        case EmailChangeRequested():
            return CHANGE_EMAIL
        case PasswordResetRequested():
            return RESET_PASSWORD
    return None
