"""The taxes of one destination, and what each of them charges on an amount. Pure.

| tax | is charged on |
|---|---|
| simple | the price |
| compound | the price and the taxes that the destination lists before it |

Each tax is rounded by itself, as an invoice shows it. Where prices include the taxes, the price
without them is what the rounded taxes leave: so the parts always add up to the price.
"""

from collections.abc import Iterable, Mapping, Sequence

from orders.pricing.rounding import HALF_UP, round_fraction
from shared.records import Record

PPM = 1_000_000  # parts per million: a rate of 190,000 is 19 %
STANDARD = "standard"  # the tax class whose rate applies to each class that is not listed
TAXES_MAX = 5  # of one destination
DEFAULT_NAME = "Tax"  # of the one tax of a destination that names none


class Tax(Record):
    name: str
    rates: Mapping[str, int]  # parts per million by tax class
    rounding: str = HALF_UP
    is_compound: bool = False

    def rate_ppm(self, tax_class: str) -> int:
        return self.rates.get(tax_class, self.rates[STANDARD])


class ChargedTax(Record):
    """A tax on one amount, or on all amounts of an order that have its rate."""

    name: str
    rate_ppm: int
    amount_minor: int


def charge_taxes(
    taxes: Sequence[Tax], amount_minor: int, tax_class: str, *, is_included: bool
) -> list[ChargedTax]:
    """What each tax charges on the amount, or takes of an amount that includes all of them.

    Taxes with a rate of 0 for this class are left out. A negative amount has the taxes of the
    positive one, negative.
    """
    weights, whole = _weights(taxes, tax_class)
    charged: list[ChargedTax] = []
    for tax, weight in zip(taxes, weights, strict=True):
        rate_ppm = tax.rate_ppm(tax_class)
        if is_included:
            part = round_fraction(amount_minor * weight, whole + sum(weights), tax.rounding)
        else:
            taxed_minor = amount_minor + (sum_taxes(charged) if tax.is_compound else 0)
            part = round_fraction(taxed_minor * rate_ppm, PPM, tax.rounding)
        if rate_ppm:
            charged.append(ChargedTax(tax.name, rate_ppm, part))
    return charged


def combined_rate_ppm(taxes: Sequence[Tax], tax_class: str) -> int:
    """The rate of all taxes together on the price, to the nearest part per million."""
    weights, whole = _weights(taxes, tax_class)
    return round_fraction(sum(weights) * PPM, whole)


def sum_taxes(charged: Iterable[ChargedTax]) -> int:
    return sum(tax.amount_minor for tax in charged)


def group_taxes(charged: Iterable[ChargedTax]) -> list[ChargedTax]:
    """One entry for each name and rate, in the order in which they come first."""
    amounts: dict[tuple[str, int], int] = {}
    for tax in charged:
        key = (tax.name, tax.rate_ppm)
        amounts[key] = amounts.get(key, 0) + tax.amount_minor
    return [ChargedTax(name, rate_ppm, amount) for (name, rate_ppm), amount in amounts.items()]


def _weights(taxes: Sequence[Tax], tax_class: str) -> tuple[list[int], int]:
    """The exact amount of each tax in a price of `whole`: a compound tax has six digits more."""
    whole = PPM ** len(taxes)
    weights: list[int] = []
    for tax in taxes:
        taxed = whole + (sum(weights) if tax.is_compound else 0)
        weights.append(taxed * tax.rate_ppm(tax_class) // PPM)
    return weights, whole
