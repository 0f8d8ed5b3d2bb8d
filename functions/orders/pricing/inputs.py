"""What an order depends on, as read from the tables. Pure."""

from collections.abc import Mapping
from dataclasses import field

from orders.pricing.rate_tables import ShippingRates, TaxRates
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion
from shared.storage.rate_limits import HourlyCounter


class SentCode(Record):
    """The promotion code that a buyer sent, and the counter of unknown codes that limits it."""

    code: str
    customer_id: str | None  # whose uses of the code count; without one, no use is looked up
    guesses: HourlyCounter


class AppliedCode(Record):
    """The promotion code that a buyer sent, and what is stored about it."""

    code: str
    promotion: Promotion | None  # None: there is no such code
    used_by_customer: int


class PricingRules(Record):
    """What the shop charges on top of its prices, and the promotions that reduce them."""

    tax_rates: TaxRates
    shipping_rates: ShippingRates
    applied_code: AppliedCode | None = None
    automatic: tuple[Promotion, ...] = ()  # also those that have not started, or have ended


class PricingInputs(Record):
    products: Mapping[str, Product]  # by product id; only products that exist
    rules: PricingRules
    # Units by product, if it has stock. Of a stock with several shards it is an estimate.
    available: Mapping[str, int] = field(default_factory=dict)
