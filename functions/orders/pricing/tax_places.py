"""Which entry of the tax rates an address falls under. Pure.

Entries name countries, regions of them by code or name, or all others (`*`). An address falls
under the smallest place that has an entry. No address falls under none in silence.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from shared.addresses.checks import region_details
from shared.addresses.country_rules import get_rules
from shared.addresses.regions import Place, find_region, list_places, place_of
from shared.errors.orders import NoTaxRate, UnknownRegion

ALL_OTHERS = "*"  # in place of a country: each country that no other entry lists


class Destination(Protocol):
    @property
    def country(self) -> str: ...

    @property
    def region(self) -> str | None: ...


AnyDestination = TypeVar("AnyDestination", bound=Destination)


def find_place(
    groups: Iterable[Iterable[AnyDestination]], country: str, region: str | None
) -> AnyDestination | None:
    """The entry that applies to an address, of the first group that has one; None without any.

    Raises UnknownRegion if entries name regions of the country, and the address none that they or
    the shop know.
    """
    places = list_places(country, region)
    is_known = find_region(country, region) is not None
    for group in groups:
        entries = _by_place(group, {place[0] for place in places} | {ALL_OTHERS})
        is_listed = bool(places[0][1]) and places[0] in entries
        has_regions = any(place[0] == country and place[1] for place in entries)
        if has_regions and not is_listed and not is_known:
            raise _unknown_region(country)
        for place in [*places, (ALL_OTHERS, "")]:
            if place in entries:
                return entries[place]
    return None


def _by_place(
    destinations: Iterable[AnyDestination], countries: set[str]
) -> dict[Place, AnyDestination]:
    return {
        destination_place(destination): destination
        for destination in destinations
        if destination.country in countries
    }


def destination_place(destination: Destination) -> Place:
    """Two spellings of a region are one place."""
    if destination.country == ALL_OTHERS:
        return ALL_OTHERS, ""
    return place_of(destination.country, destination.region)


def no_tax_rate(destinations: Sequence[Destination], country: str, region: str | None) -> NoTaxRate:
    """The refusal of an address without an entry, with the regions of the country that have one."""
    taken = [
        {"code": code, "name": found.name if (found := find_region(country, code)) else code}
        for place, code in map(destination_place, destinations)
        if place == country and code
    ]
    found = find_region(country, region)
    return NoTaxRate(country=country, region_code=found.code if found else None, regions=taken)


def _unknown_region(country: str) -> UnknownRegion:
    rules = get_rules(country)
    return UnknownRegion(
        f"Tax in {rules.name} depends on the region. Send its code or its name, as in "
        "`details.regions`.",
        country=country,
        regions=region_details(rules.main_regions),
    )
