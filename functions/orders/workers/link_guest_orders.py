"""Guest order linking queue -> move a guest's orders to the account that confirmed their address.

The event names the user; the address is the one that the account has now. An account that is
deleted, or whose address is not confirmed, gets no orders.

Repeat: a message continues with the orders that are left. Failure: the queue redelivers it.
"""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.guests import repository
from orders.guests.repository import EmailNotOwned
from orders.lifecycle import decisions
from orders.lifecycle.service import update_order
from shared import freeze_gc, observability, sqs_consumer
from shared.events.accounts import EmailChanged, EmailVerified
from shared.events.all_events import AnyEvent
from shared.sqs_consumer import Delivery, UnexpectedEvent
from shared.storage.models.accounts import User

MILLISECONDS_PER_ORDER = 5_000  # with its retries

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _link_orders, failure_message="guest orders not linked"
    )


def _link_orders(event: AnyEvent, delivery: Delivery) -> None:
    if not isinstance(event, EmailVerified | EmailChanged):
        raise UnexpectedEvent(event.type)
    user = repository.find_user(event.data.user_id)
    if user is None or not user.email_verified:
        observability.logger.info("no confirmed account", user_id=event.data.user_id)
        return
    linked = 0
    try:
        for order_id in repository.list_order_ids(user.email):
            delivery.require_time(MILLISECONDS_PER_ORDER, progress=f"{linked} orders linked")
            _link_order(order_id, user)
            linked += 1
    except EmailNotOwned:
        observability.logger.info("address has left the account", user_id=user.user_id)
    if linked:
        observability.audit("link_guest_orders", "done", user_id=user.user_id, orders=str(linked))


def _link_order(order_id: str, user: User) -> None:
    """Raises EmailNotOwned if the account has lost the address since it was read."""
    update_order(
        order_id,
        partial(decisions.link_to_user, user_id=user.user_id, email=user.email),
        stage_extra=partial(
            repository.stage_email_owner_check, user_id=user.user_id, email=user.email
        ),
    )
