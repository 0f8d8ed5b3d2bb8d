"""Hands the pictures that rows name over to the function that fetches them, by product.

A product that has all of them already needs no message: an export, imported again, sends none. A
chunk that is repeated sends its messages again, and the second one changes nothing.
"""

import unicodedata
from collections.abc import Iterable

from files.chunks.batches import PlannedRow
from products.importing.service import find_products
from shared.characters import to_line
from shared.pictures.lists import ALT_MAX, PICTURES_MAX, pictures_of
from shared.pictures.messages import ImportedPictures, send_imported
from shared.pictures.references import Reference, has_all, sort_references
from shared.pictures.urls import URL_LENGTH_MAX

# Of a message: it is under SQS's 1 MiB and one run of the worker, whatever a file names. A product
# with more has no room for them.
REFERENCES_MAX = PICTURES_MAX


def send_pictures(upload_id: str, rows: Iterable[PlannedRow]) -> int:
    """How many pictures are sent, of products that exist. Call it when those are written.

    Raises botocore's errors and Unavailable.
    """
    by_sku = _references_by_sku(rows)
    if not by_sku:
        return 0
    messages = []
    for product, named in zip(find_products(list(by_sku)), by_sku.values(), strict=True):
        references = sort_references(list(named.values()))
        if product is None or has_all(pictures_of(product), references):
            continue
        for start in range(0, len(references), REFERENCES_MAX):
            part = tuple(references[start : start + REFERENCES_MAX])
            messages.append(ImportedPictures(product.product_id, upload_id, part))
    send_imported(messages)
    return sum(len(message.references) for message in messages)


def _references_by_sku(rows: Iterable[PlannedRow]) -> dict[str, dict[str, Reference]]:
    """Each picture of a product once."""
    by_sku: dict[str, dict[str, Reference]] = {}
    for row in rows:
        for picture in row.pictures:
            sku = picture.sku or row.sku
            if sku:
                url_or_name = picture.url_or_name[: URL_LENGTH_MAX + 1]  # a longer one is refused
                reference = Reference(url_or_name, _to_alt(picture.alt), picture.position)
                by_sku.setdefault(sku, {}).setdefault(url_or_name, reference)
    return by_sku


def _to_alt(text: str | None) -> str | None:
    """The text as the API would take it: a picture is not refused for its text."""
    line = to_line(" ".join(unicodedata.normalize("NFC", text or "").splitlines()))
    return line[:ALT_MAX].strip() or None
