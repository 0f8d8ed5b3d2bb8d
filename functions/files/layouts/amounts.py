"""Amounts of money and other numbers, as people and shop systems write them. Pure.

An amount is never guessed: where two readings are possible, it is refused with what to say in the
mapping (ADR 71).
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from files.layouts.cells import BadCell
from shared.money import CURRENCIES, exponent_of
from shared.records import Record

Unit = Literal["major", "minor"]

DIGITS_MAX = 18  # of a number; Decimal is exact up to 28
GROUP = 3  # digits between two marks of thousands
_SPACES = "\u0020\u00a0\u2007\u2009\u202f"
_APOSTROPHES = "'\u2019"
_NUMBER = re.compile(rf"([-+\u2212]?)([0-9][0-9.,{_SPACES}{_APOSTROPHES}]*|[.,][0-9]+)")
_MAJOR = re.compile(r"(-?[0-9]{1,13})[.,]([0-9]{1,3})")
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_GROUPED = re.compile(r"[0-9]{1,3}([^0-9][0-9]{2,3})*[^0-9][0-9]{3}")
_ONE_GROUP = re.compile(rf"[-+\u2212]?([0-9]{{1,{GROUP}}})[.,][0-9]{{{GROUP}}}")
_SYMBOLS = {
    "\u20ac": {"EUR"},
    "\u00a3": {"GBP", "EGP", "LBP", "SYP", "FKP", "GIP", "SHP", "SSP", "SDG"},
    "\u00a5": {"JPY", "CNY"},
    "\u20b9": {"INR"},
    "\u20a9": {"KRW", "KPW"},
    "\u20ba": {"TRY"},
    "\u20bd": {"RUB"},
    "\u20b4": {"UAH"},
    "z\u0142": {"PLN"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
    "k\u010d": {"CZK"},
    "ft": {"HUF"},
    "r$": {"BRL"},
    "fr": {"CHF"},
    "lei": {"RON", "MDL"},
    "\u0440\u0443\u0431": {"RUB"},
    "\u043b\u0432": {"BGN"},
    "\u5186": {"JPY"},
    "\u5143": {"CNY", "TWD", "HKD"},
    "euro": {"EUR"},
}
_DOLLARS = """
    USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD
    SBD SRD TTD XCD DOP
"""

MISFIT = (
    "Does not fit the mapping, which says what begins the decimals or parts the thousands. Correct "
    "the cell or the mapping."
)
WHOLE_NUMBER = "Must be a whole number, such as 12: only digits."
TOO_FINE = (
    'Has more decimals than {currency} has. Round the price, or say in the mapping: "round": true.'
)
AMBIGUOUS_SEPARATOR = (
    "Can be read in two ways: the point or comma can begin the decimals or part the thousands. "
    'Say in the mapping which one begins the decimals: "decimal": "." or "decimal": ",".'
)
AMBIGUOUS_UNIT = (
    "Can be an amount with or without decimals left out. Say in the mapping what a whole number "
    'means: "unit": "major" for {currency}, or "unit": "minor" for its smallest unit. Or write the '
    "price with its decimals."
)


class NumberStyle(Record):
    """How the numbers of a column are written. None: it is read from each number, if certain."""

    decimal: str | None = None  # . or ,
    thousands: str | None = None
    is_rounded: bool = False  # more decimals than the currency has are rounded half up
    is_assumed: bool = False  # the system writes so, but a person can have written 1.299 for 1299


PLAIN = NumberStyle()
POINT = NumberStyle(decimal=".")
POINT_OF_SYSTEM = NumberStyle(decimal=".", is_assumed=True)
POINT_ROUNDED = NumberStyle(decimal=".", is_rounded=True, is_assumed=True)


def parse_whole_number(text: str) -> int:
    """The number. 19.99 is not read as 1999. Raises BadCell."""
    if _WHOLE.fullmatch(text):
        return int(text)
    raise BadCell("wrong_type", WHOLE_NUMBER)


def parse_decimal(text: str, style: NumberStyle = PLAIN) -> Decimal:
    """The number, if it can be read in one way only. Raises BadCell."""
    found = _NUMBER.fullmatch(text)
    if not found or sum(character.isdigit() for character in text) > DIGITS_MAX:
        raise BadCell("not_a_number", "Must be a number, such as 19.99.")
    digits = _without_groups(found[2].rstrip(_SPACES), style)
    value = Decimal(digits)
    return value if found[1] in ("", "+") else -value


def _without_groups(digits: str, style: NumberStyle) -> str:
    """Digits with a point before the decimals."""
    marks = [character for character in digits if not character.isdigit()]
    decimal = style.decimal or _decimal_of(digits, marks, style)
    whole, mark, fraction = digits.rpartition(decimal) if decimal in digits else (digits, "", "")
    if not fraction.isdigit() and mark:
        raise _ambiguous(style)
    others = {character for character in whole if not character.isdigit()}
    if others:
        _check_groups(whole, others, style, has_decimals=bool(mark))
    return f"{re.sub('[^0-9]', '', whole) or '0'}.{fraction or '0'}"


def _decimal_of(digits: str, marks: list[str], style: NumberStyle) -> str:
    """The mark that begins the decimals, or one that the number does not have."""
    candidates = [mark for mark in marks if mark in ".," and mark != style.thousands]
    if not candidates:
        return "," if style.thousands == "." else "."
    last = candidates[-1]
    if len(set(marks)) == 1 and len(marks) > 1:
        return "," if last == "." else "."  # 1.355.900: all of them part thousands
    if len(set(candidates)) > 1 or style.thousands or len(marks) > 1:
        return last
    if may_be_thousands(digits):
        raise BadCell("ambiguous_number", AMBIGUOUS_SEPARATOR)
    return last


def may_be_thousands(text: str) -> bool:
    """Whether the only mark can part thousands, as in 1.299. In 0.299 it cannot."""
    found = _ONE_GROUP.fullmatch(text)
    return found is not None and bool(found[1].strip("0"))


def _check_groups(whole: str, marks: set[str], style: NumberStyle, *, has_decimals: bool) -> None:
    """Raises BadCell unless these marks can only part thousands."""
    mark = min(marks)
    is_certain = (
        mark == style.thousands or mark not in ".," or has_decimals or whole.count(mark) > 1
    )
    if len(marks) > 1 or not is_certain or not _GROUPED.fullmatch(whole):
        raise _ambiguous(style)


def _ambiguous(style: NumberStyle) -> BadCell:
    is_said = (style.decimal or style.thousands) and not style.is_assumed
    return BadCell("ambiguous_number", MISFIT if is_said else AMBIGUOUS_SEPARATOR)


def parse_amount(text: str, currency: str, unit: Unit | None, style: NumberStyle) -> int:
    """An amount in minor units of the currency. Raises BadCell.

    `unit` None: a whole number is refused where a currency has decimals, as it can be meant in
    either unit.
    """
    if unit == "minor":
        return _parse_minor(text, currency)
    number = _without_currency(text, currency)
    try:
        value = parse_decimal(number, style)
    except BadCell as error:
        code = error.code.replace("ambiguous_number", "ambiguous_price")
        raise BadCell(code, str(error)) from error
    exponent = exponent_of(currency)
    if unit is None and exponent and value and not _has_decimals(number, style):
        raise BadCell("ambiguous_price", AMBIGUOUS_UNIT.format(currency=currency))
    minor = value.scaleb(exponent)
    rounded = minor.quantize(Decimal(1), ROUND_HALF_UP)
    if minor != rounded and not style.is_rounded:
        raise BadCell("price_too_fine", TOO_FINE.format(currency=currency))
    if style.is_assumed and exponent != GROUP and may_be_thousands(number):
        raise BadCell("ambiguous_price", AMBIGUOUS_SEPARATOR)
    return int(rounded)


def _parse_minor(text: str, currency: str) -> int:
    """Raises BadCell."""
    decimal, exponent = _MAJOR.fullmatch(text), exponent_of(currency)
    if decimal and len(decimal[2]) <= exponent:
        minor = int(decimal[1] + decimal[2].ljust(exponent, "0"))
        message = f"Amounts are in minor units here: {minor} means {text} {currency}."
        raise BadCell("not_in_minor_units", message)
    return parse_whole_number(text)


def _has_decimals(number: str, style: NumberStyle) -> bool:
    """Three digits after a mark can be thousands; any other number of them is decimals."""
    if style.decimal:
        return style.decimal in number
    return bool(re.search(r"[.,]([0-9]{1,2}|[0-9]{4,})$", number))


def _without_currency(text: str, currency: str) -> str:
    """The number alone. Raises BadCell if the text names another currency."""
    number = text.strip("+-0123456789.,\u2212" + _APOSTROPHES)
    name = number.strip(_SPACES).strip(".").casefold()
    if not name or any(character.isdigit() for character in name):
        return text
    if not _is_name_of(name, currency):
        if not _is_currency(name):
            raise BadCell("not_a_number", "Must be a number, such as 19.99.")
        message = f"Is in another currency than {currency}. Add a column or constant `currency`."
        raise BadCell("currency_mismatch", message)
    sign = number.strip(_SPACES)
    return text.replace(f"{sign}." if text.endswith(f"{sign}.") else sign, "").strip(_SPACES)


def _is_name_of(name: str, currency: str) -> bool:
    if name == currency.casefold() or currency in _SYMBOLS.get(name, ()):
        return True
    return name.endswith("$") and currency in _DOLLARS.split() and name != "r$"


def _is_currency(name: str) -> bool:
    """Whether this names one at all. N/A, 19% and "from 5" name none."""
    is_sign = all(unicodedata.category(character) == "Sc" for character in name)
    return is_sign or name.upper() in CURRENCIES or name in _SYMBOLS or name.endswith("$")


GRAMS = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}


def parse_weight(text: str, unit: str, style: NumberStyle = PLAIN) -> int:
    """Grams, rounded half up. The unit may stand behind the number.

    A single point begins the decimals, but of grams: 1.500 can be 1500. Raises BadCell.
    """
    text = re.sub(rf"(?<=[0-9])[{_SPACES}]*{unit}\Z", "", text, flags=re.IGNORECASE)
    if style.decimal is None and "," not in text and unit != "g":
        style = POINT
    value = parse_decimal(text, style) * GRAMS[unit]
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
