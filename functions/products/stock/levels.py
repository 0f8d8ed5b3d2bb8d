"""Stock levels: whether a product is depleted, low, or has enough units. Pure."""

from shared.events.catalog import StockData, StockDepleted, StockEvent, StockLow, StockReplenished
from shared.storage.models.catalog import Product

DEPLETED, LOW, ENOUGH = "depleted", "low", "enough"


def level_of(available: int, low_stock_at: float | None) -> str:
    if available == 0:
        return DEPLETED
    if low_stock_at is not None and available <= low_stock_at:
        return LOW
    return ENOUGH


def level_changed_event(
    before: str, after: str, product: Product, available: int
) -> StockEvent | None:
    """The event that announces the new level.

    None where nobody needs to know: a product that rises from low to enough was never out of stock.
    """
    data = StockData(product_id=product.product_id, group=product.group, available=available)
    if after == DEPLETED != before:
        return StockDepleted(data=data)
    if before == DEPLETED != after:
        return StockReplenished(data=data)
    if after == LOW != before:
        return StockLow(data=data)
    return None
