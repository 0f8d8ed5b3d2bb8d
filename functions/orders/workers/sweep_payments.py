"""Schedule -> settle what orders still need from the payment provider, whatever events were lost.

That is: refunds that were requested and not made, shipped orders whose payment is not captured,
ended orders whose payment is still open, and refunds that the provider has left pending. A run
takes the orders that are due, the earliest first, as long as it has time.

Repeat: two runs may overlap, and the queue's worker may act at the same moment. A run claims an
order by pushing its due time back, so the next run does not see it; what was done twice all the
same has one effect (`payments.settlement`). Failure: an order that fails waits for RETRY_AFTER and
stops no other. A run that is killed has pushed its order back, so the next run starts with others.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.lifecycle import repository
from orders.payments import settlement
from orders.payments.provider import PaymentProvider
from orders.payments.provider_factory import get_provider
from orders.payments.settlement import ProviderMismatch
from shared import clock, freeze_gc, observability
from shared.config import PaymentSettings, settings
from shared.errors.requests import ConcurrentModification

ORDERS_PER_RUN_MAX = 1_000  # more than a run has time for
MILLISECONDS_PER_REQUEST = 35_000  # two calls to Stripe that time out twice each, and the writes
RETRY_AFTER = timedelta(hours=1)  # also between two looks at a refund that is pending

settings(PaymentSettings)  # a missing setting fails the cold start, not an order
freeze_gc()


class OrdersNotSettled(Exception):
    """Some orders could not be settled. Raised so that the function's error alarm goes off."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Raises OrdersNotSettled after all other orders are done, and PaymentUnavailable."""
    observability.set_log_context(event["id"])
    due = repository.list_unsettled_orders(clock.utc_now(), limit=ORDERS_PER_RUN_MAX)
    # A shop without orders that are due may have no provider yet: its secret is still empty.
    counts = _settle_all(get_provider(), due, context) if due else Counter()
    observability.logger.info(
        "swept payments",
        settled=counts["settled"],
        pending=counts["pending"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        left_for_next_run=len(due) - counts.total(),
    )
    if counts["failed"]:
        raise OrdersNotSettled(f"{counts['failed']} orders")


def _settle_all(
    provider: PaymentProvider, due: list[tuple[str, datetime]], context: LambdaContext
) -> Counter[str]:
    """How many orders were settled, are pending, were skipped and failed."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() >= MILLISECONDS_PER_REQUEST

    counts: Counter[str] = Counter()
    for order_id, due_at in due:
        if not has_time():
            break
        counts[_settle(provider, order_id, due_at, has_time)] += 1
    return counts


def _settle(
    provider: PaymentProvider, order_id: str, due_at: datetime, has_time: Callable[[], bool]
) -> str:
    try:
        repository.postpone_settlement(order_id, due_at, until=clock.utc_now() + RETRY_AFTER)
    except ConcurrentModification:  # another run has the order, or somebody has just changed it
        return "skipped"
    try:
        order = settlement.settle_order(provider, order_id, has_time)
    except ProviderMismatch:  # only staff can refund at the provider that the shop used before
        observability.logger.warning("order paid through another provider", order_id=order_id)
        return "pending"
    except Exception as error:  # noqa: BLE001 (one order must not stop the others)
        observability.logger.error(
            "order not settled", order_id=order_id, reason=type(error).__name__
        )
        return "failed"
    return "pending" if order.settlement else "settled"
