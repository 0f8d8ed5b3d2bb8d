"""Which mails a stranger can cause, and how many of them a mailbox gets. Pure (ADR 38).

Who types an address into a guest order or a registration has not shown that the mailbox is theirs.
So these mails are counted for each mailbox. What is over the limit waits for its turn.
"""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum

from notifications.emails import Draft
from shared import ids
from shared.email_addresses import mailbox_of
from shared.events.accounts import (
    DuplicateRegistrationAttempted,
    EmailChangeRequested,
    PasswordResetRequested,
    UserRegistered,
    VerificationRequested,
)
from shared.events.all_events import AnyEvent
from shared.records import Record
from shared.storage.models.mails import Mailbox
from shared.storage.models.orders import GUEST_PREFIX, Order

# An hour, and a minute because a mail leaves so long after its turn at most: the function's time.
WINDOW = timedelta(hours=1, minutes=1)
# Whoever still wants such a mail after this time asks for it again.
REQUEST_LIFETIME = timedelta(days=1)
_REQUESTS = (
    *(UserRegistered, DuplicateRegistrationAttempted, VerificationRequested),
    *(EmailChangeRequested, PasswordResetRequested),
)


_READ_FROM_ORDER = {"currency", "totals", "lines", "shipped_lines"}


class Kind(Enum):
    """Each has turns of its own: guest orders do not hold back a link to a new password."""

    ORDERS = "orders"
    ACCOUNTS = "accounts"


class Turn(Record):
    """The right to send one mail to a mailbox now, as it was read."""

    mailbox: Mailbox
    at: int  # in milliseconds since 1970
    earlier: frozenset[int]  # the mails that still count
    released: Collection[str] = ()  # held events that need not wait any more


def find_kind(draft: Draft) -> Kind | None:
    """The kind whose turns the mail needs; None if only the mailbox's owner can cause it.

    An account that has confirmed the address does not make a guest's order its owner's.
    """
    user = draft.user
    is_owners = user is not None and user.email_verified and draft.to.address == user.email
    if draft.order is not None:
        return None if is_owners and not _is_from_guest(draft.order) else Kind.ORDERS
    if isinstance(draft.event, DuplicateRegistrationAttempted):
        return Kind.ACCOUNTS
    return None if is_owners else Kind.ACCOUNTS


def mailbox_id(kind: Kind, address: str) -> str:
    return ids.derived_id("mbx", "mails about", kind.value, mailbox_of(address))


def find_turn(mailbox: Mailbox, now: datetime, *, limit: int) -> Turn | timedelta:
    """The turn that is free now, or how long none is. In no hour are there more than `limit`."""
    now_ms = int(now.timestamp() * 1000)
    window_ms = WINDOW // timedelta(milliseconds=1)
    sent_at = sorted(int(at) for at in mailbox.sent_at or ())
    counted = [at for at in sent_at if at > now_ms - window_ms]
    if len(counted) >= limit:
        return timedelta(milliseconds=counted[-limit] + window_ms - now_ms)
    return Turn(mailbox, max(now_ms, *(at + 1 for at in counted[-1:]), 0), frozenset(counted))


def is_outdated(event: AnyEvent, now: datetime) -> bool:
    """Whether nobody waits for the mail any more: it answers a request of yesterday."""
    return isinstance(event, _REQUESTS) and now - event.occurred_at >= REQUEST_LIFETIME


def to_held_event(event: AnyEvent) -> str:
    """The event as a short text, which is the same at each delivery. Mails read what it leaves out
    from the order."""
    document = event.model_dump(mode="json", exclude={"data": _READ_FROM_ORDER})
    if event.type == "order.placed":
        document["data"]["lines"] = []  # the previous release requires them
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _is_from_guest(order: Order) -> bool:
    return any(step.by.startswith(f"{GUEST_PREFIX}_") for step in order.history[:1])
