"""Orders, with the prices that they were placed at, and all that became of them."""

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class OrderLine(MapAttribute[str, Any]):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    quantity = NumberAttribute()
    unit_price_minor = NumberAttribute()
    line_total_minor = NumberAttribute()  # before its discount
    discount_minor = NumberAttribute(default=0)  # its share of the order's
    tax_class = UnicodeAttribute(default="standard")
    tax_rate_ppm = NumberAttribute(default=0)  # parts per million: 190000 is 19 %
    tax_minor = NumberAttribute(default=0)
    # How many from which shard of the stock are still on order: none once they are shipped.
    taken_json = JSONAttribute(default=dict, attr_name="taken")
    returned = NumberAttribute(default=0)  # units that are back in stock


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
    """One entry of an order's history: what it became, when, through whom, and why."""

    status = UnicodeAttribute()
    event = UnicodeAttribute(null=True)  # what happened, if the order is what it was before
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()  # a user, a guest, `payments` or `shop`
    reason = UnicodeAttribute(null=True)


class OrderPromotion(MapAttribute[str, Any]):
    """The code that the order used, and whose counts it was entered in."""

    code = UnicodeAttribute()
    is_counted = BooleanAttribute(default=False)  # in all uses of the code
    counted_for = UnicodeAttribute(null=True)  # the customer, where each has a limit


class OrderPayment(MapAttribute[str, Any]):
    """What was received for the order, and through whom."""

    provider = UnicodeAttribute(null=True)  # none if it was paid by hand alone
    payment_id = UnicodeAttribute(null=True)  # the provider's
    # started, authorized, captured, or void: nothing will come of it
    status = UnicodeAttribute(null=True)
    captured_minor = NumberAttribute(default=0)
    manual_minor = NumberAttribute(default=0)
    reference = UnicodeAttribute(null=True)  # of what was paid by hand


class OrderRefund(MapAttribute[str, Any]):
    refund_id = UnicodeAttribute()  # derived from the order and the Idempotency-Key
    amount_minor = NumberAttribute()
    status = UnicodeAttribute()  # requested, succeeded, failed
    is_manual = BooleanAttribute(default=False)  # of what was paid by hand
    reason = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    provider_refund_id = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)  # of the request that asked for it


class OrderReturn(MapAttribute[str, Any]):
    return_id = UnicodeAttribute()  # derived from the order and the Idempotency-Key
    quantities_json = JSONAttribute(attr_name="quantities")  # by product
    reason = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request


class OrderNote(MapAttribute[str, Any]):
    """Staff's own: no buyer is shown it."""

    text = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()


class OrderShipment(MapAttribute[str, Any]):
    carrier = UnicodeAttribute()
    tracking_number = UnicodeAttribute(null=True)


class ByBuyer(GlobalSecondaryIndex["Order"]):
    class Meta:
        index_name = "by_buyer"
        projection = AllProjection()

    buyer_id = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByStatus(GlobalSecondaryIndex["Order"]):
    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByMonth(GlobalSecondaryIndex["Order"]):
    """All orders by date: a month is a partition, so that none grows for ever."""

    class Meta:
        index_name = "by_month"
        projection = KeysOnlyProjection()

    placed_month = UnicodeAttribute(hash_key=True)  # 2026-11
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByExpiry(GlobalSecondaryIndex["Order"]):
    """Sparse: those alone that wait for their payment, the first to expire first."""

    class Meta:
        index_name = "by_expiry"
        projection = KeysOnlyProjection()

    awaits = UnicodeAttribute(hash_key=True)
    expires_at = UTCDateTimeAttribute(range_key=True)


class OrdersByGuest(GlobalSecondaryIndex["Order"]):
    """Sparse: orders without an account, until its address registers."""

    class Meta:
        index_name = "by_guest"
        projection = KeysOnlyProjection()

    guest_email = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class Order(Table):
    class Meta:
        table_name = _tables.orders_table

    order_id = UnicodeAttribute(hash_key=True)  # derived from the buyer and their Idempotency-Key
    buyer_id = UnicodeAttribute()  # a user's, or `gst_...`
    guest_email = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    currency = UnicodeAttribute()
    lines = ListAttribute(of=OrderLine)
    totals = OrderTotals()
    tax_included = BooleanAttribute(default=False)  # whether the prices have the tax in them
    promotion: OrderPromotion | None = OrderPromotion(null=True)
    shipping_address = ShippingAddress()
    history = ListAttribute(of=OrderStep)
    placed_at = UTCDateTimeAttribute()
    placed_month = UnicodeAttribute()
    awaits = UnicodeAttribute(null=True)  # AWAITS_PAYMENT, or nothing
    expires_at = UTCDateTimeAttribute(null=True)  # unless it is paid
    payment: OrderPayment | None = OrderPayment(null=True)
    refunds = ListAttribute(of=OrderRefund, default=list)
    returns = ListAttribute(of=OrderReturn, default=list)
    shipment: OrderShipment | None = OrderShipment(null=True)
    notes = ListAttribute(of=OrderNote, default=list)
    fingerprint = UnicodeAttribute()  # of the request that placed it
    is_erased_when_sent = BooleanAttribute(default=False)  # its buyer's account was deleted
    version = NumberAttribute()

    by_buyer = ByBuyer()
    by_status = OrdersByStatus()
    by_month = OrdersByMonth()
    by_expiry = OrdersByExpiry()
    by_guest = OrdersByGuest()


AWAITS_PAYMENT = "payment"
