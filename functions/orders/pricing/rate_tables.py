"""The shop's tax and shipping rates, and what they charge. Pure.

Staff store each table as one JSON document (`pricing.rates`); the amounts are minor units.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

from orders.pricing import postal_codes, tax_places, taxes
from orders.pricing.postal_codes import PostalRange
from orders.pricing.rounding import HALF_UP
from orders.pricing.tax_places import ALL_OTHERS
from orders.pricing.taxes import DEFAULT_NAME, STANDARD, ChargedTax, Tax
from shared.errors.orders import NoShippingRate
from shared.records import Record
from shared.storage.models.orders import OrderLine


class ShipTo(Record):
    """The part of an address that prices depend on."""

    country: str
    region: str | None = None
    postal_code: str | None = None


class TaxDestination(Record):
    """A country, or a part of one by region or postal codes, and its taxes."""

    country: str
    region: str | None
    prices_include_tax: bool
    taxes: tuple[Tax, ...]
    rounding: str = HALF_UP  # of discounts; each tax has its own
    shipping_class: str = STANDARD
    postal_codes: tuple[PostalRange, ...] = ()  # empty: all

    def rate_ppm(self, tax_class: str) -> int:
        """Of all taxes together."""
        return taxes.combined_rate_ppm(self.taxes, tax_class)

    def has_postal_code(self, code: str) -> bool:
        """Whether the entry is for this postal code among others."""
        plain = postal_codes.normalize(code, self.country)
        return any(found.contains(plain) for found in self.postal_codes)

    def charge_taxes(self, amount_minor: int, tax_class: str) -> list[ChargedTax]:
        """The taxes included in the amount, or to be added to it."""
        return taxes.charge_taxes(
            self.taxes, amount_minor, tax_class, is_included=self.prices_include_tax
        )

    def charge_shipping_taxes(self, shipping_minor: int) -> list[ChargedTax]:
        return self.charge_taxes(shipping_minor, self.shipping_class)


UNTAXED = TaxDestination("", None, prices_include_tax=False, taxes=())


class TaxRates(Record):
    destinations: tuple[TaxDestination, ...] = ()

    @classmethod
    def from_document(cls, document: str) -> Self:
        found = json.loads(document)["destinations"]
        return cls(tuple(_tax_destination(fields) for fields in found))

    def destination(self, ship_to: ShipTo) -> TaxDestination:
        """The entry of the postal code, else of the region, else of what it is a part of.

        UNTAXED only if the shop has no rates at all. Raises UnknownRegion where the country's tax
        depends on the region and it is not known, and NoTaxRate.
        """
        if not self.destinations:
            return UNTAXED
        code = ship_to.postal_code or ""
        of_code = [each for each in self.destinations if each.has_postal_code(code)]
        of_any_code = [each for each in self.destinations if not each.postal_codes]
        country, region = ship_to.country, ship_to.region
        found = tax_places.find_place([of_code, of_any_code], country, region)
        if found is None:
            raise tax_places.no_tax_rate(self.destinations, country, region)
        return found


def unit_grams(line: OrderLine) -> int | None:
    grams: float | None = line.weight_grams
    return None if grams is None else int(grams)


def weigh(lines: Iterable[OrderLine]) -> int:
    """The grams of all units. A product without a weight counts as 0."""
    return sum((unit_grams(line) or 0) * int(line.quantity) for line in lines)


class ShippingStep(Record):
    from_minor: int  # the least value of the items
    price_minor: int
    from_grams: int = 0  # their least weight; a zone's steps are by value or by weight


class ShippingZone(Record):
    """Countries that share one shipping price list in one currency."""

    name: str
    countries: tuple[str, ...]
    currency: str
    steps: tuple[ShippingStep, ...]  # the first from 0, then ascending
    free_from_minor: int | None = None

    def price_minor(self, items_minor: int, items_grams: int) -> int:
        """For items of this value, after their discount, and of this weight."""
        if self.free_from_minor is not None and items_minor >= self.free_from_minor:
            return 0
        reached = [
            step
            for step in self.steps
            if step.from_minor <= items_minor and step.from_grams <= items_grams
        ]
        return reached[-1].price_minor


class ShippingRates(Record):
    zones: tuple[ShippingZone, ...] = ()

    @classmethod
    def from_document(cls, document: str) -> Self:
        return cls(tuple(_shipping_zone(fields) for fields in json.loads(document)["zones"]))

    def zone(self, country: str, currency: str) -> ShippingZone | None:
        """The zone that lists the country, else the zone of all others; None if there is no zone.

        Raises NoShippingRate when there are zones, but none for this country and currency.
        """
        if not self.zones:
            return None
        by_country = {
            listed: zone
            for zone in self.zones
            if zone.currency == currency
            for listed in zone.countries
        }
        zone = by_country.get(country) or by_country.get(ALL_OTHERS)
        if zone is None:
            raise NoShippingRate(country=country, currency=currency)
        return zone


def _tax_destination(fields: Mapping[str, Any]) -> TaxDestination:
    country, rounding = fields["country"], fields.get("rounding", HALF_UP)
    # `rates` is the one tax of a destination without `taxes`. Beside `taxes` it is their sum, for
    # code that knows no more.
    listed = fields.get("taxes") or [{"name": DEFAULT_NAME, "rates": fields["rates"]}]
    return TaxDestination(
        country=country,
        region=fields.get("region"),
        prices_include_tax=fields["prices_include_tax"],
        taxes=tuple(_tax(each, rounding) for each in listed),
        rounding=rounding,
        shipping_class=fields.get("shipping_class", STANDARD),
        postal_codes=tuple(
            postal_codes.parse_range(text, country) for text in fields.get("postal_codes") or []
        ),
    )


def _tax(fields: Mapping[str, Any], rounding: str) -> Tax:
    """`rounding` is the destination's, for a tax without one of its own."""
    return Tax(
        name=fields["name"],
        rates=fields["rates"],
        rounding=fields.get("rounding") or rounding,
        is_compound=fields.get("is_compound", False),
    )


def _shipping_zone(fields: Mapping[str, Any]) -> ShippingZone:
    return ShippingZone(
        name=fields["name"],
        countries=tuple(fields["countries"]),
        currency=fields["currency"],
        steps=tuple(
            ShippingStep(step.get("from_minor", 0), step["price_minor"], step.get("from_grams", 0))
            for step in fields["steps"]
        ),
        free_from_minor=fields.get("free_from_minor"),
    )
