"""The shop's tax and shipping rates, and what they charge. Pure.

Staff store each table as one JSON document (`pricing.rates`); the amounts are minor units.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

from orders.pricing import tax_places
from orders.pricing.rounding import half_even
from shared.errors.orders import NoShippingRate
from shared.records import Record

PPM = 1_000_000  # parts per million: a rate of 190,000 is 19 %
STANDARD = "standard"  # the tax class whose rate applies to each class that is not listed
ALL_OTHERS = tax_places.ALL_OTHERS


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
        """The entry of the region, else of what it is a part of, else of all others.

        UNTAXED only if the shop has no rates at all. Raises UnknownRegion where the country's tax
        depends on the region and it is not known, and NoTaxRate.
        """
        if not self.destinations:
            return UNTAXED
        place = tax_places.find_place(self.destinations, ship_to.country, ship_to.region)
        if place is None:
            raise tax_places.no_tax_rate(self.destinations, ship_to.country, ship_to.region)
        return place


class ShippingStep(Record):
    from_minor: int  # the least value of the items
    price_minor: int


class ShippingZone(Record):
    """Countries that share one shipping price list in one currency."""

    name: str
    countries: tuple[str, ...]
    currency: str
    steps: tuple[ShippingStep, ...]  # the first from 0, then ascending
    free_from_minor: int | None = None

    def price_minor(self, items_minor: int) -> int:
        """For items of this value, after their discount."""
        if self.free_from_minor is not None and items_minor >= self.free_from_minor:
            return 0
        return [step.price_minor for step in self.steps if step.from_minor <= items_minor][-1]


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
            ShippingStep(step["from_minor"], step["price_minor"]) for step in fields["steps"]
        ),
        free_from_minor=fields.get("free_from_minor"),
    )
