"""The buyer of an order: a user, or a guest without an account."""

from shared.records import Record
from shared.storage.models.orders import GUEST_PREFIX


class Buyer(Record):
    """A guest's `buyer_id` is new for each order, so that it does not connect two orders."""

    buyer_id: str
    guest_email: str | None = None
    counted_as: str | None = None  # a guest's id for promotions that limit uses per customer
    cart_id: str | None = None  # a guest's cart; an account's has the buyer's id
    network: str | None = None  # that the order comes from, as `rate_limits.network` names it

    @property
    def customer_id(self) -> str:
        """Whose uses of a promotion are counted."""
        return self.counted_as or self.buyer_id

    @property
    def guesser(self) -> str:
        """Whose unknown promotion codes are counted: an account's, or the network's of guests."""
        return self.network if self.network and is_guest(self.buyer_id) else self.buyer_id


def is_guest(buyer_id: str) -> bool:
    return buyer_id.startswith(f"{GUEST_PREFIX}_")
