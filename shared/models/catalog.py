"""Products, how many of each can be sold, and where shoppers find them."""

from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)

from shared.config import Tables, settings
from shared.dynamo import Table

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
    stock_buckets = NumberAttribute(default=1)
    low_stock_at = NumberAttribute(null=True)  # so few are left that somebody should know
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


class ProductGroup(Table):
    """The variants of one thing: written with each of them, so that no two have equal options."""

    class Meta:
        table_name = _tables.groups_table

    group = UnicodeAttribute(hash_key=True)
    variants = ListAttribute(of=Variant)
    version = NumberAttribute()


class Stock(Table):
    """How many can be sold. Apart from Products: a sale rewrites no catalog item and no index.

    A product's stock may be split into buckets (`shared.stock`), one item each.
    """

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)  # and `#n` for the buckets after the first
    available = NumberAttribute()
    on_order = NumberAttribute(default=0)  # taken by orders that are open
    version = NumberAttribute()  # counts its changes, sales too


class StockLevel(Table):
    """Whether a product was depleted or low when last looked at: beside its stock, key `#level`."""

    beside = Stock

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


_SHOWN = IncludeProjection(["product_id", "stock_buckets"])


class ListingsByNewest(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_newest"
        projection = _SHOWN

    shelf = UnicodeAttribute(hash_key=True)
    newest_key = UnicodeAttribute(range_key=True)


class ListingsByName(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_name"
        projection = _SHOWN

    shelf = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ListingsByPrice(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_price"
        projection = _SHOWN

    price_shelf = UnicodeAttribute(hash_key=True)
    price_key = UnicodeAttribute(range_key=True)


class StockedByNewest(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_newest"
        projection = _SHOWN

    stocked_shelf = UnicodeAttribute(hash_key=True)
    newest_key = UnicodeAttribute(range_key=True)


class StockedByName(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_name"
        projection = _SHOWN

    stocked_shelf = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class StockedByPrice(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_price"
        projection = _SHOWN

    stocked_price_shelf = UnicodeAttribute(hash_key=True)
    price_key = UnicodeAttribute(range_key=True)


class Listing(Table):
    """One place where shoppers find a product: a shelf is the shop, a category or a tag.

    Derived from Products, ProductGroups and Stock by `products.index`, seconds after they change.
    A unit is what a shelf has one of: a product, or a group of variants, by its id.
    """

    class Meta:
        table_name = _tables.listings_table

    shelf = UnicodeAttribute(hash_key=True)
    unit = UnicodeAttribute(range_key=True)
    product_id = UnicodeAttribute()  # the one that is shown
    stock_buckets = NumberAttribute()
    newest_key = UnicodeAttribute()
    name_key = UnicodeAttribute()
    price_key = UnicodeAttribute()
    price_shelf = UnicodeAttribute()  # the shelf and the currency: amounts of two do not compare
    stocked_shelf = UnicodeAttribute(null=True)  # only while there is something to sell
    stocked_price_shelf = UnicodeAttribute(null=True)

    by_newest = ListingsByNewest()
    by_name = ListingsByName()
    by_price = ListingsByPrice()
    stocked_by_newest = StockedByNewest()
    stocked_by_name = StockedByName()
    stocked_by_price = StockedByPrice()


class IndexedUnit(Table):
    """What is stored of a unit in Listings and Search, so that the next change knows what to take
    back: beside the listings, on a shelf of its own.
    """

    beside = Listing

    class Meta:
        table_name = _tables.listings_table

    shelf = UnicodeAttribute(hash_key=True)
    unit = UnicodeAttribute(range_key=True)
    listings_json = JSONAttribute(attr_name="listings")  # digest by shelf
    postings_json = JSONAttribute(attr_name="postings")  # digest by bucket and posting
    version = NumberAttribute()


class Posting(Table):
    """That a word is said of a unit. `products.search.words` says how words are made and ranked."""

    class Meta:
        table_name = _tables.search_table

    bucket = UnicodeAttribute(hash_key=True)  # the word's first letters
    posting = UnicodeAttribute(range_key=True)  # in the order of rank
    word = UnicodeAttribute()
    text = UnicodeAttribute()  # all the unit's words, each between spaces
    unit = UnicodeAttribute()
    product_id = UnicodeAttribute()  # the variant that the word is said of
    stock_buckets = NumberAttribute()


class Spelling(Table):
    """The words that a mistyped one may have meant: beside the postings, bucket `~` and the word
    without one of its letters.
    """

    beside = Posting

    class Meta:
        table_name = _tables.search_table

    bucket = UnicodeAttribute(hash_key=True)
    posting = UnicodeAttribute(range_key=True, default="words")
    words = UnicodeSetAttribute()
