"""What an order's tax and shipping are at another address. Pure.

Prices and discounts stay as the order has them. Tax and shipping are those of today, because the
order is not shipped yet.
"""

from orders.pricing import quotes
from orders.pricing.inputs import PricingRules
from orders.pricing.rate_tables import ShippingZone, ShipTo, TaxDestination, weigh
from shared.errors.orders import NoShippingRate, NoTaxRate, UnknownRegion
from shared.records import Record
from shared.storage.models.orders import Order, OrderLine, OrderTotals


class Repriced(Record):
    lines: list[OrderLine]
    totals: OrderTotals
    tax_included: bool

    def apply_to(self, order: Order) -> None:
        order.lines, order.totals = self.lines, self.totals
        order.tax_included = self.tax_included


def reprice(order: Order, rules: PricingRules, ship_to: ShipTo) -> Repriced | None:
    """None if the address has the same tax rates and shipping zone as the order's: then nothing
    changes, also if the rates have changed since. Raises NoShippingRate, NoTaxRate and
    UnknownRegion.
    """
    before = order.shipping_address
    old = ShipTo(before.country, before.region, before.postal_code)
    destination = rules.tax_rates.destination(ship_to)
    zone = rules.shipping_rates.zone(ship_to.country, order.currency)
    old_zone = _find_zone(rules, old, order.currency)
    if (destination, zone) == (_find_destination(rules, old), old_zone):
        return None
    shipping_minor = int(order.totals.shipping_minor)
    if zone != old_zone:
        shipping_minor = _shipping_minor(order, zone, old_zone)
    return _reprice(order, destination, shipping_minor)


def _reprice(order: Order, destination: TaxDestination, shipping_minor: int) -> Repriced:
    lines = []
    for line in order.lines:
        copy = OrderLine(**line.attribute_values)
        copy.keep_unknown_of(line)
        lines.append(copy)
    quotes.apply_tax(lines, destination)
    totals = quotes.compute_totals(lines, shipping_minor, destination)
    totals.keep_unknown_of(order.totals)
    return Repriced(lines, totals, destination.prices_include_tax)


def _find_destination(rules: PricingRules, ship_to: ShipTo) -> TaxDestination | None:
    """None if the shop does not sell there any more."""
    try:
        return rules.tax_rates.destination(ship_to)
    except (NoTaxRate, UnknownRegion):
        return None


def _find_zone(rules: PricingRules, ship_to: ShipTo, currency: str) -> ShippingZone | None:
    """None too if the shop does not ship there any more."""
    try:
        return rules.shipping_rates.zone(ship_to.country, currency)
    except NoShippingRate:
        return None


def _shipping_minor(order: Order, zone: ShippingZone | None, old_zone: ShippingZone | None) -> int:
    """A promotion that made shipping free does so in every zone."""
    items_minor = int(order.totals.items_minor) - int(order.totals.discount_minor)
    if zone is None:
        return 0
    grams = weigh(order.lines)
    costs_something = old_zone is not None and old_zone.price_minor(items_minor, grams) > 0
    if order.promotion and costs_something and not order.totals.shipping_minor:
        return 0
    return zone.price_minor(items_minor, grams)
