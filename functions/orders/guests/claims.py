"""A guest's order becomes a user's, once the user has shown that its address is theirs. Pure."""

from orders.lifecycle.transitions import Effects
from shared.storage.models.orders import Order


def claim(order: Order, *, user_id: str, email: str) -> Effects | None:
    """None if it is nobody's to claim by that address any more: claimed before, or erased."""
    if order.guest_email != email:
        return None
    order.buyer_id, order.guest_email = user_id, None
    return Effects()
