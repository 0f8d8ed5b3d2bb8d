"""Money: an integer of minor units with its currency, and never a float.

Currencies and exponents come from ISO 4217 (list one, active codes).
"""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

AMOUNT_MINOR_MAX = 10**12  # above any price, and below 2^53, JavaScript's limit for exact integers

_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_EXPONENT_2 = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENT_BY_CURRENCY = {
    **dict.fromkeys(_EXPONENT_0.split(), 0),
    **dict.fromkeys(_EXPONENT_2.split(), 2),
    **dict.fromkeys(_EXPONENT_3.split(), 3),
}


CURRENCIES = _EXPONENT_BY_CURRENCY.keys()


def exponent_of(currency: str) -> int:
    """The decimals of the major unit: 2 for EUR, 0 for JPY, 3 for KWD. Raises KeyError."""
    return _EXPONENT_BY_CURRENCY[currency]


def _require_known(currency: str) -> str:
    if currency in CURRENCIES:
        return currency
    if currency.upper() in CURRENCIES:
        raise PydanticCustomError(
            "unknown_currency", "Use capital letters: {code}", {"code": currency.upper()}
        )
    raise PydanticCustomError("unknown_currency", "Must be an ISO 4217 currency code, such as EUR")


Currency = Annotated[
    str,
    Field(json_schema_extra={"x-schema": "Currency"}),
    AfterValidator(_require_known),
]
_AMOUNT = "The amount in the smallest unit of the currency: cents for EUR, yen for JPY."


class Money(BaseModel):
    """An amount in minor units of its currency: `1999` with `EUR` means 19.99 euros."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)

    amount_minor: int = Field(ge=0, le=AMOUNT_MINOR_MAX, description=_AMOUNT, examples=[1999])
    currency: Currency

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(amount_minor=0, currency=currency)

    def times(self, quantity: int) -> Self:
        return type(self)(amount_minor=self.amount_minor * quantity, currency=self.currency)

    def in_major_units(self) -> Decimal:
        """For charts: 19.99 euros, 500 yen, 1.250 dinars. Never calculate with it."""
        return Decimal(self.amount_minor).scaleb(-_EXPONENT_BY_CURRENCY[self.currency])

    def __str__(self) -> str:
        """For people: `EUR 19.99`, `JPY 500`, `KWD 1.250`."""
        exponent = _EXPONENT_BY_CURRENCY[self.currency]
        if exponent == 0:
            return f"{self.currency} {self.amount_minor:,}"
        major, minor = divmod(self.amount_minor, 10**exponent)
        return f"{self.currency} {major:,}.{minor:0{exponent}d}"


class Price(Money):
    """An amount of money that is more than zero."""

    amount_minor: int = Field(gt=0, le=AMOUNT_MINOR_MAX, description=_AMOUNT, examples=[1999])
