"""Where shoppers find products: derived from the catalog by `products.index`."""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)
_SHOWN = IncludeProjection(["product_id", "stock_shards"])


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
    stock_shards = NumberAttribute()
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

    shares_table_with = Listing

    class Meta:
        table_name = _tables.listings_table

    shelf = UnicodeAttribute(hash_key=True)
    unit = UnicodeAttribute(range_key=True)
    listings_json = JSONAttribute(attr_name="listings")  # digest by shelf
    postings_json = JSONAttribute(attr_name="postings")  # digest by shard and posting
    version = NumberAttribute()


class Posting(Table):
    """That a word is said of a unit. `products.search.words` says how words are made and ranked."""

    class Meta:
        table_name = _tables.search_table

    shard = UnicodeAttribute(hash_key=True)  # the word's first letters
    posting = UnicodeAttribute(range_key=True)  # in the order of rank
    word = UnicodeAttribute()
    text = UnicodeAttribute()  # all the unit's words, each between spaces
    unit = UnicodeAttribute()
    product_id = UnicodeAttribute()  # the variant that the word is said of
    is_of_one = BooleanAttribute(default=False)  # and not of the one that lists show
    stock_shards = NumberAttribute()


class Spelling(Table):
    """The words that a mistyped one may have meant: beside the postings, shard `~` and the word
    without one of its letters.
    """

    shares_table_with = Posting

    class Meta:
        table_name = _tables.search_table

    shard = UnicodeAttribute(hash_key=True)
    posting = UnicodeAttribute(range_key=True, default="words")
    words = UnicodeSetAttribute()
