"""The token in the link to a guest's order: whoever has the link may see, pay and cancel it.

A token is `kid.until.mac`, bound to its order and good for LIFETIME: it cannot be forged, edited or
carried over to another order. It is stored nowhere, and a link that has leaked dies by itself.
"""

import base64
import hmac
from datetime import timedelta

from shared import clock
from shared.config import GuestSettings, settings
from shared.errors.orders import OrderNotFound
from shared.security.key_rings import KeyRing, key_ring

# A parcel, and the weeks in which it may be sent back and is paid back, lie well within it; each
# mail about the order has a new link. The ring's keys are kept for as long when they rotate.
LIFETIME = timedelta(days=90)


def token_for(order_id: str) -> str:
    """Raises Unavailable."""
    keys = ring()
    until = str(int((clock.utc_now() + LIFETIME).timestamp()))
    return f"{keys.current}.{until}.{_mac(order_id, until, keys.signing_key)}"


def require(order_id: str, token: str | None) -> None:
    """Raises OrderNotFound unless it is a token of this order that is still good, and Unavailable.

    It does not say what was wrong: not even that there is such an order.
    """
    if token is None or not _is_good(order_id, token):
        raise OrderNotFound("There is no such order.")


def _is_good(order_id: str, token: str) -> bool:
    keys = ring().keys
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


def ring() -> KeyRing:
    """Whose keys sign the links. Raises Unavailable."""
    return key_ring(settings(GuestSettings).order_links_secret_arn)
