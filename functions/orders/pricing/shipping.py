"""What it costs to send an order somewhere. Pure."""

from orders.pricing.rates.schemas import ALL_OTHERS, ShippingRates, Zone
from shared.errors.orders import NoShippingRate


def zone(rates: ShippingRates, country: str, currency: str) -> Zone | None:
    """The zone that names the country, else that of all others; None where all shipping is free.

    Raises NoShippingRate when there are zones, but none for this country in this currency.
    """
    if not rates.zones:
        return None
    in_currency = {key: it for it in rates.zones if it.currency == currency for key in it.countries}
    found = in_currency.get(country) or in_currency.get(ALL_OTHERS)
    if found is None:
        raise NoShippingRate(
            "The shop does not ship there in this currency.", country=country, currency=currency
        )
    return found


def price_minor(zone: Zone | None, goods_minor: int) -> int:
    """For goods that cost so much after their discount."""
    if zone is None:
        return 0
    if zone.free_from_minor is not None and goods_minor >= zone.free_from_minor:
        return 0
    return [step.price_minor for step in zone.steps if step.from_minor <= goods_minor][-1]
