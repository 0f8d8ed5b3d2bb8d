"""Orders, with the prices that they were placed at."""

from typing import Any

from pynamodb.attributes import (
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.dynamo import Table

_tables = settings(Tables)


class OrderLine(MapAttribute[str, Any]):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    quantity = NumberAttribute()
    unit_price_minor = NumberAttribute()
    line_total_minor = NumberAttribute()


class OrderTotals(MapAttribute[str, Any]):
    items_minor = NumberAttribute()
    discount_minor = NumberAttribute()
    shipping_minor = NumberAttribute()
    tax_minor = NumberAttribute()
    total_minor = NumberAttribute()


class ShippingAddress(MapAttribute[str, Any]):
    name = UnicodeAttribute()
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute()
    city = UnicodeAttribute()
    region = UnicodeAttribute(null=True)
    country = UnicodeAttribute()


class OrderStep(MapAttribute[str, Any]):
    """One entry of an order's history: what it became, when, and through whom."""

    status = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()


class ByBuyer(GlobalSecondaryIndex["Order"]):
    class Meta:
        index_name = "by_buyer"
        projection = AllProjection()

    buyer_id = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class Order(Table):
    class Meta:
        table_name = _tables.orders_table

    order_id = UnicodeAttribute(hash_key=True)  # derived from the buyer and their Idempotency-Key
    buyer_id = UnicodeAttribute()
    status = UnicodeAttribute()
    currency = UnicodeAttribute()
    lines = ListAttribute(of=OrderLine)
    totals = OrderTotals()
    shipping_address = ShippingAddress()
    history = ListAttribute(of=OrderStep)
    placed_at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request that placed it
    version = NumberAttribute()

    by_buyer = ByBuyer()
