"""Files of orders that staff have asked for."""

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
    # Which orders: of this status, or all; placed from the first moment to before the second.
    of_status = UnicodeAttribute(null=True)
    placed_from = UTCDateTimeAttribute()
    placed_before = UTCDateTimeAttribute()
    orders = NumberAttribute(default=0)  # written so far
    file_key = UnicodeAttribute(null=True)  # in the bucket, once it is complete
    created_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # the file goes, too

    by_owner = ExportsByOwner()
