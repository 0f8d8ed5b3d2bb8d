"""Stream of the stock -> events that a product is low, depleted, or back.

A sale does not know what the other shards hold, nor the buyer want to wait for it: so the stock is
looked at after each change, as it is then, and what it has become is told in the transaction that
remembers it. Repeats and disorder find nothing new to tell.
"""

from typing import Any

from products.stock import levels, repository
from products.stock.repository import Level, LevelChanged
from shared import freeze_gc, observability

freeze_gc()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises LevelChanged and Unavailable: the batch comes again, and finds less to do."""
    observability.set_log_context(context.aws_request_id)
    keys = [record["dynamodb"]["Keys"]["product_id"]["S"] for record in event["Records"]]
    product_ids = dict.fromkeys(key.partition("#")[0] for key in keys)
    changed = [level for level in repository.levels_of(list(product_ids)) if _look_at(level)]
    observability.logger.info("looked at stock", products=len(product_ids), changed=len(changed))


def _look_at(level: Level) -> bool:
    """Whether its level has changed."""
    product, available = level.product, level.held.available
    before = level.told.level if level.told else levels.DEPLETED
    now = levels.level_of(available, product.low_stock_at)
    if level.told and now == before:
        return False
    try:
        repository.set_level(level, now, levels.told(before, now, product, available))
    except LevelChanged:
        observability.logger.info("another has looked", product_id=product.product_id)
        raise
    return True
