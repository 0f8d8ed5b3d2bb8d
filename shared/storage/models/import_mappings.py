"""Saved mappings of imports: what the columns of a shop's files mean.

All are in one partition of the uploads table, as there are few of them and they are listed
together. They do not expire.
"""

from typing import Final

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.dynamo import Table
from shared.storage.models.uploads import Upload

MAPPINGS: Final = "import-mappings"  # the partition; uploads begin with `upl_`
COUNT: Final = "count"  # the part that counts the others

_tables = settings(Tables)


class ImportMapping(Table):
    """One mapping, with its id as `part`."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)  # MAPPINGS
    part = UnicodeAttribute(range_key=True)  # the id of the mapping
    name = UnicodeAttribute()
    mapping_json = JSONAttribute(attr_name="mapping")  # files.layouts.mappings.FileMapping
    fingerprint = UnicodeAttribute()  # of the request that created it
    version = NumberAttribute(default=1)
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()


class MappingCount(Table):
    """How many mappings there are."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True, default=MAPPINGS)
    part = UnicodeAttribute(range_key=True, default=COUNT)
    mappings = NumberAttribute(default=0)
