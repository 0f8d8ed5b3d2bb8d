"""The tokens in the links that mails carry: made by the mail worker, used up here."""

from datetime import datetime, timedelta

from shared import opaque
from shared.errors import LinkExpired
from shared.models import EmailToken
from shared.transactions import Transaction


def find(token: str, *purposes: str, now: datetime) -> EmailToken:
    """Raises LinkExpired."""
    found = EmailToken.find(opaque.digest(token), consistent=True)
    if found is None or found.purpose not in purposes or found.expires_at <= now:
        raise expired()
    return found


def use_up(transaction: Transaction, link: EmailToken) -> None:
    """Each is good once. Its refusal is LinkExpired."""
    transaction.delete(
        EmailToken(link.token_hash),
        only_if=EmailToken.token_hash.exists(),
        otherwise=expired(),
    )


def pretend(transaction: Transaction, user_id: str, *, now: datetime) -> None:
    """A row that nobody will look up, for an address without an account.

    What is written for it then costs the same time as the event that asks for a real mail.
    """
    transaction.put(
        EmailToken(
            opaque.digest(opaque.new_secret()),
            purpose="none",
            user_id=user_id,
            email="",
            access_epoch=0,
            expires_at=now + timedelta(minutes=1),
        )
    )


def expired() -> LinkExpired:
    return LinkExpired("This link was used before, or has expired. Ask for another.")
