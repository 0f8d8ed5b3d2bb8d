"""The token in a link to a guest's order: its holder may read, pay and cancel that order.

A token is `kid.until.mac`. It is bound to its order and valid for LIFETIME: nobody can forge it,
edit it or use it for another order. It is stored nowhere, and a leaked link expires by itself.
"""

import base64
import hmac
from datetime import timedelta

from shared import clock
from shared.config import GuestSettings, settings
from shared.errors.orders import OrderNotFound
from shared.security.key_rings import KeyRing, key_ring

# Longer than delivery, return and refund take; each mail about the order has a new link. A rotated
# key stays in the ring for as long.
LIFETIME = timedelta(days=90)


def issue_token(order_id: str) -> str:
    """Raises Unavailable."""
    keys = link_key_ring()
    until = str(int((clock.utc_now() + LIFETIME).timestamp()))
    return f"{keys.current}.{until}.{_mac(order_id, until, keys.signing_key)}"


def require_valid_token(order_id: str, token: str | None) -> None:
    """Raises OrderNotFound unless the token is valid for this order, and Unavailable.

    The refusal does not tell what is wrong, nor whether the order exists.
    """
    if token is None or not _is_valid(order_id, token):
        raise OrderNotFound


def _is_valid(order_id: str, token: str) -> bool:
    keys = link_key_ring().keys
    try:
        kid, until, mac = token.split(".")
        expected = _mac(order_id, until, keys[kid])
        is_ours = hmac.compare_digest(mac.encode(), expected.encode())
    except (KeyError, ValueError):
        return False
    return is_ours and clock.utc_now().timestamp() < int(until)


def _mac(order_id: str, until: str, key: bytes) -> str:
    raw = hmac.digest(key, f"order link\n{until}\n{order_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def link_key_ring() -> KeyRing:
    """The keys that sign links. Raises Unavailable."""
    return key_ring(settings(GuestSettings).order_links_secret_arn)
