"""What a cart has in it: its products and quantities, and how changes and merges affect them. Pure.

A cart has one line of a product. Quantities are by product, in the order of the lines.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from shared.errors.carts import CartFull
from shared.errors.orders import UnknownProducts
from shared.security import opaque_tokens
from shared.storage.models.carts import Cart, CartLine
from shared.storage.models.catalog import Product

LINES_MAX = 50  # of a cart; an order has as many

Quantities = Mapping[str, int]


def guest_cart_id(token: str) -> str:
    """The stored cart of a guest has a digest in its key: a backup opens no cart."""
    return opaque_tokens.digest(token)


def quantities_of(cart: Cart) -> dict[str, int]:
    return {line.product_id: int(line.quantity) for line in cart.lines}


def digest_of(quantities: Quantities) -> str:
    """Equal for equal products and quantities, in any order."""
    canonical = json.dumps(quantities, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def apply_changes(before: Quantities, changes: Quantities) -> dict[str, int]:
    """A changed product keeps its place, a new one comes last, and 0 removes one."""
    return {product_id: units for product_id, units in {**before, **changes}.items() if units}


def merge_lines(account: Iterable[CartLine], guest: Iterable[CartLine]) -> list[CartLine]:
    """All lines of both, the account's first. Of a product in both, the line with more units.

    The sum would double what a buyer put into the cart on two devices. The greater quantity is one
    that the buyer has seen. Raises CartFull.
    """
    merged = {line.product_id: line for line in account}
    for line in guest:
        own = merged.get(line.product_id)
        if own is None or line.quantity > own.quantity:
            merged[line.product_id] = line
    require_room({product_id: int(line.quantity) for product_id, line in merged.items()})
    return list(merged.values())


def increases(before: Quantities, after: Quantities) -> dict[str, int]:
    """The lines of `after` that are new or have more units: what the shop must be able to sell."""
    return {
        product_id: units
        for product_id, units in after.items()
        if units > before.get(product_id, 0)
    }


def require_room(quantities: Quantities) -> None:
    """Raises CartFull."""
    if len(quantities) > LINES_MAX:
        raise CartFull(lines_max=LINES_MAX)


def require_on_sale(product_ids: Iterable[str], products: Mapping[str, Product]) -> None:
    """Raises UnknownProducts."""
    unknown = [each for each in product_ids if not is_on_sale(products.get(each))]
    if unknown:
        raise UnknownProducts(product_ids=unknown)


def build_lines(
    quantities: Quantities, known: Iterable[CartLine], products: Mapping[str, Product]
) -> list[CartLine]:
    """The lines with these quantities; a line that is not `known` needs its product.

    A line whose quantity stays keeps the price at which the buyer added it. Any other has the
    current price, unless its product is not on sale or not among `products`.
    """
    before = {line.product_id: line for line in known}
    return [
        _build_line(units, before.get(product_id), products.get(product_id))
        for product_id, units in quantities.items()
    ]


def _build_line(units: int, before: CartLine | None, product: Product | None) -> CartLine:
    if before is not None and (before.quantity == units or not is_on_sale(product)):
        before.quantity = units
        return before
    if product is None:
        raise ValueError("a new line has no product")
    line = CartLine(
        product_id=product.product_id,
        quantity=units,
        sku=product.sku,
        name=product.name,
        price_minor=int(product.price_minor),
        currency=product.currency,
    )
    line.keep_unknown_of(before)
    return line


def is_on_sale(product: Product | None) -> bool:
    return product is not None and product.status == "active"
