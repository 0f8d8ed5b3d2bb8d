"""What an order depends on, as read from the tables. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orders.pricing.rate_tables import ShippingRates, TaxRates
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion


@dataclass(frozen=True, slots=True)
class AppliedCode:
    """The promotion code that a buyer sent, and what is stored about it."""

    code: str
    promotion: Promotion | None  # None: there is no such code
    used_by_customer: int


@dataclass(frozen=True, slots=True)
class PricingRules:
    """What the shop charges on top of its prices, and the code that reduces them."""

    tax_rates: TaxRates
    shipping_rates: ShippingRates
    applied_code: AppliedCode | None = None


@dataclass(frozen=True, slots=True)
class PricingInputs:
    products: Mapping[str, Product]  # by product id; only products that exist
    rules: PricingRules
    # Units by product, where they were read. Of a stock with several shards it is an estimate.
    available: Mapping[str, int] = field(default_factory=dict)
