"""The units of an order: what is still on order, and what is back in stock. Pure.

Each line knows from which shards of the stock its units were taken, until they are shipped or
returned. So what comes back comes back once, to where it came from.
"""

from collections.abc import Iterator, Mapping

from orders.lifecycle.transitions import StockMove
from shared.errors.orders import ReturnQuantityExceeded
from shared.storage.models.orders import Order, OrderLine


def give_back_unshipped(order: Order) -> list[StockMove]:
    """All that is still on order can be sold again."""
    moves: list[StockMove] = []
    for line in order.lines:
        moves += _give_back(line, _allocated(line))
    return moves


def ship(order: Order) -> list[StockMove]:
    """Nothing is on order any more: it has left."""
    return [move for line in order.lines for move in _release(line)]


def give_back(order: Order, quantities: Mapping[str, int]) -> list[StockMove]:
    """So many of each product can be sold again. Raises ReturnQuantityExceeded."""
    lines = {line.product_id: line for line in order.lines}
    returnable = {product_id: _returnable(lines.get(product_id)) for product_id in quantities}
    too_many = [
        {"product_id": key, "quantity": quantity, "returnable": returnable[key]}
        for key, quantity in quantities.items()
        if quantity > returnable[key]
    ]
    if too_many:
        raise ReturnQuantityExceeded("The order has not so many units to return.", lines=too_many)
    moves: list[StockMove] = []
    for product_id, quantity in quantities.items():
        moves += _give_back(lines[product_id], quantity)
    return moves


def _returnable(line: OrderLine | None) -> int:
    return 0 if line is None else int(line.quantity) - int(line.returned)


def _allocated(line: OrderLine) -> int:
    return sum(line.taken_json.values())


def _give_back(line: OrderLine, quantity: int) -> Iterator[StockMove]:
    """From the shards it was taken from; what has been shipped comes back to the first."""
    line.returned = int(line.returned) + quantity
    for shard, taken in list(line.taken_json.items()):
        part = min(taken, quantity)
        if part:
            _take_off(line, shard, part)
            yield StockMove(line.product_id, int(shard), available=part, allocated=-part)
            quantity -= part
    if quantity:
        yield StockMove(line.product_id, 0, available=quantity, allocated=0)


def _take_off(line: OrderLine, shard: str, part: int) -> None:
    left = line.taken_json[shard] - part
    others = {key: taken for key, taken in line.taken_json.items() if key != shard}
    line.taken_json = {**others, shard: left} if left else others


def _release(line: OrderLine) -> Iterator[StockMove]:
    taken, line.taken_json = line.taken_json, {}
    for shard, quantity in taken.items():
        yield StockMove(line.product_id, int(shard), available=0, allocated=-quantity)
