"""Stock levels: whether a product is sold out, depleted, low, or has enough units. Pure.

A depleted product may still be ordered if its policy is `backorder`, until its limit is reached.
"""

from products.view_parts import availability_of
from shared.events.catalog import StockData, StockDepleted, StockEvent, StockLow, StockReplenished
from shared.storage.models.catalog import Product

SOLD_OUT, DEPLETED, LOW, ENOUGH = "sold_out", "depleted", "low", "enough"
_EMPTY = (SOLD_OUT, DEPLETED)


def level_of(product: Product, available: int) -> str:
    if available <= 0:
        is_sold_out = product.backorders_max and not product.orderable(available)
        return SOLD_OUT if is_sold_out else DEPLETED
    if available <= (product.low_stock_at or 0):
        return LOW
    return ENOUGH


def level_changed_event(
    before: str, after: str, product: Product, available: int
) -> StockEvent | None:
    """The event that announces the new level.

    None where nobody needs to know: a product that rises from low to enough was never out of stock.
    """
    data = StockData(
        product_id=product.product_id,
        group=product.group,
        available=max(0, available),
        backordered=max(0, -available),
        availability=availability_of(product, available),
    )
    if after == SOLD_OUT != before or (after == DEPLETED and before not in _EMPTY):
        return StockDepleted(data=data)
    if before in _EMPTY and before != after and product.orderable(available):
        return StockReplenished(data=data)
    if after == LOW != before:
        return StockLow(data=data)
    return None
