"""Schedule -> expire the orders that were not paid in time, and release what they reserved.

A run expires orders as long as it has time, the earliest first; the next run starts a minute later.

Repeat: two runs may overlap, and a buyer may pay at the same moment: the order's condition lets one
of them win. Failure: one order's failure does not stop the others; the next run tries it again.
"""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.lifecycle import decisions, repository
from orders.lifecycle.service import try_update_order
from shared import clock, freeze_gc, observability

ORDERS_PER_RUN_MAX = 5_000  # more than a run has time for
MILLISECONDS_PER_ORDER = 5_000  # with its retries

freeze_gc()


class OrdersNotExpired(Exception):
    """Some orders could not be expired. Raised so that the function's error alarm goes off."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Raises OrdersNotExpired after all other orders are done."""
    observability.set_log_context(event["id"])
    due = repository.list_due_order_ids(clock.utc_now(), limit=ORDERS_PER_RUN_MAX)
    counts: Counter[str] = Counter()
    for order_id in due:
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_ORDER:
            break
        counts[_expire_order(order_id)] += 1
    observability.logger.info(
        "expired unpaid orders",
        expired=counts["expired"],
        unchanged=counts["unchanged"],
        failed=counts["failed"],
        left_for_next_run=len(due) - counts.total(),
    )
    if counts["failed"]:
        raise OrdersNotExpired(f"{counts['failed']} orders")


def _expire_order(order_id: str) -> str:
    try:
        outcome = try_update_order(order_id, decisions.expire)
    except Exception as error:  # noqa: BLE001 (one order must not stop the others)
        observability.logger.error(
            "order not expired", order_id=order_id, reason=type(error).__name__
        )
        return "failed"
    return "expired" if outcome.is_new else "unchanged"
