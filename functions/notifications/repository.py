"""Reads the user and the order of a mail, stores the tokens of links, and records each mail.

One transaction claims the mails and takes the mailbox's turn, so that neither exists alone.

Events name people by id only, so the worker reads an address when it writes the mail.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import size

from notifications.mail_limits import Turn
from shared import clock, ids
from shared.errors.base import Unavailable
from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.mails import COMPLETED, IN_PROGRESS, Mailbox, MailRecord
from shared.storage.models.orders import Order
from shared.storage.transactions import Action, Condition, Transaction

# An outbox row that was never relayed has no expiry, so its event may come again in years. A record
# has about 200 bytes and no personal data.
RETENTION = timedelta(days=3650)
MAILBOX_TTL = timedelta(hours=2)  # longer than the hour that is counted
HELD_MAX = 40  # events in one mail; a transaction has 100 actions, and each event needs reads


class MailInProgress(Exception):
    """Another instance may be sending the mail of this event."""


class MailboxChanged(MailInProgress):
    """Another mail to the same mailbox was faster."""


class ClaimLost(Exception):
    """The record has another claim by now."""


class _NotKept(Exception):
    """There is nothing to change, or no room."""


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_order(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def save_link_token(token: EmailToken) -> None:
    """Unconditional, because two tokens of 256 random bits never have the same digest."""
    token.save()


def find_record(event_id: str) -> MailRecord | None:
    return MailRecord.find(_record_key(event_id), consistent=True)


def claim_mails(
    seen: Mapping[str, MailRecord | None], *, until: datetime, turn: Turn | None = None
) -> str:
    """Count a try for each event before it is made, and keep other instances away until then.

    Return the claim. Raises MailInProgress if the first record is no longer as `seen`,
    MailboxChanged if another one or the mailbox has changed, and Unavailable.
    """
    claim = ids.new_id("clm")
    transaction = Transaction()
    conflict: MailInProgress = MailInProgress()
    for event_id, record in seen.items():
        transaction.update(
            MailRecord(_record_key(event_id)),
            _claim_actions(record, claim, until),
            only_if=_is_as_seen(record),
            otherwise=conflict,
        )
        conflict = MailboxChanged()  # the events that are joined can be sent without this one
    if turn:
        _stage_turn(transaction, turn)
    try:
        transaction.commit()
    except Unavailable:  # the reply may be lost, and no mail is sent: do not count the try
        with suppress(Unavailable):
            for event_id, record in seen.items():
                release_mail(event_id, claim, tries=record.tries_made if record else 0)
            if turn:
                return_turn(turn)
        raise
    return claim


def _claim_actions(seen: MailRecord | None, claim: str, until: datetime) -> list[Action]:
    return [
        MailRecord.status.set(IN_PROGRESS),
        MailRecord.expiration.set(_expiration()),
        MailRecord.tries.set((seen.tries_made if seen else 0) + 1),
        MailRecord.claim.set(claim),
        MailRecord.lease_until.set(until),
        MailRecord.in_progress_expiration.remove(),
    ]


def get_mailbox(mailbox_id: str) -> Mailbox:
    """An empty one if nothing is stored."""
    return Mailbox.find(mailbox_id, consistent=True) or Mailbox(mailbox_id)


def _stage_turn(transaction: Transaction, turn: Turn) -> None:
    seen = turn.mailbox.attribute_values.get("version")
    actions: list[Action] = [
        Mailbox.sent_at.set({*turn.earlier, turn.at}),
        Mailbox.version.set(int(seen or 0) + 1),
        Mailbox.expiration.set(_expiration(MAILBOX_TTL)),
    ]
    if turn.released:
        actions.append(Mailbox.held.delete(set(turn.released)))
    transaction.update(
        Mailbox(turn.mailbox.id),
        actions,
        only_if=Mailbox.version.does_not_exist() if seen is None else Mailbox.version == seen,
        otherwise=MailboxChanged(),
    )


def return_turn(turn: Turn) -> None:
    """The mail was certainly not sent. If the database does not answer, the turn stays taken."""
    transaction = Transaction()
    transaction.update(
        Mailbox(turn.mailbox.id),
        [Mailbox.sent_at.delete({turn.at})],
        only_if=Mailbox.id.exists(),
        otherwise=_NotKept(),
    )
    with suppress(_NotKept, Unavailable):
        transaction.commit()


def keep_held_event(mailbox_id: str, event: str) -> None:
    """Let the next mail to the mailbox include the event, if there is room. Raises Unavailable."""
    transaction = Transaction()
    has_room = Mailbox.held.does_not_exist() | (size(Mailbox.held) < HELD_MAX)
    transaction.update(
        Mailbox(mailbox_id),
        [Mailbox.held.add({event}), Mailbox.expiration.set(_expiration(MAILBOX_TTL))],
        only_if=has_room,
        otherwise=_NotKept(),
    )
    with suppress(_NotKept):
        transaction.commit()


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


def _expiration(lifetime: timedelta = RETENTION) -> int:
    return int((clock.utc_now() + lifetime).timestamp())


def _record_key(event_id: str) -> str:
    """The key that Powertools gives the event, so that the records of older releases count."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "test-func")
    digest = hashlib.md5(json.dumps(event_id).encode(), usedforsecurity=False).hexdigest()
    return f"{function}.notifications.workers.send_emails._send_email#{digest}"
