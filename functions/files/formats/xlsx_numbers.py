"""Numbers of XLSX cells as the text that a person sees, and would write into a CSV file. Pure."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from files.formats.xlsx_package import Workbook, parse

# ECMA-376, 18.8.30: the formats of dates that files name by number alone.
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile("[ymdhs]", re.IGNORECASE)
_LEADING_ZEROS = re.compile("0{2,50}")
_WHOLE = re.compile("-?(?:0|[1-9][0-9]{0,14})")
_DIGITS = 15  # that Excel keeps of a number
_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 (no zone)
_DAY_61 = 61  # Excel counts a 29 February 1900, which was none
_DAYS_MAX = 2_958_466  # of the year 10000

Show = Callable[[str], str]


class NotANumber(Exception):
    pass


def read_styles(workbook: Workbook) -> list[Show]:
    """How each style of a cell shows a number."""
    codes: dict[str, str] = {}
    styles: list[Show] = []
    path: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        path.append(element)
        if element == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        if path[-2:] == ["cellXfs", "xf"]:
            number = attributes.get("numFmtId", "0")
            styles.append(_choose(number, codes.get(number, ""), workbook))

    def end(_: str) -> None:
        path.pop()

    if workbook.styles_path in workbook.archive.namelist():
        for _ in parse(workbook.archive, workbook.styles_path, start, end):
            pass
    return styles


def _choose(number: str, code: str, workbook: Workbook) -> Show:
    code = _NOT_CODE.sub("", code.partition(";")[0])
    if (not code and number.isdecimal() and int(number) in _DATE_FORMATS) or (
        "general" not in code.lower() and _DATE_LETTERS.search(code)
    ):
        epoch = _EPOCH_1904 if workbook.is_since_1904 else _EPOCH_1900
        return lambda digits: show_date(digits, epoch)
    if _LEADING_ZEROS.fullmatch(code):
        return lambda digits: show_number(digits).zfill(len(code))
    return show_number


def show_number(digits: str) -> str:
    """The shortest text without an exponent: 17 for 17.0, 100000 for 1E5. Raises NotANumber."""
    if _WHOLE.fullmatch(digits):
        return digits
    try:
        number = float(digits)
    except ValueError as error:
        raise NotANumber from error
    if number - number != 0 or "_" in digits:  # infinite, or not a number
        raise NotANumber
    text = format(Decimal(f"{number:.{_DIGITS}g}"), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if number else "0"


def show_date(digits: str, epoch: datetime) -> str:
    """ISO 8601: a date, a time, or both. What is no day of a calendar stays a number."""
    number = float(show_number(digits))
    if not 0 <= number < _DAYS_MAX:
        return show_number(digits)
    if epoch == _EPOCH_1900 and 1 <= number < _DAY_61 - 1:
        number += 1
    moment = epoch + timedelta(seconds=round(number * 86_400))
    if number < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d") if number == int(number) else moment.isoformat()
