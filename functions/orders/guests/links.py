"""The token in a link to a guest's order: its holder may read, pay and cancel that order.

A token is `kid.until.mac`. It is bound to its order and valid for LIFETIME: nobody can forge it,
edit it or use it for another order. It is stored nowhere, and a leaked link expires by itself.

When staff give the order to another buyer, all tokens before are void. Later ones are
`kid.until.number.mac`, with how many buyers there were before.
"""

import base64
import hmac
from datetime import timedelta

from orders.lifecycle.buyers import count_buyers_before
from shared import clock
from shared.config import GuestSettings, settings
from shared.errors.orders import OrderNotFound
from shared.records import Record
from shared.security.key_rings import KeyRing, key_ring
from shared.storage.models.orders import Order

# Longer than delivery, return and refund take; each mail about the order has a new link. A rotated
# key stays in the ring for as long.
LIFETIME = timedelta(days=90)


class Link(Record):
    """A valid token of this order; `number` is how many buyers there were before its holder."""

    order_id: str
    number: int

    def require_buyer(self, order: Order) -> None:
        """Raises OrderNotFound for an order that is another buyer's by now."""
        if count_buyers_before(order) != self.number:
            raise OrderNotFound


def issue_token_of(order: Order) -> str:
    """The token of the buyer of now. Raises Unavailable."""
    return issue_token(order.order_id, count_buyers_before(order))


def issue_token(order_id: str, number: int = 0) -> str:
    """`number` is how many buyers the order had before. Raises Unavailable."""
    keys = link_key_ring()
    until = str(int((clock.utc_now() + LIFETIME).timestamp()))
    signed = f"{until}.{number}" if number else until
    return f"{keys.current}.{signed}.{_mac(order_id, signed, keys.signing_key)}"


def require_valid_token(order_id: str, token: str | None) -> Link:
    """Raises OrderNotFound unless the token is valid for this order, and Unavailable.

    The refusal does not tell what is wrong, nor whether the order exists. Whoever has read the
    order calls `require_buyer` of the link.
    """
    if token is None:
        raise OrderNotFound
    keys = link_key_ring().keys
    try:
        kid, _, rest = token.partition(".")
        signed, _, mac = rest.rpartition(".")
        expected = _mac(order_id, signed, keys[kid])
        is_ours = hmac.compare_digest(mac.encode(), expected.encode())
        until, _, number = signed.partition(".")
        link = Link(order_id, int(number or 0))
        is_valid = is_ours and clock.utc_now().timestamp() < int(until)
    except (KeyError, ValueError) as error:
        raise OrderNotFound from error
    if not is_valid:
        raise OrderNotFound
    return link


def _mac(order_id: str, signed: str, key: bytes) -> str:
    raw = hmac.digest(key, f"order link\n{signed}\n{order_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def link_key_ring() -> KeyRing:
    """The keys that sign links. Raises Unavailable."""
    return key_ring(settings(GuestSettings).order_links_secret_arn)
