"""Reads the user and the order of a mail, stores the tokens of links, and records each mail.

Events name people by id only, so the worker reads an address when it writes the mail.
"""

import hashlib
import json
import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shared import clock, ids
from shared.errors.base import Unavailable
from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.mails import COMPLETED, IN_PROGRESS, MailRecord
from shared.storage.models.orders import Order
from shared.storage.transactions import Action, Condition, Transaction

# An outbox row that was never relayed has no expiry, so its event may come again in years. A record
# has about 200 bytes and no personal data.
RETENTION = timedelta(days=3650)


class MailInProgress(Exception):
    """Another instance may be sending the mail of this event."""


class ClaimLost(Exception):
    """The record has another claim by now."""


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_order(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def save_link_token(token: EmailToken) -> None:
    """Unconditional, because two tokens of 256 random bits never have the same digest."""
    token.save()


def find_record(event_id: str) -> MailRecord | None:
    return MailRecord.find(_record_key(event_id), consistent=True)


def claim_mail(event_id: str, seen: MailRecord | None, *, tries: int, until: datetime) -> str:
    """Count a try before it is made, and keep other instances away until then; return the claim.

    Raises MailInProgress if the record is no longer as `seen`, and Unavailable.
    """
    claim = ids.new_id("clm")
    transaction = Transaction()
    transaction.update(
        MailRecord(_record_key(event_id)),
        [
            MailRecord.status.set(IN_PROGRESS),
            MailRecord.expiration.set(_expiration()),
            MailRecord.tries.set(tries),
            MailRecord.claim.set(claim),
            MailRecord.lease_until.set(until),
            MailRecord.in_progress_expiration.remove(),
        ],
        only_if=_is_as_seen(seen),
        otherwise=MailInProgress(),
    )
    try:
        transaction.commit()
    except Unavailable:  # the reply may be lost, and no mail is sent: do not count the try
        with suppress(Unavailable):
            release_mail(event_id, claim, tries=tries - 1)
        raise
    return claim


def release_mail(event_id: str, claim: str, *, tries: int) -> None:
    """Let another try begin, after so many tries that may have sent the mail. Raises Unavailable.

    Nothing happens if the record has another claim.
    """
    record = MailRecord(_record_key(event_id))
    is_own = MailRecord.claim == claim
    transaction = Transaction()
    if tries:
        actions = [MailRecord.tries.set(tries), MailRecord.lease_until.set(clock.utc_now())]
        transaction.update(record, actions, only_if=is_own, otherwise=ClaimLost())
    else:
        transaction.delete(record, only_if=is_own, otherwise=ClaimLost())
    with suppress(ClaimLost):
        transaction.commit()


def complete_mail(event_id: str, outcome: str) -> None:
    """Record that nothing is left to do: `sent`, `unknown` or `not_mailed`. Raises Unavailable."""
    MailRecord(_record_key(event_id)).update(
        [
            MailRecord.status.set(COMPLETED),
            MailRecord.outcome.set(outcome),
            MailRecord.expiration.set(_expiration()),
            *_removed(MailRecord.claim, MailRecord.lease_until, MailRecord.in_progress_expiration),
        ]
    )


def _removed(*attributes: Any) -> list[Action]:
    return [attribute.remove() for attribute in attributes]


def _is_as_seen(seen: MailRecord | None) -> Condition:
    if seen is None:
        return MailRecord.id.does_not_exist()
    is_as_seen: Condition = MailRecord.status == seen.status
    for name in ("claim", "tries", "in_progress_expiration"):
        attribute, value = getattr(MailRecord, name), getattr(seen, name)
        is_as_seen &= attribute.does_not_exist() if value is None else attribute == value
    return is_as_seen


def _expiration() -> int:
    return int((clock.utc_now() + RETENTION).timestamp())


def _record_key(event_id: str) -> str:
    """The key that Powertools gives the event, so that the records of older releases count."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "test-func")
    digest = hashlib.md5(json.dumps(event_id).encode(), usedforsecurity=False).hexdigest()
    return f"{function}.notifications.workers.send_emails._send_email#{digest}"
