"""Erasure queue -> orders without their buyer's address, once the buyer's account is deleted.

The orders themselves stay: the shop must keep its books. What is left of the buyer is an id that
no account has. What is not paid is cancelled, and what is paid keeps its address until it is sent.
A message may come any number of times: each run goes on with what is left.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import repository
from orders.lifecycle import decisions
from orders.lifecycle.service import try_update_order
from shared import freeze_gc, observability, sqs_consumer
from shared.errors.orders import OrderNotFound
from shared.events.accounts import UserDeleted
from shared.events.all_events import AnyEvent
from shared.sqs_consumer import Run

MILLISECONDS_NEEDED = 5_000  # for one more order

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return sqs_consumer.consume(event, context, _erase_orders, failing="not erased")


def _erase_orders(happened: AnyEvent, run: Run) -> None:
    if not isinstance(happened, UserDeleted):
        raise sqs_consumer.misrouted(happened)
    user_id = happened.data.user_id
    erased = 0
    for order in repository.list_orders_to_anonymize(user_id):
        run.require_time(MILLISECONDS_NEEDED, done=f"{erased} orders erased")
        erased += _erase_order(order.order_id)
    observability.audit("erase_orders", "done", user_id=user_id, orders=str(erased))


def _erase_order(order_id: str) -> bool:
    """Whether there was something left to do: the index may lag."""
    try:
        return try_update_order(order_id, decisions.anonymize).is_new
    except OrderNotFound:
        return False
