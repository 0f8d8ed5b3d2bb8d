"""What a shop charges beside its prices, and what it lets off: its staff's to change."""

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, LocalSecondaryIndex

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class RateTable(Table):
    """All tax rates, or all shipping rates: one document, so that an order has them all at once."""

    class Meta:
        table_name = _tables.rates_table

    name = UnicodeAttribute(hash_key=True)  # tax or shipping
    document = UnicodeAttribute()  # JSON
    version = NumberAttribute()
    updated_at = UTCDateTimeAttribute()
    updated_by = UnicodeAttribute()


class PromotionsByNewest(LocalSecondaryIndex["Promotion"]):
    """Sparse: the promotions themselves, without their uses."""

    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    kept_as = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Promotion(Table):
    """A code that takes something off. All are one partition: a shop has hundreds, not millions."""

    class Meta:
        table_name = _tables.promotions_table

    kept_as = UnicodeAttribute(hash_key=True)  # PROMOTIONS
    code = UnicodeAttribute(range_key=True)  # upper case
    listed_at = UnicodeAttribute()  # created_at#code
    kind = UnicodeAttribute()  # percent, fixed, free_shipping
    percent = NumberAttribute(null=True)
    amount_minor = NumberAttribute(null=True)
    minimum_minor = NumberAttribute(null=True)  # that the items cost at least
    currency = UnicodeAttribute(null=True)  # of both amounts
    starts_at = UTCDateTimeAttribute(null=True)
    ends_at = UTCDateTimeAttribute(null=True)
    is_active = BooleanAttribute()
    uses_max = NumberAttribute(null=True)
    uses_per_customer_max = NumberAttribute(null=True)
    used = NumberAttribute(default=0)  # counted only while there is a `uses_max`
    description = UnicodeAttribute(default="")
    created_at = UTCDateTimeAttribute()
    version = NumberAttribute()  # of all but `used`

    by_newest = PromotionsByNewest()


class PromotionUse(Table):
    """How often a customer has used a code that each may use so often."""

    class Meta:
        table_name = _tables.promotions_table

    shares_table_with = Promotion

    kept_as = UnicodeAttribute(hash_key=True)  # the customer's id
    code = UnicodeAttribute(range_key=True)
    used = NumberAttribute()


PROMOTIONS = "promotions"
