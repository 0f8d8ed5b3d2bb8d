"""Exports: files of orders that staff requested."""

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


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
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # the bucket deletes the file at the same time

    by_owner = ExportsByOwner()
