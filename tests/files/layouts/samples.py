"""The product files of a made-up shop, as other systems write them."""

import csv
from pathlib import Path

from files.layouts.import_rows import ImportRow
from products.schemas import NewProduct
from tests.files.layouts.reading import read_all

SAMPLES = Path(__file__).parent.parent / "samples"


def read_sample(name: str) -> list[ImportRow]:
    with (SAMPLES / name).open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return read_all(header, rows)


def products(rows: list[ImportRow]) -> dict[str, NewProduct]:
    """The products by SKU, each valid under the rules of the API."""
    found = {}
    for row in rows:
        assert row.problems == (), row
        if row.is_product:
            product = _to_product(row)
            assert product.sku not in found
            found[product.sku] = product
    return found


def _to_product(row: ImportRow) -> NewProduct:
    fields = {name: value for name, value in row.fields.items() if value is not None}
    units = fields.pop("available", 0)
    assert type(units) is int
    assert units >= 0 or fields["stock_policy"] == "backorder"
    names = fields.pop("category_names", None)
    assert names is None or all(isinstance(name, str) and name for name in names)
    return NewProduct.model_validate(fields)
