"""Hands the pictures that rows name over to the function that fetches them, by product.

A product that has all of them already needs no message: an export, imported again, sends none. A
chunk that is repeated sends its messages again, and the second one changes nothing.
"""

from collections.abc import Sequence

from files.chunks.named_pictures import BySku
from files.formats.source_rows import Problem, shorten
from products.importing.service import find_products
from shared.pictures.lists import PICTURES_MAX, pictures_of
from shared.pictures.messages import ImportedPictures, send_imported
from shared.pictures.references import has_all
from shared.records import Record


class SentPictures(Record):
    count: int = 0
    left_out: Sequence[Problem] = ()


def send_pictures(upload_id: str, by_sku: BySku) -> SentPictures:
    """Call it when the rows are written. The pictures that products have already are not sent.

    Pictures are left out if no product has their SKU: its row is rejected, or in another chunk that
    is not imported yet. Raises botocore's errors and Unavailable.
    """
    messages: list[ImportedPictures] = []
    left_out: list[Problem] = []
    for product, (sku, named) in zip(find_products(list(by_sku)), by_sku.items(), strict=True):
        references = named.references
        if product is None:
            left_out.append(_left_out(named.last_row, sku))
        elif not has_all(pictures_of(product), references):
            messages.append(ImportedPictures(product.product_id, upload_id, tuple(references)))
    send_imported(messages)
    return SentPictures(sum(len(message.references) for message in messages), left_out)


def warn_of_too_many(by_sku: BySku) -> list[Problem]:
    message = (
        f"The file names more than {PICTURES_MAX} pictures of this product. Those after the first "
        f"{PICTURES_MAX} are left out."
    )
    return [
        Problem(named.last_row, None, "too_many_pictures", message, shorten(sku))
        for sku, named in by_sku.items()
        if named.are_too_many
    ]


def _left_out(row: int, sku: str) -> Problem:
    message = (
        "The pictures are left out: no product has this SKU yet. If the file has its row, correct "
        "that row if it was rejected, and import the file again. Otherwise create the product."
    )
    return Problem(row, None, "pictures_left_out", message, shorten(sku))
