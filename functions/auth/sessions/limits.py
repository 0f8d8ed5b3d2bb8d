"""At most SESSIONS_MAX sessions of one account: the login after that ends the oldest.

A counter in the login's transaction counts logins since the sessions were last counted. Sessions
that end do not lower it, so it is never too low. Only a login that finds it full reads the
sessions, ends the oldest and corrects the counter. Every other login makes no further call.
"""

from datetime import datetime

from auth.sessions.refresh_tokens import ABSOLUTE_TTL
from shared import ids
from shared.records import Record
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Action, Condition, Transaction

SESSIONS_MAX = 100


class CounterFull(Exception):
    """The account may have SESSIONS_MAX sessions. `found` is the counter as it was then."""

    def __init__(self, found: Attempts | None) -> None:
        self.found = found


class Recount(Record):
    """The sessions that are left after the oldest ended."""

    found: Attempts  # the counter before
    sessions: int


def stage_count(
    transaction: Transaction, user_id: str, now: datetime, recount: Recount | None
) -> None:
    """Count the session that the transaction stores. The transaction raises CounterFull.

    With a recount the counter must still be as it was found: of several logins at once, each needs
    a recount of its own.
    """
    has_room: Condition = Attempts.subject.does_not_exist() | (Attempts.failures < SESSIONS_MAX)
    count: Action = Attempts.failures.add(1)
    if recount:
        found = recount.found
        has_room = (Attempts.failures == found.failures) & (
            Attempts.last_failed_at == found.last_failed_at
        )
        count = Attempts.failures.set(recount.sessions + 1)
    transaction.update(
        Attempts(counter_subject(user_id)),
        [
            count,
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + ABSOLUTE_TTL),
        ],
        only_if=has_room,
        otherwise=CounterFull,
    )


def counter_subject(user_id: str) -> str:
    return ids.derived_id("att", "sessions of", user_id)
