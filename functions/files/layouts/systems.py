"""What the product files of other systems have in common. Pure.

A file of another system has rows that share values, prices in major units, and values that decide
about several of our fields. What has no place here is ignored, and the columns of the upload say
so.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.amounts import POINT_OF_SYSTEM
from files.layouts.cells import is_gtin
from files.layouts.import_rows import ImportRow
from files.layouts.layout import Layout
from files.layouts.own_targets import ERROR_TARGETS
from files.layouts.readings import Reading
from files.layouts.targets import Converter, Target, amount, ignored, text_if_any, to
from shared.catalog_names import IDENTIFIER_LENGTH_MAX
from shared.storage.models.catalog import BACKORDER, UNTRACKED

UNRECOGNISED = ignored("unknown, and ignored")
NOT_HERE = ignored("no field here")

# What an author or an error file adds.
_OF_ANY_FILE = {**ERROR_TARGETS, "currency": to("currency", text_if_any)}

# A price with a point before its decimals, as systems write it.
PRICE: Converter = amount("major", POINT_OF_SYSTEM)

# What an empty cell means, once no other row of the product has the value.
_BLANKS: Mapping[str, Any] = {
    "description": "",
    "tags": [],
    "category_names": None,
    "barcode": None,
    "compare_at_price": None,
    "weight_grams": None,
}
_HASH_LENGTH = 10


def normalize_header(column: str) -> str:
    """Equal for two spellings of a column: case, underscores and white space say nothing."""
    return " ".join(column.replace("_", " ").split()).casefold()


def fit_identifier(text: str) -> str:
    """An SKU or group of at most 64 characters. Longer ones end with a hash of the whole."""
    if len(text) <= IDENTIFIER_LENGTH_MAX:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{text[: IDENTIFIER_LENGTH_MAX - _HASH_LENGTH - 1]}-{digest}"


def join_words(*texts: str) -> str:
    """An identifier for a product that has none: its words with hyphens, as in a URL."""
    words = re.findall(r"\w+", " ".join(texts).casefold())
    return fit_identifier("-".join(words))


class SystemLayout(Layout):
    """A layout with a table of the columns that the system writes."""

    has_all_attributes: ClassVar[bool] = False
    TARGETS: ClassVar[Mapping[str, Target]]  # by normalized header
    SHARED: ClassVar[frozenset[str]] = frozenset()  # slots that rows take from their parent

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        """Whether a file with these normalized headers is from this system."""
        raise NotImplementedError

    @classmethod
    def find_target(cls, column: str) -> Target:
        """Where the column goes. One that nobody knows is ignored: plugins add their own."""
        header = normalize_header(column)
        of_any_file = _OF_ANY_FILE.get(header.replace(" ", "_"))
        return cls.TARGETS.get(header) or of_any_file or UNRECOGNISED

    def _take_shared(self, reading: Reading, parent: Reading) -> None:
        """Values of the parent, where the row has none of its own."""
        for slot, value in parent.values.items():
            if slot in self.SHARED or slot.startswith("attribute:"):
                reading.values.setdefault(slot, value)

    def _take_sku(self, reading: Reading, row: SourceRow, message: str) -> None:
        """The SKU that `sku` makes for a row without its own. `message` warns of it."""
        if "sku" not in reading.values and (sku := self.sku(row)):
            reading.values["sku"] = sku
            reading.warn("sku", "sku_derived", message)
        self._require_sku(reading)

    def _require_sku(self, reading: Reading) -> None:
        if "sku" not in reading.values:
            reading.refuse("sku", "required", "Is required: it says which product this row is.")

    def _finish_product(self, reading: Reading) -> ImportRow:
        """The row with what all systems need. Its slots are fields by now."""
        values = reading.values
        for slot, blank in _BLANKS.items():
            if slot in self._index:
                values.setdefault(slot, blank)
        _check_reduction(reading)
        _check_barcode(reading)
        _check_stock(reading)
        if not any(slot.startswith("option:") for slot in values):
            values.pop("group", None)
        return self._finish(reading)


def _check_reduction(reading: Reading) -> None:
    """Other systems keep a price before the reduction that is none."""
    price, before = reading.values.get("price"), reading.values.get("compare_at_price")
    if isinstance(price, int) and isinstance(before, int) and before <= price:
        reading.values["compare_at_price"] = None
        if 0 < before < price:
            message = "Left out: the price before a reduction must be more than the price."
            reading.warn("compare_at_price", "not_above_price", message)


def _check_barcode(reading: Reading) -> None:
    """A number that is no GTIN is one of the shop's own."""
    barcode = reading.values.get("barcode")
    if barcode is None:
        return
    digits = barcode.lstrip("'")  # which keeps spreadsheets from calculating with it
    if is_gtin(digits):
        reading.values["barcode"] = digits
        return
    reading.values["barcode"] = None
    reading.values["attribute:barcode"] = digits
    message = "Is no GTIN. It is imported as the attribute `barcode`. Check it for typing errors."
    reading.warn("barcode", "not_a_gtin", message, barcode)


def _check_stock(reading: Reading) -> None:
    """Other systems count below 0 after selling what they did not have."""
    values = reading.values
    if values.get("stock_policy") == UNTRACKED:
        values.pop("available", None)
    units, policy = values.get("available"), values.get("stock_policy")
    if isinstance(units, int) and units < 0 and policy != BACKORDER:
        values |= {"available": 0, "oversold": 0 if policy else -units}
        message = "Imported as 0, unless the product has the stock policy `backorder`."
        reading.warn("available", "negative_stock", message, str(units))
