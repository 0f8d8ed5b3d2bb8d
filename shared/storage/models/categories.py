"""The categories of the shop, their order, and how many entries are on sale in each."""

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)
CATEGORIES = "categories"  # the partition of all categories: one Query reads them
ORDER, THE_ORDER = "order", "all"  # the key of the one CategoryOrder
COUNTS = "counts"  # the partition of all counts


class Category(Table):
    """A category. Its path never changes: products refer to it. Its parent can change."""

    class Meta:
        table_name = _tables.categories_table

    partition = UnicodeAttribute(hash_key=True, default=CATEGORIES)
    path = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    parent = UnicodeAttribute(null=True)  # a path; None: at the top
    request_id = UnicodeAttribute(null=True)  # of the request that created it; None: by itself
    fingerprint = UnicodeAttribute(null=True)  # of that request
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()


class CategoryOrder(Table):
    """The order of all categories. Every change of the tree requires its version and raises it."""

    shares_table_with = Category

    class Meta:
        table_name = _tables.categories_table

    partition = UnicodeAttribute(hash_key=True, default=ORDER)
    path = UnicodeAttribute(range_key=True, default=THE_ORDER)
    ids_json = JSONAttribute(attr_name="ids")  # of the categories: 40 bytes each
    moves = NumberAttribute(default=0)  # counts changes of what is below what
    version = NumberAttribute()


class CategoryCount(Table):
    """Entries on sale in a category or below it: the sum of a category's shards.

    `products.index` changes it in the transaction that stores an entry's listings. One shard can be
    negative.
    """

    shares_table_with = Category

    class Meta:
        table_name = _tables.categories_table

    partition = UnicodeAttribute(hash_key=True, default=COUNTS)
    path = UnicodeAttribute(range_key=True)  # followed by `#` and the shard
    entries = NumberAttribute()
