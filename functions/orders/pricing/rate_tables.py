"""The shop's tax and shipping rates, and what they charge. Pure.

Staff store each table as one JSON document (`pricing.rates`); the amounts are minor units.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

from orders.pricing.rounding import half_even
from shared.errors.orders import NoShippingRate
from shared.records import Record
from shared.storage.models.orders import OrderLine

PPM = 1_000_000  # parts per million: a rate of 190,000 is 19 %
STANDARD = "standard"  # the tax class whose rate applies to each class that is not listed
ALL_OTHERS = "*"  # in place of a country: each country that no other zone lists


class ShipTo(Record):
    """The part of an address that prices depend on."""

    country: str
    region: str | None = None


class TaxDestination(Record):
    """A country, or a region of one, and its tax rates by tax class."""

    country: str
    region: str | None
    prices_include_tax: bool
    rates: Mapping[str, int]
    shipping_class: str = STANDARD

    def rate_ppm(self, tax_class: str) -> int:
        return self.rates.get(tax_class, self.rates[STANDARD])

    def tax_minor(self, amount_minor: int, tax_class: str) -> int:
        """The tax included in the amount, or to be added to it; rounded half to even."""
        ppm = self.rate_ppm(tax_class)
        whole = PPM + ppm if self.prices_include_tax else PPM
        return half_even(amount_minor * ppm, whole)

    def shipping_tax_minor(self, shipping_minor: int) -> int:
        return self.tax_minor(shipping_minor, self.shipping_class)


UNTAXED = TaxDestination("", None, prices_include_tax=False, rates={STANDARD: 0})


class TaxRates(Record):
    destinations: tuple[TaxDestination, ...] = ()

    @classmethod
    def from_document(cls, document: str) -> Self:
        found = json.loads(document)["destinations"]
        return cls(tuple(_tax_destination(fields) for fields in found))

    def destination(self, ship_to: ShipTo) -> TaxDestination:
        """The region's entry, else its country's, else UNTAXED."""
        by_region = {
            _folded(destination.region): destination
            for destination in self.destinations
            if destination.country == ship_to.country
        }
        return by_region.get(_folded(ship_to.region)) or by_region.get(_folded(None)) or UNTAXED


def weigh(lines: Iterable[OrderLine]) -> int:
    """The grams of all units. A product without a weight counts as 0."""
    return sum((line.unit_grams or 0) * int(line.quantity) for line in lines)


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
    return TaxDestination(
        country=fields["country"],
        region=fields.get("region"),
        prices_include_tax=fields["prices_include_tax"],
        rates=fields["rates"],
        shipping_class=fields.get("shipping_class", STANDARD),
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


def _folded(region: str | None) -> str:
    """Ignores case and surrounding white space, as people type them."""
    return (region or "").strip().casefold()
