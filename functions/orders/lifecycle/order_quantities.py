"""The units of an order: open, shipped, cancelled, and back in stock. Pure.

Of each line, the shipped, cancelled and open units are the ordered ones. Open units stay allocated
in the stock shards that they were taken from. So units return once, and to their shard. A line
whose units are not counted took none.
"""

from collections.abc import Iterable, Iterator, Mapping

from orders.lifecycle.effects import StockMove
from orders.lifecycle.transitions import FINISHED
from shared import ids
from shared.errors.parcels import OpenQuantityExceeded, ReturnQuantityExceeded
from shared.records import Record
from shared.storage.models.catalog import UNTRACKED
from shared.storage.models.orders import Order, OrderLine, OrderShipment


class LineUnits(Record):
    """How many units of a line are where."""

    ordered: int
    shipped: int
    cancelled: int  # will not ship
    restocked: int  # back in stock: cancelled, or returned by the buyer

    @property
    def open(self) -> int:
        """Still to be shipped."""
        return self.ordered - self.shipped - self.cancelled

    @property
    def kept(self) -> int:
        """Shipped, and not returned."""
        return self.shipped - max(0, self.restocked - self.cancelled)


def units_by_product(order: Order) -> dict[str, LineUnits]:
    """Also of an order that an older release wrote: it counted no cancelled units."""
    shipped = _sum(shipment.quantities_json for shipment in list_shipments(order))
    is_shipped_whole = order.shipment is not None and not order.shipments
    is_closed = is_shipped_whole or order.status in FINISHED
    found = {}
    for line in order.lines:
        ordered, restocked = int(line.quantity), int(line.returned)
        left = shipped.get(line.product_id, 0)
        derived = ordered - left if is_closed else restocked
        counted = line.attribute_values.get("cancelled")
        cancelled = derived if counted is None else int(counted)
        found[line.product_id] = LineUnits(ordered, left, cancelled, restocked)
    return found


def list_shipments(order: Order) -> list[OrderShipment]:
    """The order's parcels, the oldest first.

    Older releases shipped an order as a whole and stored only its carrier: it reads as one parcel
    with all units that were not returned before.
    """
    latest = order.shipment
    if latest is None or order.shipments:
        return list(order.shipments)
    step = next((step for step in order.history if step.status == "shipped"), order.history[-1])
    before = _sum(each.quantities_json for each in order.returns if each.at < step.at)
    parcel = OrderShipment(
        carrier=latest.carrier,
        tracking_number=latest.tracking_number,
        shipment_id=ids.derived_id("shp", order.order_id, "whole order"),
        quantities_json={
            line.product_id: int(line.quantity) - before.get(line.product_id, 0)
            for line in order.lines
            if int(line.quantity) > before.get(line.product_id, 0)
        },
        by=step.by,
        at=step.at,
        version=1,
    )
    return [parcel]


def store_counts(order: Order) -> None:
    """Write down what an older release left to be derived, before the order changes."""
    units, order.shipments = units_by_product(order), list_shipments(order)
    for line in order.lines:
        line.cancelled = units[line.product_id].cancelled


def choose_open(order: Order, quantities: Mapping[str, int] | None) -> dict[str, int]:
    """These open units by product; with None, all of them. Raises OpenQuantityExceeded."""
    units = units_by_product(order)
    if quantities is None:
        return {product_id: each.open for product_id, each in units.items() if each.open}
    opened = {product_id: _open(units, product_id) for product_id in quantities}
    exceeded = [
        {"product_id": product_id, "quantity": quantity, "open": opened[product_id]}
        for product_id, quantity in quantities.items()
        if quantity > opened[product_id]
    ]
    if exceeded:
        raise OpenQuantityExceeded(lines=exceeded)
    return dict(quantities)


def count_open(order: Order) -> int:
    return sum(each.open for each in units_by_product(order).values())


def ship(order: Order, quantities: Mapping[str, int]) -> list[StockMove]:
    """End the allocation of these open units: they leave in a parcel, which the caller adds."""
    moves: list[StockMove] = []
    for line in order.lines:
        moves += _deallocate(line, quantities.get(line.product_id, 0), available=False)
    return moves


def cancel(order: Order, quantities: Mapping[str, int]) -> list[StockMove]:
    """Make these open units available again."""
    store_counts(order)
    moves: list[StockMove] = []
    for line in order.lines:
        quantity = quantities.get(line.product_id, 0)
        line.cancelled = int(line.cancelled) + quantity
        line.returned = int(line.returned) + quantity
        moves += _deallocate(line, quantity, available=True)
    return moves


def restock_unshipped(order: Order) -> list[StockMove]:
    """Make every open unit available again."""
    return cancel(order, choose_open(order, None))


def restock(order: Order, quantities: Mapping[str, int]) -> list[StockMove]:
    """Make returned units available again, by product, in the first shard.

    Units that were not counted when they were sold return to no stock, also if they are counted by
    now. Of an order of which nothing is shipped yet, this takes open units. Raises
    ReturnQuantityExceeded.
    """
    units = units_by_product(order)
    takes_open = not list_shipments(order)
    returnable = {
        product_id: 0
        if product_id not in units
        else units[product_id].open
        if takes_open
        else units[product_id].kept
        for product_id in quantities
    }
    exceeded = [
        {"product_id": product_id, "quantity": quantity, "returnable": returnable[product_id]}
        for product_id, quantity in quantities.items()
        if quantity > returnable[product_id]
    ]
    if exceeded:
        raise ReturnQuantityExceeded(lines=exceeded)
    if takes_open:
        return cancel(order, quantities)
    lines = {line.product_id: line for line in order.lines}
    moves: list[StockMove] = []
    for product_id, quantity in quantities.items():
        line = lines[product_id]
        line.returned = int(line.returned) + quantity
        if line.stock_policy != UNTRACKED:
            moves.append(StockMove(product_id, 0, available=quantity, allocated=0))
    return moves


def _sum(each_quantities: Iterable[Mapping[str, int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for quantities in each_quantities:
        for product_id, quantity in quantities.items():
            counts[product_id] = counts.get(product_id, 0) + int(quantity)
    return counts


def _open(units: Mapping[str, LineUnits], product_id: str) -> int:
    return units[product_id].open if product_id in units else 0


def _deallocate(line: OrderLine, quantity: int, *, available: bool) -> Iterator[StockMove]:
    for shard, allocated in list(line.allocations_json.items()):
        units = min(allocated, quantity)
        if not units:
            continue
        others = {key: count for key, count in line.allocations_json.items() if key != shard}
        rest = {shard: allocated - units} if allocated > units else {}
        line.allocations_json = others | rest
        quantity -= units
        yield StockMove(
            line.product_id, int(shard), available=units if available else 0, allocated=-units
        )
