"""What is taxed where, and how much. Pure."""

from orders.pricing.rates.schemas import PPM_MAX, Destination, TaxRates
from orders.pricing.rounding import half_even

STANDARD = "standard"  # the rate of each class that a destination does not name


def destination(rates: TaxRates, country: str, region: str | None) -> Destination | None:
    """The region before its country; None where nothing is taxed."""
    there = {_folded(it.region): it for it in rates.destinations if it.country == country}
    return there.get(_folded(region)) or there.get(_folded(None))


def is_included(destination: Destination | None) -> bool:
    """Whether prices there have the tax in them."""
    return destination is not None and destination.prices_include_tax


def rate_ppm(destination: Destination | None, tax_class: str) -> int:
    if destination is None:
        return 0
    return destination.rates.get(tax_class, destination.rates[STANDARD])


def tax_minor(amount_minor: int, tax_class: str, destination: Destination | None) -> int:
    """The tax in an amount, or that which comes on top of it, rounded by itself."""
    ppm = rate_ppm(destination, tax_class)
    whole = PPM_MAX + ppm if is_included(destination) else PPM_MAX
    return half_even(amount_minor * ppm, whole)


def tax_of_shipping(shipping_minor: int, destination: Destination | None) -> int:
    tax_class = STANDARD if destination is None else destination.shipping_class
    return tax_minor(shipping_minor, tax_class, destination)


def _folded(region: str | None) -> str:
    """As people write it: upper or lower case, with blanks around it or none."""
    return (region or "").strip().casefold()
