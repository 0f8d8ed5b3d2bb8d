"""Amounts as Stripe counts them, which for some currencies is not by ISO 4217. Pure.

docs.stripe.com/currencies, "Special cases": ISK and UGX have no minor unit any more, and are sent
in hundredths all the same; MGA has one by ISO, and is sent without. "Three-decimal currencies": of
those the last digit is 0.
"""

from dataclasses import dataclass

from shared.errors.orders import PaymentRefused
from shared.money import Money

_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
_WITHOUT_MINOR_UNIT = frozenset({"MGA"})
_IN_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


@dataclass(frozen=True, slots=True)
class StripeAmount:
    count: int
    currency: str


def to_stripe(amount: Money) -> StripeAmount:
    """Raises PaymentRefused for what Stripe cannot be asked."""
    count = amount.amount_minor
    if amount.currency in _IN_HUNDREDTHS:
        count *= 100
    if amount.currency in _WITHOUT_MINOR_UNIT:
        count, rest = divmod(count, 100)
        if rest:
            raise _refused("whole units")
    if amount.currency in _IN_TENS and count % 10:
        raise _refused("hundredths")
    return StripeAmount(count, amount.currency.lower())


def _refused(taken: str) -> PaymentRefused:
    return PaymentRefused(
        f"The payment provider takes {taken} of this currency only.", reason="amount_invalid"
    )


def of_stripe(count: int, currency: str) -> Money:
    """Raises ValueError for a part of a unit in ISK or UGX, which Stripe itself refuses."""
    currency = currency.upper()
    if currency in _WITHOUT_MINOR_UNIT:
        count *= 100
    if currency in _IN_HUNDREDTHS:
        count, rest = divmod(count, 100)
        if rest:
            raise ValueError("a part of a unit that has no parts")
    return Money(amount_minor=count, currency=currency)
