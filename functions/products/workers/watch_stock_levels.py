"""Stream of the stock table -> events that a product is low, depleted, or replenished.

A sale reads one shard only, and the buyer should not wait for a read of the others. So this worker
reads the whole stock after each change. It stores the level in the transaction that stages the
event, so repeated and reordered records announce nothing twice.
"""

from typing import Any

from products.stock import levels, repository
from products.stock.repository import LevelChanged, WatchedStock
from shared import freeze_gc, observability

freeze_gc()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises LevelChanged and Unavailable: Lambda retries the batch, and less is left to do."""
    observability.set_log_context(context.aws_request_id)
    keys = [record["dynamodb"]["Keys"]["product_id"]["S"] for record in event["Records"]]
    product_ids = list(dict.fromkeys(key.partition("#")[0] for key in keys))
    stocks = repository.list_watched_stocks(product_ids)
    changed = [watched for watched in stocks if _announce_level(watched)]
    observability.logger.info("watched stock", products=len(product_ids), changed=len(changed))


def _announce_level(watched: WatchedStock) -> bool:
    """Whether the level has changed."""
    product, available = watched.product, watched.stock.available
    before = watched.announced.level if watched.announced else levels.DEPLETED
    level = levels.level_of(available, product.low_stock_at)
    if watched.announced and level == before:
        return False
    event = levels.level_changed_event(before, level, product, available)
    try:
        repository.update_level(watched, level, event)
    except LevelChanged:
        observability.logger.info(
            "another instance announced a level", product_id=product.product_id
        )
        raise
    return True
