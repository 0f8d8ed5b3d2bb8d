"""Exports: files of orders that staff requested."""

from datetime import datetime, timedelta

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.storage.dynamo import Table
from shared.storage.models.accounts import Attempts

_tables = settings(Tables)

UNFINISHED = ("requested", "running")  # values of `status`

# An order commits up to 29 s after the moment at which it counts as placed (the function's
# timeout), and the index that an export reads usually follows its table within a second.
INDEX_MARGIN = timedelta(seconds=90)
# After five attempts an hour and a half apart the queue has given up.
TIME_TO_FINISH = timedelta(hours=12)


class ExportsByOwner(GlobalSecondaryIndex["Export"]):
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class Export(Table):
    class Meta:
        table_name = _tables.exports_table

    export_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    format = UnicodeAttribute()  # csv or jsonl
    status = UnicodeAttribute()  # requested, running, completed, failed
    # The selected orders: of one status or of all, placed in [placed_from, placed_before).
    of_status = UnicodeAttribute(null=True)
    placed_from = UTCDateTimeAttribute()
    placed_before = UTCDateTimeAttribute()
    orders = NumberAttribute(default=0)  # how many are written so far
    file_key = UnicodeAttribute(null=True)  # in the bucket; set when the export is completed
    created_at = UTCDateTimeAttribute()
    started_at = UTCDateTimeAttribute(null=True)  # of the last run
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # the bucket deletes the file at the same time

    by_owner = ExportsByOwner()

    @property
    def is_unfinished(self) -> bool:
        return self.status in UNFINISHED

    @property
    def complete_before(self) -> datetime | None:
        """The file has every order placed before this time; None if no run has started.

        Later orders may still be missing in the index, so no run looks for them.
        """
        started_at = self.attribute_values.get("started_at")
        return min(self.placed_before, started_at - INDEX_MARGIN) if started_at else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether no run will finish the export any more: its message or its last run was lost."""
        return self.is_unfinished and self.created_at + TIME_TO_FINISH <= now


class UnfinishedExports(Table):
    """The exports that one owner had not finished when the last one was requested."""

    class Meta:
        table_name = _tables.attempts_table

    shares_table_with = Attempts

    subject = UnicodeAttribute(hash_key=True)
    export_ids = UnicodeSetAttribute()
    version = NumberAttribute()  # of each request its own
    expires_at = TTLAttribute()
