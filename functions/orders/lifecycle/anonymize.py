"""What is left of an order's buyer once their account is deleted: the country, for the taxes. Pure.

What is paid for and not sent needs its address until it is sent, or is not going to be: then it
goes in the same write.
"""

from orders.buyers import is_guest
from shared.storage.models.orders import Order, ShippingAddress

# In place of the request's fingerprint: one of an address could be guessed from it. Nobody can
# send the request again whose account is gone.
ERASED = "erased"


def erase(order: Order) -> None:
    """The address, and all words of the buyer's own."""
    order.shipping_address = ShippingAddress(
        name="", line1="", postal_code="", city="", country=order.shipping_address.country
    )
    order.guest_email = None
    order.fingerprint = ERASED
    order.is_erased_when_sent = False
    for step in order.history:
        if step.by == order.buyer_id or is_guest(step.by):
            step.reason = None
