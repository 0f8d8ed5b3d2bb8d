"""The buyer of an order: a user, or a guest without an account."""

from shared.records import Record
from shared.storage.models.orders import GUEST_PREFIX, Order

BUYER_CHANGED = "buyer_changed"  # in the history


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


def count_buyers_before(order: Order) -> int:
    """How often staff changed the buyer. Links of the guests before are void."""
    return sum(step.event == BUYER_CHANGED for step in order.history)


def find_guest_id(order: Order) -> str | None:
    """The id of the guest whose links open the order, also if it is an account's by now."""
    given = [step.buyer_id for step in order.history if step.event == BUYER_CHANGED]
    buyer_id = given[-1] if given else order.history[0].by
    return buyer_id if is_guest(buyer_id) else None


def is_step_of_buyer(order: Order, by: str) -> bool:
    """Whether a buyer made an entry of the history: this one, or one before."""
    return by in (order.buyer_id, order.history[0].by) or is_guest(by)
