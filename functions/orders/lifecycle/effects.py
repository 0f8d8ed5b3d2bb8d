"""What is written together with a changed order, in the same transaction. Pure.

A decision returns its effects instead of writing them, so that it can be made again when somebody
else changed the order first.
"""

from dataclasses import field

from shared.events.orders import OrderEvent
from shared.records import Record


class StockMove(Record):
    """The units to add to one shard of a product's stock; negative numbers remove units."""

    product_id: str
    shard: int
    available: int
    allocated: int


class Effects(Record, frozen=False):
    """Events to publish, stock to move, and whether the order stops using its promotion.

    `incident` says why a person must look at the order's payment. An alarm counts it.
    """

    events: list[OrderEvent] = field(default_factory=list)
    stock: list[StockMove] = field(default_factory=list)
    releases_promotion: bool = False
    incident: str | None = None

    def add(self, other: "Effects") -> None:
        """Add the other's events, stock moves and incident."""
        self.events += other.events
        self.stock += other.stock
        self.incident = self.incident or other.incident
