"""Hands the pictures that rows name over to the function that fetches them, by product.

A chunk that is repeated sends them again, and the second message changes nothing.
"""

from collections.abc import Iterable

from files.chunks.batches import PlannedRow
from products.importing.service import find_product_ids
from shared.pictures.messages import ImportedPictures, Reference, send_imported


def send_pictures(upload_id: str, rows: Iterable[PlannedRow]) -> int:
    """How many pictures the rows name for products that exist. Call it when those are written.

    Raises botocore's errors and Unavailable.
    """
    by_sku: dict[str, list[Reference]] = {}
    for row in rows:
        for picture in row.pictures:
            sku = picture.sku or row.sku
            if sku:
                reference = Reference(picture.url_or_name, picture.alt, picture.position)
                by_sku.setdefault(sku, []).append(reference)
    if not by_sku:
        return 0
    found = zip(find_product_ids(list(by_sku)), by_sku.values(), strict=True)
    messages = [
        ImportedPictures(product_id, upload_id, tuple(references))
        for product_id, references in found
        if product_id
    ]
    send_imported(messages)
    return sum(len(message.references) for message in messages)
