"""PrestaShop's CSV of combinations, which are the variants of its products. Pure.

It has no names, and impacts on prices instead of prices. So it changes the stock, the barcode and
the pictures of variants that exist here, and creates none. An empty cell changes nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from files.formats.source_rows import Problem, SourceRow
from files.layouts.import_rows import ImportDefaults, ImportRow
from files.layouts.layout import RecognisedColumns
from files.layouts.prestashop import PrestaShopLayout
from files.layouts.systems import NOT_HERE, UNRECOGNISED
from files.layouts.targets import Target, entries_if_any, ignored, text_if_any, to, units_if_any

_IMPACT = ignored("an impact is no price")
_OPTIONS = ignored("options stay as they are here")
_WARNING = (
    "PrestaShop's combinations have no names and no prices. The stock, barcodes and pictures of "
    "variants that the shop has are imported, by Reference. To create variants, send a file with "
    "the columns sku, name, price, group, and one such as option_Size for each attribute."
)


class PrestaShopCombinationsLayout(PrestaShopLayout):
    name: ClassVar[str] = "prestashop_combinations"
    TARGETS: ClassVar[Mapping[str, Target]] = {
        "reference": to("sku", text_if_any),
        "quantity": to("available", units_if_any),
        "low stock level": to("low_stock_at", units_if_any),
        "ean13": Target("ean13", text_if_any, "barcode"),
        "upc": Target("upc", text_if_any, "barcode", "without an EAN13"),
        "image urls": to("pictures", entries_if_any(",")),
        "attribute": _OPTIONS,
        "value": _OPTIONS,
        "impact on price": _IMPACT,
        "impact on weight": ignored("an impact is no weight"),
        "wholesale price": ignored("products show no costs"),
    }

    def __init__(self, recognised: RecognisedColumns, defaults: ImportDefaults) -> None:
        super().__init__(recognised, defaults)
        self.warnings.append(Problem(1, None, "combinations_file", _WARNING))

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        signs = ("attribute (", "value (")
        return all(any(header.startswith(sign) for header in headers) for sign in signs)

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return None if "sku" in slots else "Reference"

    @classmethod
    def find_target(cls, column: str) -> Target:
        """All columns are PrestaShop's own, and most are for its shop alone."""
        target = super().find_target(column)
        return NOT_HERE if target is UNRECOGNISED else target

    def sku(self, row: SourceRow) -> str | None:
        return self.cell(row, "sku") or None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        del parent
        reading = self._convert(row)
        values = reading.values
        self._require_sku(reading)
        codes: list[Any] = [values.pop(slot) for slot in ("ean13", "upc") if slot in values]
        if codes:
            values["barcode"] = codes[0]
        found = self._finish_product(reading)
        if found.fields.get("barcode", "") is None:  # it is no GTIN, and the stored one stays
            del found.fields["barcode"]
        return found
