"""Guest order linking queue -> move guests' orders to the account that confirmed their address.

An event about a user links all guest orders of the address that the account has now. An event about
a guest's new order, or an order that staff gave to a guest, links that order to the account that
has the address now. An account that is
deleted, or whose address is not confirmed, gets no orders.

Either event links the order, whichever comes first. The index of guests' orders may lag, so a new
order's message ends only when the index lists it: an account that confirms the address after that
finds the order there.

Repeat: a message continues with the orders that are left. Failure: the queue redelivers it.
"""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.guests import repository
from orders.guests.repository import EmailNotOwned
from orders.lifecycle import decisions
from orders.lifecycle import repository as orders
from orders.lifecycle.service import update_order
from shared import freeze_gc, observability, sqs_consumer
from shared.events.accounts import EmailChanged, EmailVerified
from shared.events.all_events import AnyEvent
from shared.events.orders import OrderBuyerChanged, OrderPlaced
from shared.sqs_consumer import Delivery, UnexpectedEvent
from shared.storage.models.accounts import User

MILLISECONDS_PER_ORDER = 5_000  # with its retries

freeze_gc()


class OrderNotListed(Exception):
    """The index of guests' orders does not list the order yet."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _handle_event, failure_message="guest orders not linked"
    )


def _handle_event(event: AnyEvent, delivery: Delivery) -> None:
    match event:
        case EmailVerified() | EmailChanged():
            _link_orders_of_user(event.data.user_id, delivery)
        case OrderPlaced() | OrderBuyerChanged():
            _link_new_order(event.data.order_id)
        case _:
            raise UnexpectedEvent(event.type)


def _link_new_order(order_id: str) -> None:
    """Raises OrderNotListed, and EmailNotOwned if the account loses the address now."""
    order = orders.get_order(order_id)
    if not order.guest_email:  # a user's order, linked already, or anonymized
        return
    # In this order: whoever confirms the address after the second line finds what the first found.
    is_listed = repository.is_listed(order)
    owner = repository.find_owner(order.guest_email)
    if owner is not None:
        _link_order(order_id, owner)
        observability.audit("link_guest_order", "done", user_id=owner.user_id, order_id=order_id)
    elif not is_listed:
        raise OrderNotListed(order_id)


def _link_orders_of_user(user_id: str, delivery: Delivery) -> None:
    user = repository.find_user(user_id)
    if user is None or not user.email_verified:
        observability.logger.info("no confirmed account", user_id=user_id)
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
        stage_extra=partial(repository.stage_linked_order, user_id=user.user_id, email=user.email),
    )
