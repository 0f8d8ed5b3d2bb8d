"""The rows of a file of products, in the columns that the export names."""

from collections.abc import Generator, Iterator
from typing import Any, get_args

from files.exports import shopify_columns
from files.formats.source_rows import FileFormat
from files.formats.writers import open_writer
from files.layouts.own_columns import OWN_COLUMNS, write_product
from products.exporting.service import (
    CategoryNames,
    ExportedProduct,
    list_group_batches,
    list_product_batches,
)
from shared.storage.models.catalog import ProductStatus
from shared.storage.models.exports import SHOPIFY, Export
from shared.storage.multipart import MultipartFile

_FORMATS = {
    "csv": FileFormat(kind="csv", encoding="utf-8", delimiter=","),
    "jsonl": FileFormat(kind="json_lines", encoding="utf-8"),
    "xlsx": FileFormat(kind="xlsx"),
}
# Rows of products, and how many products they are.
_Batch = tuple[list[list[str]] | list[dict[str, Any]], int]


def write_products(export: Export, file: MultipartFile) -> Generator[int]:
    """Write the products in batches; each step is the number of products in one.

    Raises Unavailable.
    """
    statuses = frozenset(export.statuses or get_args(ProductStatus))
    is_own = export.format != SHOPIFY
    columns = OWN_COLUMNS if is_own else shopify_columns.COLUMNS
    batches = _own_batches(export, statuses) if is_own else _shopify_batches(export, statuses)
    with open_writer(file, _FORMATS[export.extension], columns) as writer:
        for rows, products in batches:
            for row in rows:
                writer.write(row)
            yield products


def _own_batches(export: Export, statuses: frozenset[str]) -> Iterator[_Batch]:
    for batch in list_product_batches(statuses):
        products = [product for product in batch if _has_currency(product, export.currency)]
        if export.format == "jsonl":
            yield [_to_object(product) for product in products], len(products)
        else:
            yield [_to_cells(product) for product in products], len(products)


def _to_object(product: ExportedProduct) -> dict[str, Any]:
    pictures = [{"url": picture.url, "alt": picture.alt} for picture in product.pictures]
    return product.fields | {"available": product.available, "pictures": pictures}


def _to_cells(product: ExportedProduct) -> list[str]:
    urls = [picture.url for picture in product.pictures]
    return write_product(product.fields, product.available, urls)


def _shopify_batches(export: Export, statuses: frozenset[str]) -> Iterator[_Batch]:
    categories = CategoryNames()
    for batch in list_group_batches(statuses):
        groups = [group for group in batch if _has_currency(group[0], export.currency)]
        rows: list[list[str]] = []
        for group in groups:
            names = categories.of(group[0].fields["category"])
            rows += shopify_columns.write_group(group, names)
        yield rows, sum(map(len, groups))


def _has_currency(product: ExportedProduct, currency: str | None) -> bool:
    """The variants of one group have one currency."""
    return currency in (None, product.fields["price"]["currency"])
