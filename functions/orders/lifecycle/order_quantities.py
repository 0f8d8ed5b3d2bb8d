"""The units of an order: which are still allocated, and which are back in stock. Pure.

Each line records how many units it took from which stock shard, until they are shipped or
returned. So units return once, and to the shard they came from. A line whose units are not counted
took none.
"""

from collections.abc import Iterator, Mapping

from orders.lifecycle.effects import StockMove
from shared.errors.orders import ReturnQuantityExceeded
from shared.storage.models.catalog import UNTRACKED
from shared.storage.models.orders import Order, OrderLine


def restock_unshipped(order: Order) -> list[StockMove]:
    """Make every allocated unit available again."""
    moves: list[StockMove] = []
    for line in order.lines:
        moves += _restock(line, sum(line.allocations_json.values()))
    return moves


def release_shipped(order: Order) -> list[StockMove]:
    """End the allocation of every unit: all units have left the warehouse."""
    return [move for line in order.lines for move in _release(line)]


def restock(order: Order, quantities: Mapping[str, int]) -> list[StockMove]:
    """Make these units available again, by product. Raises ReturnQuantityExceeded."""
    lines = {line.product_id: line for line in order.lines}
    returnable = {product_id: _returnable(lines.get(product_id)) for product_id in quantities}
    exceeded = [
        {"product_id": product_id, "quantity": quantity, "returnable": returnable[product_id]}
        for product_id, quantity in quantities.items()
        if quantity > returnable[product_id]
    ]
    if exceeded:
        raise ReturnQuantityExceeded(lines=exceeded)
    moves: list[StockMove] = []
    for product_id, quantity in quantities.items():
        moves += _restock(lines[product_id], quantity)
    return moves


def _returnable(line: OrderLine | None) -> int:
    return 0 if line is None else int(line.quantity) - int(line.returned)


def _restock(line: OrderLine, quantity: int) -> Iterator[StockMove]:
    """Allocated units return to their shards; shipped units return to the first shard.

    Units that were not counted when they were sold return to no stock, also if they are counted by
    now.
    """
    line.returned = int(line.returned) + quantity
    for shard, allocated in list(line.allocations_json.items()):
        units = min(allocated, quantity)
        if units:
            _deallocate(line, shard, units)
            yield StockMove(line.product_id, int(shard), available=units, allocated=-units)
            quantity -= units
    if quantity and line.stock_policy != UNTRACKED:
        yield StockMove(line.product_id, 0, available=quantity, allocated=0)


def _deallocate(line: OrderLine, shard: str, units: int) -> None:
    remaining = line.allocations_json[shard] - units
    others = {key: count for key, count in line.allocations_json.items() if key != shard}
    line.allocations_json = {**others, shard: remaining} if remaining else others


def _release(line: OrderLine) -> Iterator[StockMove]:
    allocations, line.allocations_json = line.allocations_json, {}
    for shard, units in allocations.items():
        yield StockMove(line.product_id, int(shard), available=0, allocated=-units)
