"""Erasure queue -> remove the personal data of a deleted account from its orders.

The orders stay, because the shop must keep its books; their buyer id belongs to no account. Unpaid
orders are cancelled. Paid orders keep their address until they are shipped.

The index of a buyer's orders may lag, so the event says how many there are. No order is added after
the account's deletion.

Repeat: a message continues with the orders that are left. Failure: the queue redelivers it,
also while orders are missing in the index.
"""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.checkout import repository
from orders.lifecycle import decisions
from orders.lifecycle.service import Outcome, try_update_order
from orders.lifecycle.transitions import ANONYMIZED
from shared import freeze_gc, observability, sqs_consumer
from shared.errors.orders import OrderNotFound
from shared.events.accounts import UserDeleted
from shared.events.all_events import AnyEvent
from shared.sqs_consumer import Delivery, UnexpectedEvent

MILLISECONDS_PER_ORDER = 5_000  # with its retries

freeze_gc()


class OrdersMissing(Exception):
    """The index does not list all orders of the account yet."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _anonymize_orders, failure_message="orders not anonymized"
    )


def _anonymize_orders(event: AnyEvent, delivery: Delivery) -> None:
    if not isinstance(event, UserDeleted):
        raise UnexpectedEvent(event.type)
    user_id = event.data.user_id
    listed = anonymized = 0
    for order in repository.list_all_orders(user_id):
        if order.fingerprint == ANONYMIZED:
            listed += 1
            continue
        delivery.require_time(MILLISECONDS_PER_ORDER, progress=f"{anonymized} orders anonymized")
        outcome = _anonymize_order(order.order_id, user_id)
        # The index may still list an order that staff gave to another buyer.
        listed += outcome is None or outcome.order.buyer_id == user_id
        anonymized += outcome is not None and outcome.is_new
    if listed < event.data.order_count:
        raise OrdersMissing(f"{listed} of {event.data.order_count} orders are listed")
    observability.audit("anonymize_orders", "done", user_id=user_id, orders=str(anonymized))


def _anonymize_order(order_id: str, user_id: str) -> Outcome | None:
    """The order as it is now: the index may lag and list a finished one. None if it is deleted."""
    try:
        return try_update_order(order_id, partial(decisions.anonymize, user_id=user_id))
    except OrderNotFound:
        return None
