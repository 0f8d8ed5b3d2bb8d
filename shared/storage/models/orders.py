"""Orders, at the prices they were placed at, with their payment, refunds, returns and history."""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table

_tables = settings(Tables)

GUEST_PREFIX = "gst"  # of the id of a guest, who ordered without an account
AWAITS_PAYMENT = "payment"  # the one value of `awaits`
SETTLEMENT_OPEN = "open"  # the one value of `settlement`


class OrderLine(Document):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    quantity = NumberAttribute()
    unit_price_minor = NumberAttribute()
    line_total_minor = NumberAttribute()  # before the discount
    discount_minor = NumberAttribute(default=0)  # the line's share of the order's discount
    tax_class = UnicodeAttribute(default="standard")
    tax_rate_ppm = NumberAttribute(default=0)  # parts per million: 190000 is 19 %
    tax_minor = NumberAttribute(default=0)
    # The product's when the order was placed. It decides what happens to the units later.
    stock_policy = UnicodeAttribute(default="tracked")
    backordered = NumberAttribute(default=0)  # units that were not in stock then
    # Units still allocated, by stock shard; empty once they are shipped, and if `untracked`.
    allocations_json = JSONAttribute(default=dict, attr_name="allocations")
    returned = NumberAttribute(default=0)  # units that are back (in stock, unless `untracked`)
    weight_grams = NumberAttribute(null=True)  # of one unit, if the product had a weight

    @property
    def unit_grams(self) -> int | None:
        grams: float | None = self.weight_grams
        return None if grams is None else int(grams)


class OrderTotals(Document):
    items_minor = NumberAttribute()
    discount_minor = NumberAttribute()
    shipping_minor = NumberAttribute()
    tax_minor = NumberAttribute()
    total_minor = NumberAttribute()


class ShippingAddress(Document):
    name = UnicodeAttribute()
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute()  # empty where the country has none, as is the city
    city = UnicodeAttribute()
    region = UnicodeAttribute(null=True)
    country = UnicodeAttribute()
    company = UnicodeAttribute(null=True)
    region_code = UnicodeAttribute(null=True)  # of ISO 3166-2; null if the region is not known
    phone = UnicodeAttribute(null=True)


class OrderStep(Document):
    """One entry of an order's history."""

    status = UnicodeAttribute()
    event = UnicodeAttribute(null=True)  # what happened, if the status did not change
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()  # the id of a user or a guest, `payments` or `shop`
    reason = UnicodeAttribute(null=True)


class OrderPromotion(Document):
    """The code that the order used, and the usage counts that include the order."""

    code = UnicodeAttribute()
    is_counted = BooleanAttribute(default=False)  # in the code's `used`
    counted_for = UnicodeAttribute(null=True)  # a customer's id, if uses per customer are limited


class OrderPayment(Document):
    """What was received for the order: through a provider, or manually by staff."""

    provider = UnicodeAttribute(null=True)  # none for a manual payment
    payment_id = UnicodeAttribute(null=True)  # the provider's id
    status = UnicodeAttribute(null=True)  # started, authorized, captured, void
    captured_minor = NumberAttribute(default=0)
    manual_minor = NumberAttribute(default=0)
    reference = UnicodeAttribute(null=True)  # staff's reference of a manual payment


class OrderRefund(Document):
    refund_id = UnicodeAttribute()  # derived from the order and the Idempotency-Key
    amount_minor = NumberAttribute()
    status = UnicodeAttribute()  # requested, succeeded, failed
    is_manual = BooleanAttribute(default=False)  # paid back by staff, not by the provider
    reason = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    provider_refund_id = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)  # of the request


class OrderDispute(Document):
    """The buyer's bank claims the payment, or a part of it, back."""

    dispute_id = UnicodeAttribute()  # the provider's
    amount_minor = NumberAttribute()
    status = UnicodeAttribute()  # the provider's word
    reason = UnicodeAttribute()  # the provider's word
    reported_at = UTCDateTimeAttribute()  # of the latest report, by the provider's clock


class OrderReturn(Document):
    return_id = UnicodeAttribute()  # derived from the order and the Idempotency-Key
    quantities_json = JSONAttribute(attr_name="quantities")  # by product
    reason = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request


class OrderNote(Document):
    """Only staff see it."""

    text = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()


class OrderShipment(Document):
    carrier = UnicodeAttribute()
    tracking_number = UnicodeAttribute(null=True)


class OrdersByBuyer(GlobalSecondaryIndex["Order"]):
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
    """All orders by date. Each month is a partition, so that no partition grows without bound."""

    class Meta:
        index_name = "by_month"
        projection = KeysOnlyProjection()

    placed_month = UnicodeAttribute(hash_key=True)  # 2026-11
    placed_at = UTCDateTimeAttribute(range_key=True)


class OrdersByExpiry(GlobalSecondaryIndex["Order"]):
    """Sparse: only orders that await their payment, the first to expire first."""

    class Meta:
        index_name = "by_expiry"
        projection = KeysOnlyProjection()

    awaits = UnicodeAttribute(hash_key=True)
    expires_at = UTCDateTimeAttribute(range_key=True)


class OrdersBySettlement(GlobalSecondaryIndex["Order"]):
    """Sparse: only orders that need something from the payment provider, the first due first."""

    class Meta:
        index_name = "by_settlement"
        projection = KeysOnlyProjection()

    settlement = UnicodeAttribute(hash_key=True)
    settlement_due_at = UTCDateTimeAttribute(range_key=True)


class OrdersByGuest(GlobalSecondaryIndex["Order"]):
    """Sparse: guests' orders, until they are linked to an account or anonymized."""

    class Meta:
        index_name = "by_guest"
        projection = KeysOnlyProjection()

    guest_email = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class Order(Table):
    class Meta:
        table_name = _tables.orders_table

    order_id = UnicodeAttribute(hash_key=True)  # derived from the buyer and their Idempotency-Key
    buyer_id = UnicodeAttribute()  # the id of a user, or of a guest (`gst_...`)
    guest_email = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    currency = UnicodeAttribute()
    lines = ListAttribute(of=OrderLine)
    totals = OrderTotals()
    tax_included = BooleanAttribute(default=False)  # whether the prices include the tax
    promotion: OrderPromotion | None = OrderPromotion(null=True)
    shipping_address = ShippingAddress()
    history = ListAttribute(of=OrderStep)
    placed_at = UTCDateTimeAttribute()
    placed_month = UnicodeAttribute()
    awaits = UnicodeAttribute(null=True)  # AWAITS_PAYMENT, until it is paid or finished
    expires_at = UTCDateTimeAttribute(null=True)  # while it awaits payment
    # While it awaits payment: the units that it adds to counters of held stock, by counter.
    holds_json = JSONAttribute(null=True, attr_name="holds")
    # SETTLEMENT_OPEN while the payment provider has something left to do, and when to look at it.
    settlement = UnicodeAttribute(null=True)
    settlement_due_at = UTCDateTimeAttribute(null=True)
    payment: OrderPayment | None = OrderPayment(null=True)
    refunds = ListAttribute(of=OrderRefund, default=list)
    disputes = ListAttribute(of=OrderDispute, default=list)
    returns = ListAttribute(of=OrderReturn, default=list)
    shipment: OrderShipment | None = OrderShipment(null=True)
    notes = ListAttribute(of=OrderNote, default=list)
    fingerprint = UnicodeAttribute()  # of the request that placed it
    request_id = UnicodeAttribute(null=True)  # of that request; older orders have none
    # The buyer's account was deleted; a paid order keeps its address until its status changes.
    awaits_anonymization = BooleanAttribute(default=False)
    version = NumberAttribute()

    by_buyer = OrdersByBuyer()
    by_status = OrdersByStatus()
    by_month = OrdersByMonth()
    by_expiry = OrdersByExpiry()
    by_settlement = OrdersBySettlement()
    by_guest = OrdersByGuest()
