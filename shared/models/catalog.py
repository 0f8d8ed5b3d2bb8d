"""Products, and how many of each can be sold."""

from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.dynamo import Table

_tables = settings(Tables)


class ByNewest(GlobalSecondaryIndex["Product"]):
    """The whole shop. Sparse: only active products carry the key."""

    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    shop_listing = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class ByCategoryNewest(GlobalSecondaryIndex["Product"]):
    class Meta:
        index_name = "by_category_newest"
        projection = AllProjection()

    category_listing = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Product(Table):
    class Meta:
        table_name = _tables.products_table

    product_id = UnicodeAttribute(hash_key=True)  # derived from the SKU
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute(null=True)
    price_minor = NumberAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    tags = ListAttribute(of=UnicodeAttribute)
    attributes_json = JSONAttribute(attr_name="attributes")
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()

    shop_listing = UnicodeAttribute(null=True)
    category_listing = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)  # when, then which: a total order

    by_newest = ByNewest()
    by_category_newest = ByCategoryNewest()


class Stock(Table):
    """How many can be sold. Apart from Products: a sale rewrites no catalog item and no index."""

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)
    available = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    version = NumberAttribute()
