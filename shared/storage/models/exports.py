"""Exports: files of orders or of products that staff requested."""

from datetime import datetime, timedelta
from typing import Literal

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

ExportKind = Literal["orders", "products"]
ORDERS: ExportKind = "orders"
PRODUCTS: ExportKind = "products"
SHOPIFY = "shopify"  # a format: Shopify's product CSV
UNFINISHED = ("requested", "running")  # values of `status`

# An order commits up to 29 s after the moment at which it counts as placed (the function's
# timeout), and the index that an export reads usually follows its table within a second.
INDEX_MARGIN = timedelta(seconds=90)
# After five attempts an hour and a half apart the queue has given up.
TIME_TO_FINISH = timedelta(hours=12)
_OF = "#"  # between a kind and a user's id, which has none


def list_key(kind: ExportKind, user_id: str) -> str:
    """The partition that lists the user's exports of this kind.

    Exports of orders have the id alone: older code lists them so, and must not find others.
    """
    return user_id if kind == ORDERS else f"{kind}{_OF}{user_id}"


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
    owner_id = UnicodeAttribute()  # a `list_key`
    kind = UnicodeAttribute(default=ORDERS)
    format = UnicodeAttribute()  # csv or jsonl; of products also xlsx or shopify
    status = UnicodeAttribute()  # requested, running, completed, failed
    # The selected orders: of one status or of all, placed in [placed_from, placed_before).
    of_status = UnicodeAttribute(null=True)
    placed_from = UTCDateTimeAttribute(null=True)
    placed_before = UTCDateTimeAttribute(null=True)
    # The selected products: with these statuses, and prices in this currency.
    statuses = UnicodeSetAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    # How many orders or products are written so far. The table calls it `orders` for both.
    written = NumberAttribute(attr_name="orders", default=0)
    file_key = UnicodeAttribute(null=True)  # in the bucket; set when the export is completed
    created_at = UTCDateTimeAttribute()
    started_at = UTCDateTimeAttribute(null=True)  # of the last run
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # the bucket deletes the file at the same time

    by_owner = ExportsByOwner()

    @property
    def requested_by(self) -> str:
        """The id of the user."""
        return str(self.owner_id).rpartition(_OF)[2]

    @property
    def extension(self) -> str:
        """What the name of the file ends with."""
        return "csv" if self.format == SHOPIFY else str(self.format)

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
    """The exports that one user had not finished when the last one was requested."""

    class Meta:
        table_name = _tables.attempts_table

    shares_table_with = Attempts

    subject = UnicodeAttribute(hash_key=True)
    export_ids = UnicodeSetAttribute()
    version = NumberAttribute()  # of each request its own
    expires_at = TTLAttribute()
