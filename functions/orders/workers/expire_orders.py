"""Schedule -> orders that nobody has paid in time: expired, with all that they held.

A run takes the first to expire, as many as it has time for; the next run, a minute later, goes on.
Two runs may overlap, and an order may be paid at that very moment: each ends in one way.
"""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.lifecycle import decisions, repository
from orders.lifecycle.service import try_update_order
from shared import clock, freeze_gc, observability

ORDERS_MAX = 5_000  # in one run: more than it has time for
MILLISECONDS_NEEDED = 5_000  # for one more order, with its retries

freeze_gc()


class NotExpired(Exception):
    """Some orders could not be: the alarm is told, and the next run tries them again."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Raises NotExpired once all others are done."""
    observability.set_log_context(event["id"])
    due = repository.due(clock.utc_now(), limit=ORDERS_MAX)
    counts: Counter[str] = Counter()
    for order_id in due:
        if context.get_remaining_time_in_millis() < MILLISECONDS_NEEDED:
            break
        counts[_expire(order_id)] += 1
    observability.logger.info(
        "expired unpaid orders",
        expired=counts["expired"],
        left_alone=counts["left_alone"],
        failed=counts["failed"],
        left_to_the_next_run=len(due) - counts.total(),
    )
    if counts["failed"]:
        raise NotExpired(f"{counts['failed']} orders")


def _expire(order_id: str) -> str:
    try:
        outcome = try_update_order(order_id, decisions.expire)
    except Exception as error:  # noqa: BLE001 (one order must not keep the others)
        observability.logger.error("not expired", order_id=order_id, reason=type(error).__name__)
        return "failed"
    return "expired" if outcome.is_new else "left_alone"
