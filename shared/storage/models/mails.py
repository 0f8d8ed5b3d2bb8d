"""What is known of the mail of each event: whether it was sent, or may have been.

A `Mailbox` counts the mails to a mailbox that nobody has confirmed.

| status | tries | lease_until | meaning |
|---|---|---|---|
| INPROGRESS | 1, 2 | in the future | an instance may be sending the mail now |
| INPROGRESS | 1, 2 | in the past | each of the tries may have sent the mail |
| COMPLETED | | | the event is done; `outcome` says how |

Releases before ADR 31 wrote these items with Powertools. The names of the key, the statuses and
`expiration` are Powertools', so that old and new code respect each other's items in a deploy.
Powertools takes over an item INPROGRESS only if it has `in_progress_expiration`, so it leaves
these alone.
"""

from datetime import datetime
from math import inf

from pynamodb.attributes import (
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)

IN_PROGRESS, COMPLETED = "INPROGRESS", "COMPLETED"


class MailRecord(Table):
    class Meta:
        table_name = _tables.idempotency_table

    id = UnicodeAttribute(hash_key=True)
    status = UnicodeAttribute()
    expiration = NumberAttribute()  # the TTL, in seconds
    tries = NumberAttribute(null=True)  # those that SES did not certainly refuse
    claim = UnicodeAttribute(null=True)  # differs for each try
    lease_until = UTCDateTimeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)  # sent, unknown or not_mailed
    # In milliseconds, on items of older releases only. Such an item stands for one try.
    in_progress_expiration = NumberAttribute(null=True)

    @property
    def is_done(self) -> bool:
        return self.status == COMPLETED

    @property
    def tries_made(self) -> int:
        return int(self.attribute_values.get("tries", 1))

    def is_claimed_at(self, now: datetime) -> bool:
        """Whether an instance may still be sending the mail."""
        stored = self.attribute_values
        if "lease_until" in stored:
            return bool(now < stored["lease_until"])
        until = stored.get("in_progress_expiration", inf)
        return bool(now.timestamp() * 1000 < until)


class Mailbox(Table):
    """The mails of the last hour to one mailbox, and the events that wait (ADR 38)."""

    shares_table_with = MailRecord

    class Meta:
        table_name = _tables.idempotency_table

    id = UnicodeAttribute(hash_key=True)  # a digest of the mailbox and of the kind of mail
    sent_at = NumberSetAttribute(null=True)  # milliseconds since 1970
    held = UnicodeSetAttribute(null=True)  # events of orders as JSON: the next mail includes them
    version = NumberAttribute(null=True)  # of `sent_at`
    expiration = NumberAttribute()  # the TTL, in seconds
