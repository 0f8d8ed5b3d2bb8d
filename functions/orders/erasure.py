"""Erasure queue -> orders without their buyer's address, once the buyer's account is deleted.

The orders themselves stay: the shop must keep its books. What is left of the buyer is an id that
no account has. What is not paid is cancelled, and what is paid keeps its address until it is sent.
A message may come any number of times: each run goes on with what is left.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import repository
from orders.lifecycle import decisions
from orders.lifecycle.service import carry_out
from shared import observability, queues, started
from shared.errors import OrderNotFound
from shared.events import AnyEvent, UserDeleted
from shared.queues import Run

MILLISECONDS_NEEDED = 5_000  # for one more order

started()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return queues.consume(event, context, _erase_orders, failing="not erased")


def _erase_orders(happened: AnyEvent, run: Run) -> None:
    if not isinstance(happened, UserDeleted):
        raise queues.misrouted(happened)
    user_id = happened.data.user_id
    erased = 0
    for order in repository.not_erased(user_id):
        run.require_time(MILLISECONDS_NEEDED, done=f"{erased} orders erased")
        erased += _erase_order(order.order_id)
    observability.audit("erase_orders", "done", user_id=user_id, orders=str(erased))


def _erase_order(order_id: str) -> bool:
    """Whether there was something left to do: the index may lag."""
    try:
        return carry_out(order_id, decisions.erase).is_new
    except OrderNotFound:
        return False
