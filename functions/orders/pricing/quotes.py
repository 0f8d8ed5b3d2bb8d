"""What an order costs in all. Pure.

| total | is |
|---|---|
| items | the price of the lines before discounts |
| discount | the promotion's part of it |
| shipping | by zone, for the value of the items after discounts, or for their weight |
| tax | of each line after its discount, and of shipping |
| total | items - discount + shipping, plus tax where prices do not include it |
"""

from collections.abc import Iterable, Mapping

from orders.pricing import discounts
from orders.pricing.inputs import AppliedCode, PricingInputs
from orders.pricing.rate_tables import ShippingZone, ShipTo, TaxDestination, weigh
from orders.pricing.taxes import ChargedTax, group_taxes, sum_taxes
from shared.errors.orders import AmountTooLarge, MixedCurrencies, UnknownProducts
from shared.errors.promotions import UnknownPromotion
from shared.money import AMOUNT_MINOR_MAX, Money
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.orders import OrderLine, OrderTax, OrderTotals
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

    The promotion is the one with the lowest total: that of the code which the buyer sent, or an
    automatic one. At equal totals it is the code's, and without a code none.

    Raises UnknownProducts, MixedCurrencies, UnknownPromotion, UnknownRegion, NoTaxRate,
    NoShippingRate, AmountTooLarge and what `discounts.require_applicable` does.
    """
    rules = inputs.rules
    currency = _require_for_sale(quantities, inputs.products)
    items = {
        product_id: int(inputs.products[product_id].price_minor) * quantity
        for product_id, quantity in quantities.items()
    }
    _require_plausible(sum(items.values()))
    sent = _applicable_promotion(rules.applied_code, inputs.products, items, currency)
    automatic = discounts.list_applicable(rules.automatic, inputs.products, items, currency)
    destination = rules.tax_rates.destination(ship_to)
    zone = rules.shipping_rates.zone(ship_to.country, currency)
    basket = _Basket(quantities, inputs, items, currency)
    quotes = [_quote(basket, destination, zone, each) for each in (sent, *automatic)]
    cheapest = min(quotes, key=lambda quote: int(quote.totals.total_minor))
    _require_plausible(int(cheapest.totals.total_minor))
    return cheapest


class _Basket(Record):
    quantities: Mapping[str, int]
    inputs: PricingInputs
    items: discounts.Totals
    currency: str


def _quote(
    basket: _Basket,
    destination: TaxDestination,
    zone: ShippingZone | None,
    promotion: Promotion | None,
) -> Quote:
    products, available = basket.inputs.products, basket.inputs.available
    lines = [
        _line(products[product_id], quantity, available.get(product_id, 0))
        for product_id, quantity in basket.quantities.items()
    ]
    if promotion:
        eligible = discounts.find_eligible(promotion, products, basket.items)
        _apply_discount(lines, promotion, eligible, destination)
    apply_tax(lines, destination)
    totals = compute_totals(lines, _shipping_minor(lines, zone, promotion), destination)
    return Quote(
        lines,
        totals,
        basket.currency,
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
        backordered=product.beyond_stock(quantity, available),
    )


def _applicable_promotion(
    applied: AppliedCode | None,
    products: Mapping[str, Product],
    items: discounts.Totals,
    currency: str,
) -> Promotion | None:
    if applied is None:
        return None
    promotion = applied.promotion
    # A code that starts later is secret until then. An automatic promotion has no code for buyers.
    if promotion is None or promotion.is_automatic or not discounts.is_usable(promotion):
        raise UnknownPromotion(promotion_code=applied.code)
    eligible = discounts.find_eligible(promotion, products, items)
    discounts.require_applicable(
        promotion, eligible, currency, used_by_customer=applied.used_by_customer
    )
    return promotion


def _apply_discount(
    lines: list[OrderLine],
    promotion: Promotion,
    eligible: discounts.Totals,
    destination: TaxDestination,
) -> None:
    by_product = discounts.discount_by_product(promotion, eligible, destination.rounding)
    for line in lines:
        line.discount_minor = by_product.get(line.product_id, 0)


def apply_tax(lines: list[OrderLine], destination: TaxDestination) -> None:
    for line in lines:
        charged_minor = int(line.line_total_minor) - int(line.discount_minor)
        line.tax_rate_ppm = destination.rate_ppm(line.tax_class)
        taxes = destination.charge_taxes(charged_minor, line.tax_class)
        line.tax_minor, line.taxes = sum_taxes(taxes), _order_taxes(taxes)


def _order_taxes(charged: Iterable[ChargedTax]) -> list[OrderTax]:
    return [
        OrderTax(name=tax.name, rate_ppm=tax.rate_ppm, amount_minor=tax.amount_minor)
        for tax in charged
    ]


def _shipping_minor(
    lines: list[OrderLine], zone: ShippingZone | None, promotion: Promotion | None
) -> int:
    if zone is None or discounts.is_free_shipping(promotion):
        return 0
    items_minor = sum(int(line.line_total_minor) - int(line.discount_minor) for line in lines)
    return zone.price_minor(items_minor, weigh(lines))


def compute_totals(
    lines: list[OrderLine], shipping_minor: int, destination: TaxDestination
) -> OrderTotals:
    items_minor = sum(int(line.line_total_minor) for line in lines)
    discount_minor = sum(int(line.discount_minor) for line in lines)
    on_shipping = destination.charge_shipping_taxes(shipping_minor) if shipping_minor else []
    on_lines = [
        ChargedTax(tax.name, int(tax.rate_ppm), int(tax.amount_minor))
        for line in lines
        for tax in line.taxes
    ]
    tax_minor = sum_taxes(on_lines) + sum_taxes(on_shipping)
    added_tax_minor = 0 if destination.prices_include_tax else tax_minor
    return OrderTotals(
        items_minor=items_minor,
        discount_minor=discount_minor,
        shipping_minor=shipping_minor,
        tax_minor=tax_minor,
        taxes=_order_taxes(group_taxes([*on_lines, *on_shipping])),
        shipping_tax_minor=sum_taxes(on_shipping),
        total_minor=items_minor - discount_minor + shipping_minor + added_tax_minor,
    )


def _require_plausible(amount_minor: int) -> None:
    if amount_minor > AMOUNT_MINOR_MAX:
        raise AmountTooLarge(amount_minor_max=AMOUNT_MINOR_MAX)
