"""What has changed for the lines of a cart since the buyer set them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Literal

from orders.carts.contents import is_on_sale
from shared.config import HeldStockSettings, QuantitySettings, settings
from shared.records import Record
from shared.storage.models.carts import Cart, CartLine
from shared.storage.models.catalog import UNTRACKED, Product
from shared.storage.stock_shards import StockSnapshot

Change = Literal[
    "price_changed",
    "not_on_sale",
    "insufficient_stock",
    "backordered",
    "quantity_limit_exceeded",
]
# An order of the line would be refused.
BLOCKING: frozenset[Change] = frozenset(
    {"not_on_sale", "insufficient_stock", "quantity_limit_exceeded"}
)


class CheckedLine(Record):
    """A line of a cart beside its product as it is now."""

    line: CartLine
    product: Product | None  # None: it is not on sale
    available: int | None  # units in stock; None: the product is not on sale, or not counted
    quantity_max: int | None  # units that one order may have; None: the product is not on sale
    changes: tuple[Change, ...]

    @property
    def is_orderable(self) -> bool:
        return not BLOCKING.intersection(self.changes)


class ShownCart(Record):
    cart: Cart
    lines: list[CheckedLine]
    new_token: str | None = field(default=None, repr=False)  # of a guest's cart that is new


def check_lines(
    lines: Iterable[CartLine],
    products: Mapping[str, Product],
    stocks: Mapping[str, StockSnapshot],
    *,
    is_guest: bool,
) -> list[CheckedLine]:
    return [
        _check_line(
            line,
            products.get(line.product_id),
            stocks.get(line.product_id) or StockSnapshot.empty(line.product_id),
            is_guest=is_guest,
        )
        for line in lines
    ]


def _check_line(
    line: CartLine, product: Product | None, stock: StockSnapshot, *, is_guest: bool
) -> CheckedLine:
    if product is None or not is_on_sale(product):
        return CheckedLine(line, None, None, None, ("not_on_sale",))
    limit = _quantity_max(product, is_guest=is_guest)
    is_counted, in_stock = product.stock_policy != UNTRACKED, max(0, stock.available)
    is_short = product.orderable(stock.available) < line.quantity
    found: dict[Change, bool] = {
        "price_changed": (line.price_minor, line.currency)
        != (product.price_minor, product.currency),
        "insufficient_stock": is_short,
        "backordered": is_counted and not is_short and in_stock < line.quantity,
        "quantity_limit_exceeded": line.quantity > limit,
    }
    changes = tuple(change for change, applies in found.items() if applies)
    return CheckedLine(line, product, in_stock if is_counted else None, limit, changes)


def _quantity_max(product: Product, *, is_guest: bool) -> int:
    """What one order may have of the product, and hold until it is paid."""
    shop, held = settings(QuantitySettings), settings(HeldStockSettings)
    default = shop.guest_order_quantity_max if is_guest else shop.order_quantity_max
    return min(product.quantity_max(default), held.order_units_max(is_guest=is_guest))
