"""Orders without an account: placed by who gives an address, seen by who has the mail's link.

A guest's id is derived from the address and the Idempotency-Key, and so is another with each order:
neither an event nor an order tells whose it is, or which are one person's. Promotions that each
customer may use so often know a guest by a digest of the address that only the shop's keys can
make; it changes when they rotate, and each may then use them anew.
"""

import hmac
from dataclasses import dataclass, field
from functools import partial

from orders import repository
from orders import service as orders
from orders.buyers import GUEST, Buyer
from orders.guests import links
from orders.guests.schemas import GuestOrderRequest
from orders.lifecycle import decisions
from orders.lifecycle import service as lifecycle
from orders.lifecycle.transitions import Effects
from orders.pricing.quotes import Quote
from orders.schemas import QuoteRequest
from shared import clock, ids, observability
from shared.config import GuestSettings, settings
from shared.errors.accounts import TooManyAttempts
from shared.errors.orders import OrderNotFound
from shared.http.authorization import Client
from shared.storage import rate_limits
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


@dataclass(frozen=True, slots=True)
class GuestPlacement:
    order: Order
    is_replay: bool
    token: str = field(repr=False)  # opens the order


def quote(request: QuoteRequest) -> Quote:
    """Whose uses of a promotion count is nobody's to ask: that shows with the order.

    Raises what `orders.service.quote` does.
    """
    return orders.quote(None, request)


def place(request: GuestOrderRequest, idempotency_key: str, client: Client) -> GuestPlacement:
    """The order of that address and that key: placed now, or as it was placed before.

    Who knows both and not all the rest of the request is not shown it. Raises TooManyAttempts, and
    what `orders.service.place` does.
    """
    buyer = Buyer(
        ids.derived_id(GUEST, request.email, idempotency_key),
        guest_email=request.email,
        counted_as=_customer_id(request.email),
    )
    try:
        placed = orders.place(buyer, request, idempotency_key, also=partial(_take, client))
    except TooManyAttempts as refusal:
        observability.audit("place_guest_order", "refused", reason=refusal.code)
        raise
    return GuestPlacement(placed.order, placed.is_replay, links.token_for(placed.order.order_id))


def view(order_id: str, token: str | None) -> Order:
    """Raises OrderNotFound, for a token that will not do too."""
    links.require(order_id, token)
    order = repository.find(order_id)
    if order is None:
        raise OrderNotFound("There is no such order.")
    return order


def cancel(order_id: str, token: str | None, reason: str | None) -> Order:
    """Before it is shipped. Cancelled already, it stays as it is.

    Raises OrderNotFound, for a token that will not do too, OrderStatusConflict, and Unavailable.
    """
    links.require(order_id, token)

    def decide(order: Order) -> Effects | None:
        return decisions.cancel(order, by=order.buyer_id, is_staff=False, reason=reason)

    order = lifecycle.update_order(order_id, decide)
    observability.audit("cancel_order", "done", user_id=order.buyer_id, order_id=order_id)
    return order


def _customer_id(email: str) -> str:
    """Without the key, not even a list of all addresses there are tells whose it is."""
    digest = hmac.digest(links.ring().signing_key, f"guest\n{email}".encode(), "sha256")
    return f"{GUEST}_{digest.hex()}"


def _take(client: Client, transaction: Transaction) -> None:
    """Of what one network may place in an hour: else a script could keep all stock on order."""
    rate_limits.consume_hourly_quota(
        transaction,
        "guest order from",
        rate_limits.network(client.address),
        limit=settings(GuestSettings).guest_orders_per_hour,
        now=clock.utc_now(),
    )
