"""Who an order is placed for."""

from dataclasses import dataclass

GUEST = "gst"  # what a guest's id begins with


@dataclass(frozen=True, slots=True)
class Buyer:
    """A user, or a guest: then `buyer_id` is of this one order, so that it tells of no other."""

    buyer_id: str
    guest_email: str | None = None
    counted_as: str | None = None  # of a guest, by the limits that a promotion has for each

    @property
    def customer_id(self) -> str:
        """Who has used a promotion so often as each may."""
        return self.counted_as or self.buyer_id


def is_guest(buyer_id: str) -> bool:
    return buyer_id.startswith(f"{GUEST}_")
