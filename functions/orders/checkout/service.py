"""What buyers with an account do with their orders; staff may read and cancel any order."""

from functools import partial

from orders.checkout import placement, repository
from orders.checkout.placement import Placement
from orders.checkout.schemas import OrderRequest, QuoteRequest
from orders.lifecycle import balances, decisions
from orders.lifecycle import repository as orders
from orders.lifecycle import service as lifecycle
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import BEFORE_SHIPPING
from orders.pricing.quotes import Quote
from shared import clock, observability
from shared.config import OrderSettings, settings
from shared.errors.accounts import Forbidden
from shared.errors.orders import OrderNotFound
from shared.http.authorization import Client
from shared.security.permissions import Permission, Principal
from shared.storage import rate_limits
from shared.storage.cursors import ItemPage
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


def quote_order(caller: Principal, request: QuoteRequest) -> Quote:
    """Raises what `placement.quote_order` does."""
    return placement.quote_order(Buyer(caller.user_id), request)


def place_order(
    caller: Principal, request: OrderRequest, idempotency_key: str, client: Client
) -> Placement:
    """Place the order within the account's hourly quota: each order holds stock until it is paid.

    Refused and repeated requests do not use the quota. A token works for up to a minute after its
    account was deleted or disabled, but places no order. Raises SessionEnded, TooManyAttempts, and
    what `placement.place_order` does.
    """
    buyer = Buyer(caller.user_id, network=rate_limits.network(client.address))
    stage_extra = partial(_stage_account_use, user_id=caller.user_id)
    return placement.place_order(buyer, request, idempotency_key, stage_extra)


def _stage_account_use(transaction: Transaction, *, user_id: str) -> None:
    repository.stage_account_order(transaction, user_id)
    limit = settings(OrderSettings).orders_per_hour
    rate_limits.consume_hourly_quota(
        transaction, "order of", user_id, limit=limit, now=clock.utc_now()
    )


def get_order(caller: Principal, order_id: str) -> Order:
    """Raises OrderNotFound, also for another buyer's order unless the caller reads all orders."""
    order = repository.find_order(order_id)
    if order is None or not (
        order.buyer_id == caller.user_id or caller.may(Permission.READ_ALL_ORDERS)
    ):
        raise OrderNotFound
    return order


def list_orders(caller: Principal, *, limit: int, cursor: str | None) -> ItemPage[Order]:
    """The caller's own orders, newest first. Raises InvalidCursor."""
    return repository.list_orders(caller.user_id, limit=limit, cursor=cursor)


def cancel_order(caller: Principal, order_id: str, reason: str | None) -> Order:
    """Buyers cancel their orders before shipping, staff cancel any. A repetition changes nothing.

    Raises OrderNotFound (also for another buyer's order), Forbidden, OrderStatusConflict,
    SessionEnded and Unavailable.
    """
    is_staff = caller.may(Permission.MANAGE_ORDERS)

    def decide(order: Order) -> Effects | None:
        is_own = order.buyer_id == caller.user_id
        if not (is_staff or is_own):
            raise OrderNotFound
        if is_staff and not (is_own and order.status in BEFORE_SHIPPING):
            _require_refund_permission(caller, order)
        return decisions.cancel(order, by=caller.user_id, is_staff=is_staff, reason=reason)

    stage_check = partial(orders.stage_account_check, user_id=caller.user_id)
    order = lifecycle.update_order(order_id, decide, stage_check)
    observability.audit("cancel_order", "done", user_id=caller.user_id, order_id=order_id)
    return order


def _require_refund_permission(caller: Principal, order: Order) -> None:
    """Cancelling refunds what was received. Raises Forbidden."""
    if balances.received_minor(order) and not caller.may(Permission.REFUND_ORDERS):
        raise Forbidden(
            "Cancelling this order refunds its payment. Ask somebody who may refund orders.",
            permission=Permission.REFUND_ORDERS,
        )
