"""Orders without an account: a guest gives an e-mail address, and the mail's link opens the order.

A guest's id is derived from the address and the Idempotency-Key, so each order has another: no
order or event shows whose it is, or which orders belong to one person. For promotions that limit
uses per customer, a guest is known by a digest of the address that only the shop's keys can make.
When the keys rotate the digest changes, and each guest may use such a promotion again.
"""

import hmac
from dataclasses import field
from functools import partial

from orders.carts.contents import guest_cart_id
from orders.checkout import placement
from orders.checkout.schemas import GuestOrderRequest, QuoteRequest
from orders.guests import links
from orders.lifecycle import decisions
from orders.lifecycle import repository as orders
from orders.lifecycle import service as lifecycle
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.effects import Effects
from orders.pricing.quotes import Quote
from shared import clock, ids, observability
from shared.config import GuestSettings, settings
from shared.errors.accounts import TooManyAttempts
from shared.http.authorization import Client
from shared.records import Record
from shared.storage import rate_limits
from shared.storage.models.orders import GUEST_PREFIX, Order
from shared.storage.transactions import Transaction


class GuestPlacement(Record):
    order: Order
    is_replay: bool
    token: str = field(repr=False)  # grants access to the order


def quote_order(request: QuoteRequest, client: Client) -> Quote:
    """A guest's uses of a promotion stay secret: only placing the order checks them.

    Raises what `placement.quote_order` does.
    """
    network = rate_limits.network(client.address)
    return placement.quote_order(None, request, network=network)


def place_order(
    request: GuestOrderRequest, idempotency_key: str, client: Client, cart_token: str | None = None
) -> GuestPlacement:
    """Place the order of this address and key, or return the one that was placed before.

    A caller who knows both but sends another request does not see the order. Raises
    TooManyAttempts, and what `placement.place_order` does.
    """
    buyer = Buyer(
        ids.derived_id(GUEST_PREFIX, request.email, idempotency_key),
        guest_email=request.email,
        counted_as=_customer_id(request.email),
        cart_id=guest_cart_id(cart_token) if cart_token else None,
        network=rate_limits.network(client.address),
    )
    stage_extra = partial(_stage_hourly_quota, client=client)
    try:
        placed = placement.place_order(buyer, request, idempotency_key, stage_extra)
    except TooManyAttempts as refusal:
        observability.audit("place_guest_order", "refused", reason=refusal.code)
        raise
    return GuestPlacement(placed.order, placed.is_replay, links.issue_token_of(placed.order))


def get_order(order_id: str, token: str | None) -> Order:
    """Raises OrderNotFound, also for a token that is not valid, or of a buyer before."""
    link = links.require_valid_token(order_id, token)
    order = orders.get_order(order_id)
    link.require_buyer(order)
    return order


def cancel_order(order_id: str, token: str | None, reason: str | None) -> Order:
    """Cancel the order before it is shipped. A repetition changes nothing.

    Raises OrderNotFound (also for a token that is not valid), OrderStatusConflict and Unavailable.
    """
    link = links.require_valid_token(order_id, token)

    def decide(order: Order) -> Effects | None:
        link.require_buyer(order)
        return decisions.cancel(order, by=order.buyer_id, is_staff=False, reason=reason)

    order = lifecycle.update_order(order_id, decide)
    observability.audit("cancel_order", "done", user_id=order.buyer_id, order_id=order_id)
    return order


def _customer_id(email: str) -> str:
    """Without the key, a list of all e-mail addresses does not reveal whose digest it is."""
    digest = hmac.digest(links.link_key_ring().signing_key, f"guest\n{email}".encode(), "sha256")
    return f"{GUEST_PREFIX}_{digest.hex()}"


def _stage_hourly_quota(transaction: Transaction, *, client: Client) -> None:
    """The quota of the client's network: otherwise one script could hold all stock."""
    rate_limits.consume_hourly_quota(
        transaction,
        "guest order from",
        rate_limits.network(client.address),
        limit=settings(GuestSettings).guest_orders_per_hour,
        now=clock.utc_now(),
    )
