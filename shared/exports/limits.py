"""At most UNFINISHED_EXPORTS_MAX unfinished exports of one user, however many come at once.

The index of exports lags, so the owner's unfinished exports are also in an item of their own. Each
request replaces it, on the condition that no other request has.
"""

from datetime import datetime

from shared import ids
from shared.errors.requests import TooManyExports
from shared.storage.models.exports import Export, UnfinishedExports
from shared.storage.transactions import Condition, Transaction

UNFINISHED_EXPORTS_MAX = 3


class OtherExportRequested(Exception):
    """The owner has requested another export since the unfinished ones were read."""


def stage_admission(transaction: Transaction, export: Export, now: datetime) -> None:
    """Require that the owner may have another unfinished export. Raises TooManyExports.

    The transaction raises OtherExportRequested.
    """
    subject = ids.derived_id("att", "unfinished exports of", export.requested_by)
    stored = UnfinishedExports.find_many([subject]).get(subject)
    unfinished = _find_unfinished(stored, now)
    if len(unfinished) >= UNFINISHED_EXPORTS_MAX:
        raise TooManyExports(unfinished_max=UNFINISHED_EXPORTS_MAX)
    is_as_read: Condition = UnfinishedExports.subject.does_not_exist()
    if stored is not None:
        is_as_read = UnfinishedExports.version == stored.version
    transaction.upsert(
        UnfinishedExports(
            subject,
            export_ids=unfinished | {export.export_id},
            version=int(stored.version) + 1 if stored else 1,
            expires_at=export.expires_at,
        ),
        only_if=is_as_read,
        otherwise=OtherExportRequested(),
    )


def _find_unfinished(stored: UnfinishedExports | None, now: datetime) -> set[str]:
    if stored is None:
        return set()
    exports = Export.find_many(stored.export_ids)
    return {
        export_id
        for export_id, export in exports.items()
        if export.is_unfinished and not export.is_overdue(now)
    }
