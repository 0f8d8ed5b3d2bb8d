"""The tables that shoppers browse and search. `products.index` derives them from the catalog.

An entry is what a list shows once: a product alone, or a group of variants. Its id is the id of
the product, or `grp#` and the group. A partition is a list that can be browsed by itself: the shop,
a category with everything below it, or a tag.
"""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition, size
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)
WORDS_MAX = 200  # in one Spelling: real words have some ten, and one search reads up to 100 items
_LISTED_PRODUCT = IncludeProjection(["product_id", "stock_shards"])


class ListingsByNewest(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_newest"
        projection = _LISTED_PRODUCT

    partition = UnicodeAttribute(hash_key=True)
    newest_key = UnicodeAttribute(range_key=True)


class ListingsByName(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_name"
        projection = _LISTED_PRODUCT

    partition = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ListingsByPrice(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "by_price"
        projection = _LISTED_PRODUCT

    price_partition = UnicodeAttribute(hash_key=True)
    price_key = UnicodeAttribute(range_key=True)


class StockedByNewest(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_newest"
        projection = _LISTED_PRODUCT

    stocked_partition = UnicodeAttribute(hash_key=True)
    newest_key = UnicodeAttribute(range_key=True)


class StockedByName(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_name"
        projection = _LISTED_PRODUCT

    stocked_partition = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class StockedByPrice(GlobalSecondaryIndex["Listing"]):
    class Meta:
        index_name = "stocked_by_price"
        projection = _LISTED_PRODUCT

    stocked_price_partition = UnicodeAttribute(hash_key=True)
    price_key = UnicodeAttribute(range_key=True)


class Listing(Table):
    """An entry in one partition, with the variant that this partition shows of it.

    Derived from Products, ProductGroups and Stock, seconds after they change. Each other price of
    an entry is in a partition of its own, and in the price indexes of the list that it belongs to.
    """

    class Meta:
        table_name = _tables.listings_table

    partition = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)
    product_id = UnicodeAttribute()  # the variant that is shown
    stock_shards = NumberAttribute()
    newest_key = UnicodeAttribute(null=True)  # not of an entry's other prices
    name_key = UnicodeAttribute(null=True)
    price_key = UnicodeAttribute()
    price_partition = UnicodeAttribute()  # with the currency: two currencies do not compare
    stocked_partition = UnicodeAttribute(null=True)  # only while units are available
    stocked_price_partition = UnicodeAttribute(null=True)

    by_newest = ListingsByNewest()
    by_name = ListingsByName()
    by_price = ListingsByPrice()
    stocked_by_newest = StockedByNewest()
    stocked_by_name = StockedByName()
    stocked_by_price = StockedByPrice()


class IndexedEntry(Table):
    """What Listings and Search hold of an entry, so that the next change knows what to remove.

    Stored in the table of the listings, in a partition that nobody browses.
    """

    shares_table_with = Listing

    class Meta:
        table_name = _tables.listings_table

    partition = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)
    listings_json = JSONAttribute(attr_name="listings")  # digest by partition
    postings_json = JSONAttribute(attr_name="postings")  # digest by shard and posting
    version = NumberAttribute()


class Posting(Table):
    """One token of an entry. `products.search.postings` says how tokens become keys."""

    class Meta:
        table_name = _tables.search_table

    shard = UnicodeAttribute(hash_key=True)  # the token's first letters
    posting = UnicodeAttribute(range_key=True)  # in the order of rank
    token = UnicodeAttribute()
    text = UnicodeAttribute()  # all tokens of the entry, each between spaces
    entry_id = UnicodeAttribute()
    product_id = UnicodeAttribute()  # a variant that has the token
    is_other_variant = BooleanAttribute(default=False)  # than the one that lists show
    stock_shards = NumberAttribute()


class NoRoom(Exception):
    """An item of Spelling has WORDS_MAX words."""


class Spelling(Table):
    """The words that a misspelt word may stand for: all that become equal by deleting one letter.

    Stored in the table of the postings, shard `~` and the word without one of its letters.
    """

    shares_table_with = Posting

    class Meta:
        table_name = _tables.search_table

    shard = UnicodeAttribute(hash_key=True)
    posting = UnicodeAttribute(range_key=True, default="words")
    words = UnicodeSetAttribute()

    @classmethod
    def has_room(cls, count: int) -> Condition:
        """A condition: so many more words fit in."""
        fits: Condition = cls.words.exists() & (size(cls.words) <= WORDS_MAX - count)
        return cls.words.does_not_exist() | fits if count <= WORDS_MAX else fits
