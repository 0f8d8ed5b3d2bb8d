"""Medusa's product CSV: the export and the import template of versions 1 and 2. Pure.

Each row is a variant, and repeats the columns of its product. A price has a column for each
currency.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from files.formats.source_rows import BrokenFile, SourceRow
from files.layouts.cells import normalize_word
from files.layouts.import_rows import ImportDefaults, ImportRow
from files.layouts.layout import RecognisedColumns
from files.layouts.systems import (
    NOT_HERE,
    PRICE,
    SystemLayout,
    fit_identifier,
    join_words,
    normalize_header,
)
from files.layouts.targets import (
    OMIT,
    Target,
    ignored,
    one_of,
    text_if_any,
    to,
    units_if_any,
    yes_or_no,
)
from shared.money import CURRENCIES

_DEFAULTS = (
    "default",
    "default option",
    "default option value",
    "default value",
    "default variant",
)
_STATUS = one_of(
    {"published": "active", "draft": "draft", "proposed": "draft", "rejected": "draft"},
    "Must be published, draft, proposed or rejected.",
)


def _name_of_tag(cell: str, _currency: str) -> Any:
    """A tag or category by its name; an id of Medusa means nothing here."""
    return OMIT if not cell or cell.startswith(("ptag_", "pcat_")) else cell


_NOT_HERE = (
    "id|thumbnail width|length|width|height|hs code|mid code|collection handle|collection id|"
    "type id|discountable|external id|profile name|profile type|is giftcard|created at|updated at|"
    "deleted at|variant id|variant title|variant hs code|variant mid code|variant length|"
    "variant width|variant height|variant variant rank|variant created at|variant updated at|"
    "variant deleted at|variant ean|variant upc|variant product id|variant material|"
    "variant origin country"
)
_UNIT = ignored("the file names no unit: map it")
_TARGETS = {
    "handle": Target("handle", text_if_any, "group", "rows with one handle are variants"),
    "title": to("name", text_if_any),
    "subtitle": Target("attribute:subtitle", text_if_any, "attributes.subtitle"),
    "description": to("description", text_if_any),
    "status": to("status", _STATUS, "published: active; others: a draft"),
    "thumbnail": Target("image0", text_if_any, "pictures"),
    "collection title": Target("attribute:collection", text_if_any, "attributes.collection"),
    "type": Target("attribute:type", text_if_any, "attributes.type"),
    "material": Target("attribute:material", text_if_any, "attributes.material"),
    "origin country": Target("attribute:origin_country", text_if_any, "attributes.origin_country"),
    "tags": Target("tag0", text_if_any, "tags"),
    "weight": _UNIT,
    "variant weight": _UNIT,
    "variant sku": to("sku", text_if_any),
    "variant barcode": to("barcode", text_if_any, "a number that is no GTIN becomes an attribute"),
    "variant inventory quantity": to("available", units_if_any),
    "variant allow backorder": Target("backorders", yes_or_no, "stock_policy"),
    "variant manage inventory": Target("counts", yes_or_no, "stock_policy", "false: not counted"),
    **dict.fromkeys(_NOT_HERE.split("|"), NOT_HERE),
}


def _price(found: re.Match[str]) -> Target:
    currency = found[1].upper()
    if currency not in CURRENCIES:
        return ignored("prices of regions have no field here")

    def convert(cell: str, _of_import: str) -> Any:
        return PRICE(cell, currency)

    return Target(f"price {currency}", convert, "price", "in the currency of the import")


def _option(found: re.Match[str]) -> Target:
    return Target(f"option{found[1]}_{found[2]}", text_if_any, "options")


def _image(found: re.Match[str]) -> Target:
    return Target(f"image{found[1]}", text_if_any, "pictures")


def _tag(found: re.Match[str]) -> Target:
    return Target(f"tag{found[1]}", _name_of_tag, "tags")


def _category(found: re.Match[str]) -> Target:
    return Target(f"category{found[1]}", _name_of_tag, "category_names", "the first one")


def _without_field(_found: re.Match[str]) -> Target:
    return NOT_HERE


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Target]], ...] = (
    (re.compile(r"(?:variant )?price (.+)"), _price),
    (re.compile(r"(?:variant )?option (\d{1,2}) (name|value)"), _option),
    (re.compile(r"(?:product )?image (\d{1,3})(?: url)?"), _image),
    (re.compile(r"product tag (\d{1,2})"), _tag),
    (re.compile(r"product category (\d{1,2})(?: name)?"), _category),
    (re.compile(r"(?:product )?(?:sales channel|shipping profile).*"), _without_field),
)


class MedusaLayout(SystemLayout):
    name: ClassVar[str] = "medusa"
    TARGETS: ClassVar[Mapping[str, Target]] = _TARGETS
    SHARED: ClassVar[frozenset[str]] = frozenset(
        ["name", "description", "status", "category"] + [f"tag{number}" for number in range(21)]
    )

    def __init__(self, recognised: RecognisedColumns, defaults: ImportDefaults) -> None:
        super().__init__(recognised, defaults)
        self._currency = self._choose_currency()
        others = {slot for slot in self._index if slot.startswith("price ")}
        others.discard(f"price {self._currency}")
        self._plan = [each for each in self._plan if each[2] not in others]

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        return "product handle" in headers and any(
            header.startswith("variant ") for header in headers
        )

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return None if "handle" in slots or "sku" in slots else "Product Handle"

    @classmethod
    def find_target(cls, column: str) -> Target:
        header = normalize_header(column)
        for pattern, make in _PATTERNS:
            if found := pattern.fullmatch(header):
                return make(found)
        return super().find_target(header.removeprefix("product "))

    def _choose_currency(self) -> str | None:
        """Raises BrokenFile if several columns of prices could be meant."""
        found = [slot.removeprefix("price ") for slot in self._index if slot.startswith("price ")]
        if not found or self._defaults.currency in found:
            return self._defaults.currency if found else None
        if len(found) == 1:
            return found[0]
        message = f"The file has prices in {', '.join(found)}. Choose the currency of the upload."
        raise BrokenFile("ambiguous_currency", message, row=1)

    @property
    def has_parents(self) -> bool:
        return {"handle", "name"} <= self._index.keys()

    def parent_key(self, row: SourceRow) -> str | None:
        return self.cell(row, "handle") or None if self.cell(row, "name") else None

    def needs_parent(self, row: SourceRow) -> str | None:
        return None if self.cell(row, "name") else self.cell(row, "handle") or None

    def sku(self, row: SourceRow) -> str | None:
        """Medusa needs none: then it follows from the handle and the options."""
        values = [self.cell(row, f"option{number}_value") for number in range(1, 6)]
        given = [value for value in values if normalize_word(value) not in _DEFAULTS]
        return self.cell(row, "sku") or join_words(self.cell(row, "handle"), *given) or None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        if parent is not None:
            self._take_shared(reading, self._read_parent(parent))
        values = reading.values
        self._take_sku(reading, row, "Has no SKU. It follows from the handle and the options.")
        self._combine(values)
        return self._finish_product(reading)

    def _combine(self, values: dict[str, Any]) -> None:
        """The fields that several columns decide about."""
        own = {slot: values.pop(slot) for slot in list(values) if _COMBINED.fullmatch(slot)}
        if self._currency and f"price {self._currency}" in own:
            values |= {"price": own[f"price {self._currency}"], "currency": self._currency}
        for slot, name in own.items():
            value = own.get(slot.replace("_name", "_value"))
            if slot.endswith("_name") and value and normalize_word(value) not in _DEFAULTS:
                values[f"option:{name}"] = value
        values["group"] = fit_identifier(own.get("handle", ""))
        values |= _collect(own)
        if own.get("counts") is False:
            values["stock_policy"] = "untracked"
        elif "counts" in own or "backorders" in own:
            values["stock_policy"] = "backorder" if own.get("backorders") else "tracked"


_COMBINED = re.compile(
    r"price [A-Z]{3}|option\d+_(name|value)|image\d+|tag\d+|category\d+|handle|counts|backorders"
)


def _collect(own: Mapping[str, Any]) -> dict[str, Any]:
    """Tags, pictures and the category, which have numbered columns."""
    numbered = {"tag": "tags", "image": "pictures", "category": "category_names"}
    found: dict[str, list[str]] = {}
    for slot, value in own.items():
        field = numbered.get(slot.rstrip("0123456789"))
        if field:
            found.setdefault(field, []).extend(
                part.strip() for part in (value.split(",") if field == "tags" else [value])
            )
    if "category_names" in found:
        found["category_names"] = found["category_names"][:1]
    return {field: list(dict.fromkeys(values)) for field, values in found.items()}
