"""What an order costs in all. Pure.

| total | is |
|---|---|
| items | what the lines cost before discounts |
| discount | what a promotion takes off them |
| shipping | by zone, for what the items cost after discounts |
| tax | of each line after its discount, and of shipping |
| total | items - discount + shipping, and the tax where prices do not include it |
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.pricing import discounts, shipping, taxes
from orders.pricing.discounts import AppliedCode
from orders.pricing.lines import line, require_for_sale
from orders.pricing.rates.schemas import Destination, ShippingRates, TaxRates
from orders.schemas import Address, PartOfAddress
from shared.errors.orders import AmountTooLarge
from shared.money import AMOUNT_MINOR_MAX, Money
from shared.storage.models.catalog import Product
from shared.storage.models.orders import OrderLine, OrderTotals
from shared.storage.models.pricing import Promotion


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shop charges beside its prices, and what a code takes off."""

    tax: TaxRates
    shipping: ShippingRates
    presented: AppliedCode | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    lines: list[OrderLine]
    totals: OrderTotals
    currency: str
    tax_included: bool
    promotion: Promotion | None
    shipping_zone: str | None

    @property
    def total(self) -> Money:
        return Money(amount_minor=int(self.totals.total_minor), currency=self.currency)


def price(
    quantities: Mapping[str, int],
    products: Mapping[str, Product],
    terms: Terms,
    address: Address | PartOfAddress,
) -> Quote:
    """At today's prices and terms.

    Raises UnknownProducts, MixedCurrencies, NoShippingRate, AmountTooLarge and what
    `promotions.require_usable` does.
    """
    currency = require_for_sale(quantities, products)
    lines = [line(products[key], quantity) for key, quantity in quantities.items()]
    items_minor = sum(int(it.line_total_minor) for it in lines)
    _require_real(items_minor)
    promotion = discounts.require_usable(terms.presented, items_minor, currency)
    destination = taxes.destination(terms.tax, address.country, address.region)
    _apply_discount(lines, promotion)
    _tax(lines, destination)
    zone = shipping.zone(terms.shipping, address.country, currency)
    goods_minor = items_minor - sum(int(it.discount_minor) for it in lines)
    ships_free = discounts.ships_free(promotion)
    shipping_minor = 0 if ships_free else shipping.price_minor(zone, goods_minor)
    totals = _totals(lines, shipping_minor, destination)
    _require_real(int(totals.total_minor))
    tax_included = taxes.is_included(destination)
    return Quote(lines, totals, currency, tax_included, promotion, zone.name if zone else None)


def _apply_discount(lines: list[OrderLine], promotion: Promotion | None) -> None:
    totals = {it.product_id: int(it.line_total_minor) for it in lines}
    discount_by_product = discounts.discounts(promotion, totals)
    for order_line in lines:
        order_line.discount_minor = discount_by_product[order_line.product_id]


def _tax(lines: list[OrderLine], destination: Destination | None) -> None:
    for it in lines:
        charged_minor = int(it.line_total_minor) - int(it.discount_minor)
        it.tax_rate_ppm = taxes.rate_ppm(destination, it.tax_class)
        it.tax_minor = taxes.tax_minor(charged_minor, it.tax_class, destination)


def _totals(
    lines: list[OrderLine], shipping_minor: int, destination: Destination | None
) -> OrderTotals:
    items_minor = sum(int(it.line_total_minor) for it in lines)
    discount_minor = sum(int(it.discount_minor) for it in lines)
    tax_minor = sum(int(it.tax_minor) for it in lines)
    tax_minor += taxes.tax_of_shipping(shipping_minor, destination)
    on_top_minor = 0 if taxes.is_included(destination) else tax_minor
    return OrderTotals(
        items_minor=items_minor,
        discount_minor=discount_minor,
        shipping_minor=shipping_minor,
        tax_minor=tax_minor,
        total_minor=items_minor - discount_minor + shipping_minor + on_top_minor,
    )


def _require_real(amount_minor: int) -> None:
    if amount_minor > AMOUNT_MINOR_MAX:
        raise AmountTooLarge(
            "This order is too large to be real.", amount_minor_max=AMOUNT_MINOR_MAX
        )
