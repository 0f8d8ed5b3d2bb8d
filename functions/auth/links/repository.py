"""The tokens in the links that mails carry: made by the mail worker, used up here."""

from datetime import datetime

from shared import observability
from shared.errors.accounts import LinkExpired
from shared.security import opaque_tokens
from shared.storage.models.accounts import EmailToken
from shared.storage.transactions import Transaction


def find(token: str, *purposes: str, now: datetime) -> EmailToken:
    """Raises LinkExpired."""
    found = EmailToken.find(opaque_tokens.digest(token), consistent=True)
    if found is None or found.purpose not in purposes or found.expires_at <= now:
        observability.audit("follow_link", "refused", purpose=purposes[0])
        raise expired()
    return found


def use_up(transaction: Transaction, link: EmailToken) -> None:
    """Each is good once. Its refusal is LinkExpired."""
    transaction.delete(
        EmailToken(link.token_hash),
        only_if=EmailToken.token_hash.exists(),
        otherwise=expired(),
    )


def expired() -> LinkExpired:
    return LinkExpired("This link was used before, or has expired. Ask for another.")
