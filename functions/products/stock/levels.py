"""Whether a product is depleted or low, and what is told when that changes. Pure."""

from shared.events.all_events import StockEvent
from shared.events.catalog import StockData, StockDepleted, StockLow, StockReplenished
from shared.storage.models.catalog import Product

DEPLETED, LOW, ENOUGH = "depleted", "low", "enough"


def level_of(available: int, low_stock_at: float | None) -> str:
    if available == 0:
        return DEPLETED
    if low_stock_at is not None and available <= low_stock_at:
        return LOW
    return ENOUGH


def told(before: str, now: str, product: Product, available: int) -> StockEvent | None:
    """What has happened between the two levels, if anyone should know."""
    about = StockData(product_id=product.product_id, group=product.group, available=available)
    if now == DEPLETED != before:
        return StockDepleted(data=about)
    if before == DEPLETED != now:
        return StockReplenished(data=about)
    if now == LOW != before:
        return StockLow(data=about)
    return None
