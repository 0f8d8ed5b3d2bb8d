"""What an order costs in all. Pure.

| total | is |
|---|---|
| items | the price of the lines before discounts |
| discount | the promotion's part of it |
| shipping | by zone, for the value of the items after discounts, or for their weight |
| tax | of each line after its discount, and of shipping |
| total | items - discount + shipping, plus tax where prices do not include it |
"""

from collections.abc import Mapping

from orders.pricing import discounts
from orders.pricing.inputs import AppliedCode, PricingInputs
from orders.pricing.rate_tables import ShippingZone, ShipTo, TaxDestination, weigh
from shared.errors.orders import AmountTooLarge, MixedCurrencies, UnknownProducts, UnknownPromotion
from shared.money import AMOUNT_MINOR_MAX, Money
from shared.records import Record
from shared.storage.models.catalog import BACKORDER, Product
from shared.storage.models.orders import OrderLine, OrderTotals
from shared.storage.models.pricing import Promotion


class Quote(Record):
    lines: list[OrderLine]
    totals: OrderTotals
    currency: str
    tax_included: bool
    promotion: Promotion | None
    shipping_zone: str | None

    @property
    def total(self) -> Money:
        return Money(amount_minor=int(self.totals.total_minor), currency=self.currency)


def price_order(quantities: Mapping[str, int], inputs: PricingInputs, ship_to: ShipTo) -> Quote:
    """Price these quantities, by product, at the prices and rates in `inputs`.

    Raises UnknownProducts, MixedCurrencies, UnknownPromotion, NoShippingRate, AmountTooLarge and
    what `discounts.require_applicable` does.
    """
    rules = inputs.rules
    currency = _require_for_sale(quantities, inputs.products)
    lines = [
        _line(inputs.products[product_id], quantity, inputs.available.get(product_id, 0))
        for product_id, quantity in quantities.items()
    ]
    items_minor = sum(int(line.line_total_minor) for line in lines)
    _require_plausible(items_minor)
    promotion = _applicable_promotion(rules.applied_code, items_minor, currency)
    destination = rules.tax_rates.destination(ship_to)
    _apply_discount(lines, promotion)
    _apply_tax(lines, destination)
    zone = rules.shipping_rates.zone(ship_to.country, currency)
    totals = _totals(lines, _shipping_minor(lines, zone, promotion), destination)
    _require_plausible(int(totals.total_minor))
    return Quote(
        lines,
        totals,
        currency,
        destination.prices_include_tax,
        promotion,
        zone.name if zone else None,
    )


def _require_for_sale(quantities: Mapping[str, int], products: Mapping[str, Product]) -> str:
    """The currency that the products share. Raises UnknownProducts and MixedCurrencies."""
    for_sale = {
        product_id for product_id, product in products.items() if product.status == "active"
    }
    unknown = [product_id for product_id in quantities if product_id not in for_sale]
    if unknown:
        raise UnknownProducts(product_ids=unknown)
    currencies = sorted({product.currency for product in products.values()})
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=currencies)
    return currencies[0]


def _line(product: Product, quantity: int, available: int) -> OrderLine:
    """At the product's price, before discount and tax, with the units that are not in stock."""
    unit_price_minor = int(product.price_minor)
    is_backorder = product.stock_policy == BACKORDER
    return OrderLine(
        product_id=product.product_id,
        sku=product.sku,
        name=product.name,
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        line_total_minor=unit_price_minor * quantity,
        tax_class=product.tax_class,
        weight_grams=product.weight_grams,
        stock_policy=product.stock_policy,
        backordered=max(0, quantity - max(0, available)) if is_backorder else 0,
    )


def _applicable_promotion(
    applied: AppliedCode | None, items_minor: int, currency: str
) -> Promotion | None:
    if applied is None:
        return None
    promotion = applied.promotion
    # Newer code may have kinds of which this code does not know the discount. A code that starts
    # later is secret until then.
    if (
        promotion is None
        or not promotion.is_active
        or promotion.kind not in discounts.KINDS
        or not discounts.has_started(promotion)
    ):
        raise UnknownPromotion(promotion_code=applied.code)
    discounts.require_applicable(
        promotion, items_minor, currency, used_by_customer=applied.used_by_customer
    )
    return promotion


def _apply_discount(lines: list[OrderLine], promotion: Promotion | None) -> None:
    totals = {line.product_id: int(line.line_total_minor) for line in lines}
    by_product = discounts.discount_by_product(promotion, totals)
    for line in lines:
        line.discount_minor = by_product[line.product_id]


def _apply_tax(lines: list[OrderLine], destination: TaxDestination) -> None:
    for line in lines:
        charged_minor = int(line.line_total_minor) - int(line.discount_minor)
        line.tax_rate_ppm = destination.rate_ppm(line.tax_class)
        line.tax_minor = destination.tax_minor(charged_minor, line.tax_class)


def _shipping_minor(
    lines: list[OrderLine], zone: ShippingZone | None, promotion: Promotion | None
) -> int:
    if zone is None or discounts.is_free_shipping(promotion):
        return 0
    items_minor = sum(int(line.line_total_minor) - int(line.discount_minor) for line in lines)
    return zone.price_minor(items_minor, weigh(lines))


def _totals(
    lines: list[OrderLine], shipping_minor: int, destination: TaxDestination
) -> OrderTotals:
    items_minor = sum(int(line.line_total_minor) for line in lines)
    discount_minor = sum(int(line.discount_minor) for line in lines)
    tax_minor = sum(int(line.tax_minor) for line in lines)
    tax_minor += destination.shipping_tax_minor(shipping_minor)
    added_tax_minor = 0 if destination.prices_include_tax else tax_minor
    return OrderTotals(
        items_minor=items_minor,
        discount_minor=discount_minor,
        shipping_minor=shipping_minor,
        tax_minor=tax_minor,
        total_minor=items_minor - discount_minor + shipping_minor + added_tax_minor,
    )


def _require_plausible(amount_minor: int) -> None:
    if amount_minor > AMOUNT_MINOR_MAX:
        raise AmountTooLarge(amount_minor_max=AMOUNT_MINOR_MAX)
