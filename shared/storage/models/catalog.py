"""Products, and how many of each can be sold."""

from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class ProductsByStatus(GlobalSecondaryIndex["Product"]):
    """For staff: all drafts, all that is on sale, all that was archived; spread over shards."""

    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status_shard = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Product(Table):
    """What staff say of a product. Shoppers find it through `Listing` and `Posting`."""

    class Meta:
        table_name = _tables.products_table

    product_id = UnicodeAttribute(hash_key=True)  # derived from the SKU
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute(null=True)  # a path: home/kitchen/teapots
    price_minor = NumberAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()  # draft, active or archived
    tags = ListAttribute(of=UnicodeAttribute)
    attributes_json = JSONAttribute(attr_name="attributes")
    group = UnicodeAttribute(null=True)  # that it is a variant in
    options_json = JSONAttribute(attr_name="options", default=dict)  # what tells it from the others
    stock_shards = NumberAttribute(default=1)
    low_stock_at = NumberAttribute(null=True)  # so few are left that somebody should know
    tax_class = UnicodeAttribute(default="standard")  # by which the tax rates tell it apart
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()

    status_shard = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)  # when, then which: a total order

    by_status = ProductsByStatus()


class Variant(MapAttribute[str, Any]):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    options_json = JSONAttribute(attr_name="options")
    status = UnicodeAttribute()
    currency = UnicodeAttribute()


class ProductGroup(Table):
    """The variants of one thing: written with each of them, so that no two have equal options."""

    class Meta:
        table_name = _tables.groups_table

    group = UnicodeAttribute(hash_key=True)
    variants = ListAttribute(of=Variant)
    version = NumberAttribute()


class Stock(Table):
    """How many can be sold. Apart from Products: a sale rewrites no catalog item and no index.

    A product's stock may be split into shards (`shared.storage.stock`), one item each.
    """

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)  # and `#n` for the shards after the first
    available = NumberAttribute()
    allocated = NumberAttribute(default=0)  # taken by orders that are open
    version = NumberAttribute()  # counts its changes, sales too
    currency = UnicodeAttribute(null=True)  # set by a change of it: no other is sold in since


class StockLevel(Table):
    """Whether a product was depleted or low when last looked at: beside its stock, key `#level`."""

    shares_table_with = Stock

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)
    level = UnicodeAttribute()
    version = NumberAttribute()


class MovementsByNewest(LocalSecondaryIndex["StockMovement"]):
    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    product_id = UnicodeAttribute(hash_key=True)
    moved_at = UnicodeAttribute(range_key=True)


class StockMovement(Table):
    """One change of a product's stock by staff. Never changed, never removed.

    What orders take is in the orders: both together explain what is there (`make verify`).
    """

    class Meta:
        table_name = _tables.stock_movements_table

    product_id = UnicodeAttribute(hash_key=True)
    movement_id = UnicodeAttribute(range_key=True)  # of an adjustment: derived from its key
    kind = UnicodeAttribute()  # count, adjustment or import
    change = NumberAttribute()
    reason = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    moved_at = UnicodeAttribute()  # when, then which: a total order
    fingerprint = UnicodeAttribute(null=True)  # of the request that made it

    by_newest = MovementsByNewest()
