"""The values of one row, before they are fields of a product. Pure."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from files.formats.source_rows import Problem, shorten
from files.layouts.cells import BadCell
from files.layouts.import_rows import PictureReference
from files.layouts.own_targets import UNKNOWN
from files.layouts.targets import OMIT, Target

_POWER = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
PRICES: Final = ("price", "compare_at_price")
_CONVERTED = (*PRICES, "weight_grams")  # a mapping says the unit of a number, too
# A product takes 20. As objects, the 200,000 names that fit into 1 MB take 100 MB.
PICTURES_OF_ROW_MAX = 1_000


class Reading:
    """The values of a row by slot, and what was found wrong with it."""

    __slots__ = ("columns", "number", "problems", "values", "warnings")

    def __init__(self, number: int, columns: Mapping[str, str]) -> None:
        self.number = number
        self.columns = columns
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, field: str, code: str, message: str, cell: str | None = None) -> None:
        self.problems.append(self._problem(field, code, message, cell))

    def warn(self, field: str, code: str, message: str, cell: str | None = None) -> None:
        self.warnings.append(self._problem(field, code, message, cell))

    def _problem(self, field: str, code: str, message: str, cell: str | None) -> Problem:
        value = None if cell is None else shorten(cell)
        return Problem(self.number, self.columns.get(field), code, message, value)


def warn_of_power(reading: Reading) -> None:
    """Excel shows a long number so, and saves what it shows. `1E5` is an SKU of its own."""
    sku = reading.values.get("sku")
    if isinstance(sku, str) and "E+" in sku and _POWER.fullmatch(sku):
        message = "Excel has changed this SKU to a number. Write it again, in a column of texts."
        reading.warn("sku", "number_as_name", message, sku)


def refuse_second(first: str, name: str) -> None:
    """Raises BadCell for another member that is the same field. Their header is refused in CSV."""
    if name != first:
        message = f"Is the same field as {shorten(first)!r}. Remove one of the two."
        raise BadCell("duplicate_column", message)


def convert_json(target: Target, value: Any, currency: str) -> Any:
    if value is None and target is UNKNOWN:
        return OMIT
    if isinstance(value, str):
        return target.convert(value.strip(), currency)
    if target is UNKNOWN:
        return target.convert(str(value), currency)
    if target.slot == "pictures":
        return _read_pictures(value)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if is_number and target.slot in _CONVERTED:
        number = format(Decimal(str(value)), "f")
        # In JSON a point always begins the decimals; with four of them it is certain in a text too.
        return target.convert(f"{number}0000" if "." in number else number, currency)
    return value if target.slot else OMIT


def to_money(amount: Any, currency: str) -> dict[str, Any] | None:
    """A price of 0 is a price; None is none, and "" an empty cell of a price that is required."""
    if amount is None:
        return None
    return (
        {"currency": currency} if amount == "" else {"amount_minor": amount, "currency": currency}
    )


def _read_pictures(value: Any) -> Any:
    """A list of URLs or file names, or of objects as the API has them. Raises BadCell."""
    if value is None:
        return OMIT
    found = [_read_picture(each) for each in value] if isinstance(value, list) else [None]
    if None in found:
        message = (
            "Must be a list of URLs or file names, or of objects with `url` and `alt`, or of "
            "pictures as the API shows them."
        )
        raise BadCell("not_pictures", message)
    return found


def _read_picture(value: Any) -> PictureReference | None:
    url, alt = (_find_url(value), value.get("alt")) if isinstance(value, dict) else (value, None)
    if not isinstance(url, str) or not url.strip() or not isinstance(alt, str | None):
        return None
    return PictureReference(url.strip(), alt)


def _find_url(picture: Mapping[str, Any]) -> Any:
    """Its own, or that of its largest size, as exports name it: the API shows that size last."""
    sizes = picture.get("sizes")
    if "url" in picture or not isinstance(sizes, list) or not sizes:
        return picture.get("url")
    return sizes[-1].get("url") if isinstance(sizes[-1], dict) else None


def to_pictures(named: Iterable[str | PictureReference]) -> tuple[PictureReference, ...]:
    """The first different ones of a row."""
    return tuple(
        PictureReference(each) if isinstance(each, str) else each
        for each in islice(dict.fromkeys(named), PICTURES_OF_ROW_MAX)
    )
