"""The products that a client names by their SKUs or ids, in the order of the names. Pure.

A name that no product has is left out, and a product that is named twice appears once. So a page
can have fewer products than names. Each page reads its own names only.
"""

from collections.abc import Sequence

from products.identifiers import product_ids_of
from shared.storage import cursors

ProductName = tuple[str, ...]  # the ids that the product can have, the first that exists counts


def list_names(
    skus: Sequence[str] | None, product_ids: Sequence[str] | None
) -> tuple[ProductName, ...] | None:
    """The names, each once. None if a client sent both kinds: their order would be unclear."""
    if skus and product_ids:
        return None
    by_sku = [tuple(product_ids_of(sku)) for sku in skus or ()]
    by_id = [(product_id,) for product_id in product_ids or ()]
    return tuple(dict.fromkeys((*by_sku, *by_id)))


def cut_page(
    names: Sequence[ProductName], limit: int, cursor: str | None, *, owner: str = ""
) -> tuple[Sequence[ProductName], str | None]:
    """The names of a page, and the cursor of the next page. Raises InvalidCursor.

    `owner` is the user whose list it is, if it is not everybody's.
    """
    query = f"named products {tuple(names)}"
    position = cursors.decode(cursor, query=query, owner=owner)
    start = int(position["after"]) if position else 0
    end = start + limit
    more = {"after": end} if end < len(names) else None
    return names[start:end], cursors.encode(more, query=query, owner=owner)
