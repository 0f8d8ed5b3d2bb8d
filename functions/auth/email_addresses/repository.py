"""Mailed links, and the move of an account to another address."""

from datetime import datetime

from shared import observability
from shared.errors.accounts import EmailTaken, LinkExpired
from shared.errors.requests import ConcurrentModification
from shared.security import opaque_tokens
from shared.storage.models.accounts import EmailToken, Login, User
from shared.storage.transactions import Condition, Transaction


def get_link(token: str, *purposes: str, now: datetime) -> EmailToken:
    """The mail worker creates links. Raises LinkExpired."""
    link = EmailToken.find(opaque_tokens.digest(token), consistent=True)
    if link is None or link.purpose not in purposes or link.expires_at <= now:
        observability.audit("follow_link", "refused", purpose=purposes[0])
        raise LinkExpired
    return link


def stage_link_use(transaction: Transaction, link: EmailToken) -> None:
    """Delete the link, since it works once. The transaction raises LinkExpired."""
    transaction.delete(
        EmailToken(link.token_hash),
        only_if=EmailToken.token_hash.exists(),
        otherwise=LinkExpired(),
    )


def stage_new_email(transaction: Transaction, user: User, new_email: str) -> None:
    """Store the requested address. The transaction raises ConcurrentModification."""
    transaction.update(
        User(user.user_id),
        [User.new_email.set(new_email)],
        only_if=User.version == user.version,
        otherwise=ConcurrentModification(),
    )


def stage_email_change(transaction: Transaction, user: User, login: Login, new_email: str) -> None:
    """Move the account to a confirmed address.

    The transaction raises ConcurrentModification, and EmailTaken.
    """
    moved = Login(**login.attribute_values | {"email": new_email, "email_verified": True})
    moved.version = user.version + 1
    moved.keep_unknown_of(login)
    transaction.delete(
        Login(login.email), only_if=_is_as_read(login), otherwise=ConcurrentModification()
    )
    transaction.put(moved, only_if=Login.email.does_not_exist(), otherwise=EmailTaken())
    transaction.update(
        User(user.user_id),
        [
            User.email.set(new_email),
            User.previous_email.set(user.email),
            User.new_email.remove(),
            User.email_verified.set(True),
            User.version.set(User.version + 1),
        ],
        only_if=User.version == user.version,
        otherwise=ConcurrentModification(),
    )


def _is_as_read(login: Login) -> Condition:
    """A used code or a renewed hash changes the login without a new version."""
    is_as_read: Condition = Login.version == login.version
    for name in ("password_hash", "totp_seed", "totp_step", "recovery_hashes"):
        attribute, value = getattr(Login, name), getattr(login, name)
        is_as_read &= attribute.does_not_exist() if value is None else attribute == value
    return is_as_read
