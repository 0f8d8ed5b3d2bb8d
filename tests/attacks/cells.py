"""Texts of buyers that become a formula where a file of orders is opened in a spreadsheet.

The file is comma-separated. Spreadsheets also read it with semicolons or tabs, drop what they
cannot show at the start of a cell, and evaluate what begins with a sign.
"""

from tests.attacks.attack import Attack, json_body

FORMULA = "=1+1"

# Each begins a formula in some spreadsheet.
SIGNS = {
    "equals": "=",
    "plus": "+",
    "minus": "-",
    "at": "@",
    "full-width equals": "\uff1d",
    "full-width plus": "\uff0b",
    "full-width minus": "\uff0d",
    "full-width at": "\uff20",
    "small equals": "\ufe66",
    "small plus": "\ufe62",
    "small minus": "\ufe63",
    "small at": "\ufe6b",
    "minus sign": "\u2212",
    "superscript plus": "\u207a",
    "two equals in one": "\u2a75",
}
# A spreadsheet or its import may drop these before the sign.
IGNORED = {
    "blank": " ",
    "two blanks": "  ",
    "no-break space": "\u00a0",
    "narrow no-break space": "\u202f",
    "ideographic space": "\u3000",
    "byte order mark": "\ufeff",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "right-to-left override": "\u202e",
    "soft hyphen": "\u00ad",
    "variation selector": "\ufe0f",
    "Hangul filler": "\u3164",
    "Braille blank": "\u2800",
    "tag": "\U000e0020",
    "quote": '"',
    "two quotes": '""',
    "quote and blank": '" ',
    "blank and quote": ' "',
}
# A new cell begins behind these, in a reader that is set to them.
SEPARATORS = {
    "semicolon": ";",
    "tab": "\t",
    "line feed": "\n",
    "carriage return": "\r",
    "line break": "\r\n",
    "vertical tab": "\v",
    "form feed": "\f",
    "next line": "\u0085",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
}

# By name. Each is the whole text of one field.
TEXTS: dict[str, str] = {
    "semicolon and quotes": 'x;"=1+1&";y',
    "tab and quotes": 'x\t"=1+1&"\ty',
    "separator line": f"sep=;\r\n{FORMULA}",
    "DDE": "=cmd|' /C calc'!A0",
    "DDE behind a semicolon": "x;@SUM(cmd|' /C calc'!A0)",
    "link": '=HYPERLINK("https://evil.example";"Click")',
    "array formula": "{=1+1}",
    "closing quote": f'x";{FORMULA}',
    "closing quote and line": f'x"\r\n{FORMULA}',
    "open quote": f'x;"{FORMULA}',
    "quotes at both ends": f'"{FORMULA}"',
    "two cells": f"{FORMULA};{FORMULA}",
    "empty cells first": f";;\t;{FORMULA}",
    **{f"{name} alone": f"{sign}1+1" for name, sign in SIGNS.items()},
    **{f"{name} before": f"{ignored}{FORMULA}" for name, ignored in IGNORED.items()},
    **{f"{name} first": f"{separator}{FORMULA}" for name, separator in SEPARATORS.items()},
    **{
        f"{separator_name}, {name}": f"x{separator}{ignored}{FORMULA};y"
        for separator_name, separator in SEPARATORS.items()
        for name, ignored in IGNORED.items()
    },
}


def _quote_to(name: str, line1: str) -> Attack:
    """A visitor's text reaches the shop. Control characters never do."""
    body = {
        "lines": [{"product_id": "{product_id}", "quantity": 1}],
        "shipping_address": {"name": "Ada", "line1": line1, "country": "GB"},
    }
    return Attack(name, "POST", "/v1/guest/orders/quote", status=(200, 422), body=json_body(body))


_SENT = ("semicolon and quotes", "tab and quotes", "separator line", "DDE", "link", *IGNORED)
ATTACKS = [
    _quote_to(name, f"x;{IGNORED[name]}{FORMULA}" if name in IGNORED else TEXTS[name])
    for name in _SENT
]
