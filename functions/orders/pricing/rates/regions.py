"""The regions that tax rates name must exist: no address would ever match another one. Pure."""

from collections.abc import Iterator
from typing import Any

from orders.pricing.rates.schemas import Destination, TaxRatesRequest
from orders.pricing.tax_places import ALL_OTHERS
from shared.addresses.checks import region_details
from shared.addresses.country_rules import get_rules
from shared.addresses.regions import find_region
from shared.http.schemas import invalid_fields_error


def require_known_regions(rates: TaxRatesRequest) -> None:
    """Raises InvalidFields for a region that its country does not have.

    Its details list the regions of the first such country.
    """
    unknown = [
        (index, destination)
        for index, destination in enumerate(rates.destinations)
        if destination.region and not _is_known(destination)
    ]
    if not unknown:
        return
    refusal = invalid_fields_error([_problem(*found) for found in unknown])
    country = unknown[0][1].country
    if country != ALL_OTHERS:
        refusal.details["regions"] = region_details(get_rules(country).main_regions)
    raise refusal


def _is_known(destination: Destination) -> bool:
    country = destination.country
    return country != ALL_OTHERS and find_region(country, destination.region) is not None


def _problem(index: int, destination: Destination) -> dict[str, Any]:
    message = "Must be null: `*` has no regions"
    if destination.country != ALL_OTHERS:
        message = "Must be the code or the name of a region of this country{}".format(
            "".join(_examples(destination.country))
        )
    place = ("body", "destinations", index, "region")
    return {"loc": place, "type": "unknown_region", "msg": message}


def _examples(country: str) -> Iterator[str]:
    for region in get_rules(country).main_regions[:1]:
        yield f", such as {region.code} or {region.name}"
