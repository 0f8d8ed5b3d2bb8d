"""What a shop charges on top of its prices, and its promotions. Staff change both."""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, LocalSecondaryIndex

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)

TAX_RATES, SHIPPING_RATES = "tax", "shipping"  # names of rate tables
AUTOMATIC_PROMOTIONS = "automatic_promotions"  # in the same table, and read in the same way
PROMOTIONS = "promotions"  # the partition of all promotions


class RateTable(Table):
    """All tax rates, shipping rates, or automatic promotions that are active, in one document.

    An order reads each with one key.
    """

    class Meta:
        table_name = _tables.rates_table

    name = UnicodeAttribute(hash_key=True)  # TAX_RATES, SHIPPING_RATES or AUTOMATIC_PROMOTIONS
    document = UnicodeAttribute()  # JSON
    version = NumberAttribute()
    updated_at = UTCDateTimeAttribute()
    updated_by = UnicodeAttribute()  # a user's id


class PromotionsByNewest(LocalSecondaryIndex["Promotion"]):
    """Sparse: promotions have `listed_at`, their uses by customer do not."""

    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    partition = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Promotion(Table):
    """A discount, by a code or automatic.

    All share one partition: a shop has hundreds, not millions.
    """

    class Meta:
        table_name = _tables.promotions_table

    partition = UnicodeAttribute(hash_key=True)  # PROMOTIONS
    code = UnicodeAttribute(range_key=True)  # upper case
    listed_at = UnicodeAttribute()  # created_at#code
    kind = UnicodeAttribute()  # percent, fixed, free_shipping
    name = UnicodeAttribute(null=True)  # for buyers
    is_automatic = BooleanAttribute(default=False)  # applies without its code
    percent = NumberAttribute(null=True)  # can have decimals
    amount_minor = NumberAttribute(null=True)
    minimum_minor = NumberAttribute(null=True)  # the least value of the items that it applies to
    # Lists of `categories`, `product_ids` and `skus`; null: it applies to all products.
    applies_to_json = JSONAttribute(null=True, attr_name="applies_to")
    currency = UnicodeAttribute(null=True)  # of both amounts
    starts_at = UTCDateTimeAttribute(null=True)
    ends_at = UTCDateTimeAttribute(null=True)
    is_active = BooleanAttribute()
    uses_max = NumberAttribute(null=True)
    uses_per_customer_max = NumberAttribute(null=True)
    used = NumberAttribute(default=0)  # counted only while there is a `uses_max`
    description = UnicodeAttribute(default="")
    created_at = UTCDateTimeAttribute()
    version = NumberAttribute()  # grows when staff change it, not with `used`

    by_newest = PromotionsByNewest()


class PromotionUse(Table):
    """How often one customer has used a code that limits the uses of each customer."""

    class Meta:
        table_name = _tables.promotions_table

    shares_table_with = Promotion

    partition = UnicodeAttribute(hash_key=True)  # the customer's id
    code = UnicodeAttribute(range_key=True)
    used = NumberAttribute()
