"""Orders, at the prices they were placed at, with their payment, refunds, returns and history."""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table
from shared.storage.models.order_indexes import (
    OrdersByBuyer,
    OrdersByExpiry,
    OrdersByGuest,
    OrdersByMonth,
    OrdersBySettlement,
    OrdersByStatus,
)

_tables = settings(Tables)

GUEST_PREFIX = "gst"  # of the id of a guest, who ordered without an account
AWAITS_PAYMENT = "payment"  # the one value of `awaits`
SETTLEMENT_OPEN = "open"  # the one value of `settlement`


class OrderTax(Document):
    """One of the taxes on a line, or on the whole order."""

    name = UnicodeAttribute()
    rate_ppm = NumberAttribute(null=True)  # null: an older order, which may have had several
    amount_minor = NumberAttribute()

    def find_rate(self) -> int | None:
        return _whole(self.rate_ppm)


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
    tax_minor = NumberAttribute(default=0)  # of all taxes
    taxes = ListAttribute(of=OrderTax, default=list)
    # The product's when the order was placed. It decides what happens to the units later.
    stock_policy = UnicodeAttribute(default="tracked")
    backordered = NumberAttribute(default=0)  # units that were not in stock then
    # Units still allocated, by stock shard; empty once they are shipped, and if `untracked`.
    allocations_json = JSONAttribute(default=dict, attr_name="allocations")
    returned = NumberAttribute(default=0)  # units that are back (in stock, unless `untracked`)
    weight_grams = NumberAttribute(null=True)  # of one unit, if the product had a weight
    cancelled = NumberAttribute(null=True)  # units that will not ship; older releases count none

    def list_taxes(self) -> list[OrderTax]:
        """Of a line from before Souk stored each tax, the one that it had."""
        return list(self.taxes) or _one_tax(self.tax_minor, int(self.tax_rate_ppm))


class OrderTotals(Document):
    items_minor = NumberAttribute()
    discount_minor = NumberAttribute()
    shipping_minor = NumberAttribute()
    tax_minor = NumberAttribute()  # of all taxes, on lines and shipping
    taxes = ListAttribute(of=OrderTax, default=list)  # by name and rate
    shipping_tax_minor = NumberAttribute(null=True)  # the shipping's part of `tax_minor`
    total_minor = NumberAttribute()

    def list_taxes(self) -> list[OrderTax]:
        """Of an order from before Souk stored each tax, one sum of all rates."""
        return list(self.taxes) or _one_tax(self.tax_minor, None)

    def find_shipping_tax(self) -> int | None:
        """Minor units. None: an order from before Souk stored it."""
        return _whole(self.shipping_tax_minor)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _one_tax(amount_minor: float, rate_ppm: int | None) -> list[OrderTax]:
    if not amount_minor:
        return []
    return [OrderTax(name="Tax", rate_ppm=rate_ppm, amount_minor=amount_minor)]


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
    buyer_id = UnicodeAttribute(null=True)  # the new one, of a `buyer_changed`


class OrderPromotion(Document):
    """The promotion that the order used, and the usage counts that include the order."""

    code = UnicodeAttribute()
    name = UnicodeAttribute(null=True)  # that staff gave it for buyers
    is_automatic = BooleanAttribute(default=False)  # nobody sent its code
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
    text = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()


class OrderShipment(Document):
    """A parcel. What is null was not stored by the releases that shipped orders as a whole."""

    carrier = UnicodeAttribute()
    tracking_number = UnicodeAttribute(null=True)
    tracking_url = UnicodeAttribute(null=True)
    shipment_id = UnicodeAttribute(null=True)  # derived from the order and the Idempotency-Key
    quantities_json = JSONAttribute(null=True, attr_name="quantities")  # by product
    by = UnicodeAttribute(null=True)
    at = UTCDateTimeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)  # of the request
    version = NumberAttribute(null=True)


class OrderCancellation(Document):
    """Units that staff cancelled before they were shipped."""

    cancellation_id = UnicodeAttribute()  # derived from the order and the Idempotency-Key
    quantities_json = JSONAttribute(attr_name="quantities")  # by product
    amount_minor = NumberAttribute()  # what the buyer need not pay, or gets back
    tax_minor = NumberAttribute()  # the tax in it
    taxes = ListAttribute(of=OrderTax, default=list)  # each of them
    refund_id = UnicodeAttribute(null=True)  # none if nothing was received, or by staff
    reason = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request


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
    own_hold = UnicodeAttribute(null=True)  # which of them is its buyer's; older orders have none
    settlement = UnicodeAttribute(null=True)  # SETTLEMENT_OPEN, if the provider has work left
    settlement_due_at = UTCDateTimeAttribute(null=True)  # and when to look at it
    payment: OrderPayment | None = OrderPayment(null=True)
    refunds = ListAttribute(of=OrderRefund, default=list)
    disputes = ListAttribute(of=OrderDispute, default=list)
    returns = ListAttribute(of=OrderReturn, default=list)
    shipments = ListAttribute(of=OrderShipment, default=list)
    shipment: OrderShipment | None = OrderShipment(null=True)  # the latest; older releases read it
    cancellations = ListAttribute(of=OrderCancellation, default=list)
    notes = ListAttribute(of=OrderNote, default=list)  # only staff see them
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
