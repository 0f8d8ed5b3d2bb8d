"""Conversion of amounts to and from Stripe's, which differ from ISO 4217 in some currencies. Pure.

docs.stripe.com/currencies, "Special cases": ISK and UGX have no minor unit in ISO 4217, but Stripe
counts them in hundredths. MGA has a minor unit, but Stripe counts whole units. "Three-decimal
currencies": Stripe requires that the last digit is 0.
"""

from shared.errors.orders import PaymentRefused
from shared.money import Money
from shared.records import Record

_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
_IN_WHOLE_UNITS = frozenset({"MGA"})
_IN_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class StripeAmount(Record):
    amount: int  # in Stripe's smallest unit of the currency
    currency: str  # in lower case


def to_stripe(amount: Money) -> StripeAmount:
    """Raises PaymentRefused for an amount that Stripe does not accept."""
    stripe_amount = amount.amount_minor
    if amount.currency in _IN_HUNDREDTHS:
        stripe_amount *= 100
    if amount.currency in _IN_WHOLE_UNITS:
        stripe_amount, rest = divmod(stripe_amount, 100)
        if rest:
            raise _amount_refused("whole units")
    if amount.currency in _IN_TENS and stripe_amount % 10:
        raise _amount_refused("hundredths")
    return StripeAmount(stripe_amount, amount.currency.lower())


def _amount_refused(unit: str) -> PaymentRefused:
    return PaymentRefused(
        f"In this currency, the payment provider accepts only amounts in {unit}. Change the "
        "amount.",
        reason="amount_invalid",
    )


def from_stripe(stripe_amount: int, currency: str) -> Money:
    """Raises ValueError for a fraction of a unit in ISK or UGX, which Stripe refuses too."""
    currency = currency.upper()
    if currency in _IN_WHOLE_UNITS:
        stripe_amount *= 100
    if currency in _IN_HUNDREDTHS:
        stripe_amount, rest = divmod(stripe_amount, 100)
        if rest:
            raise ValueError(f"{currency} has no fractions of a unit")
    return Money(amount_minor=stripe_amount, currency=currency)
