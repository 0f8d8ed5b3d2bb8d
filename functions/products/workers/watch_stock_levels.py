"""Stream of the stock table -> events that a product is low, depleted, or replenished.

A sale reads one shard only, and the buyer should not wait for a read of the others. So this worker
reads the whole stock after each change. It stores the level in the transaction that stages the
event, so repeated and reordered records announce nothing twice. The levels of a batch share a
transaction, as an import changes many products at once.
"""

from collections.abc import Sequence
from typing import Any

from products.stock import levels, repository
from products.stock.repository import LEVELS_MAX, LevelChange, LevelChanged, WatchedStock
from shared import freeze_gc, observability
from shared.storage.models.catalog import UNTRACKED
from shared.storage.transactions import Contended, Throttled

freeze_gc()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises LevelChanged and Unavailable: Lambda retries the batch, and less is left to do."""
    observability.set_log_context(context.aws_request_id)
    keys = [record["dynamodb"]["Keys"]["product_id"]["S"] for record in event["Records"]]
    product_ids = list(dict.fromkeys(key.partition("#")[0] for key in keys))
    stocks = repository.list_watched_stocks(product_ids)
    changes = [change for watched in stocks if (change := _find_change(watched))]
    for start in range(0, len(changes), LEVELS_MAX):
        _store(changes[start : start + LEVELS_MAX])
    observability.logger.info("watched stock", products=len(product_ids), changed=len(changes))


def _find_change(watched: WatchedStock) -> LevelChange | None:
    product, available = watched.product, watched.stock.available
    if product.stock_policy == UNTRACKED:  # orders from before return their units
        return None
    before = watched.announced.level if watched.announced else levels.DEPLETED
    level = levels.level_of(product, available)
    if watched.announced and level == before:
        return None
    event = levels.level_changed_event(before, level, product, available)
    return LevelChange(watched, level, event)


def _store(changes: Sequence[LevelChange]) -> None:
    """Together, or one by one where another instance writes one of them.

    So a retry has only those left to do. Raises LevelChanged and Unavailable.
    """
    try:
        repository.update_levels(changes)
    except (LevelChanged, Contended):
        if len(changes) == 1:
            product_id = changes[0].watched.product.product_id
            observability.logger.info("another instance announced a level", product_id=product_id)
            raise
        refused = [change for change in changes if not _is_stored_alone(change)]
        if refused:
            raise


def _is_stored_alone(change: LevelChange) -> bool:
    try:
        _store([change])
    except Throttled:
        raise  # more calls would not help
    except (LevelChanged, Contended):
        return False
    return True
