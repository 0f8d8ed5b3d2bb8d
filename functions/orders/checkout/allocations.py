"""Which units of the stock a new order takes, and which of them are back-ordered. Pure."""

from collections.abc import Mapping, Sequence

from orders.pricing.inputs import PricingInputs
from shared.errors.catalog import OutOfStock
from shared.storage.models.catalog import UNTRACKED
from shared.storage.models.orders import OrderLine
from shared.storage.stock_shards import Allocation, StockSnapshot, guess_allocation

Allocations = dict[str, Allocation]  # by product; what is not counted has none


def allocate_lines(
    lines: Sequence[OrderLine], inputs: PricingInputs, snapshots: Mapping[str, StockSnapshot]
) -> tuple[Allocations, list[OrderLine]]:
    """The units of each line, and the lines for which there are too few.

    Without snapshots, from a random shard of each product. A line is then short too if only all
    shards together say how many of its units are in stock.
    """
    allocations: Allocations = {}
    short: list[OrderLine] = []
    for line in lines:
        if line.stock_policy == UNTRACKED:
            continue
        allocation = _choose(line, inputs, snapshots) if snapshots else _guess(line, inputs)
        if allocation is None:
            short.append(line)
        else:
            allocations[line.product_id] = allocation
    return allocations, short


def out_of_stock(
    short: Sequence[OrderLine], inputs: PricingInputs, snapshots: Mapping[str, StockSnapshot]
) -> OutOfStock:
    names = ", ".join(line.name for line in short)
    return OutOfStock(
        f"Not enough units are available of: {names}. Order at most `available` of "
        "each line in `details.lines`.",
        product_id=short[0].product_id,
        lines=[
            {
                "product_id": line.product_id,
                "quantity": int(line.quantity),
                "available": inputs.products[line.product_id].orderable(
                    snapshots[line.product_id].available
                ),
            }
            for line in short
        ],
    )


def _choose(
    line: OrderLine, inputs: PricingInputs, snapshots: Mapping[str, StockSnapshot]
) -> Allocation | None:
    backorders_max = inputs.products[line.product_id].backorders_max
    return snapshots[line.product_id].allocate_order(int(line.quantity), backorders_max)


def _guess(line: OrderLine, inputs: PricingInputs) -> Allocation | None:
    product = inputs.products[line.product_id]
    shards = int(product.stock_shards)
    return guess_allocation(
        int(line.quantity),
        first=inputs.available.get(line.product_id, 0) // shards,
        shards=shards,
        backorders_max=product.backorders_max,
    )
