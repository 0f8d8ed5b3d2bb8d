"""Lists orders for staff, by buyer, by status, or by the month they were placed in.

A user's orders take one Query a page. The other indexes hold only keys, so that changing an order
writes little to them: such a page takes a Query, and one BatchGetItem for the current orders.
"""

from pynamodb.indexes import GlobalSecondaryIndex

from orders.fulfilment.schemas import OrderQuery
from shared import clock
from shared.storage import cursors
from shared.storage.cursors import ItemPage, Position
from shared.storage.models.orders import Order
from shared.storage.transactions import Condition

Index = GlobalSecondaryIndex[Order]

# Without a filter, each month is a partition that takes one Query even if it is empty. A request
# reads at most this many; the cursor continues from there.
MONTHS_READ_MAX = 24
FIRST_MONTH = 2026 * 12  # months since year 0; no shop is older than Souk


def list_orders(query: OrderQuery, *, staff_id: str) -> ItemPage[Order]:
    """Newest first, without orders that no longer match: indexes lag. Raises InvalidCursor."""
    index, partitions = _index_of(query)
    position = cursors.decode(query.cursor, query=query.name, owner=staff_id)
    found, next_position = _read_page(index, partitions, position, query)
    if index is not Order.by_buyer:
        found = list(Order.find_many(order.order_id for order in found).values())
    return ItemPage(
        [order for order in found if query.matches(order)],
        cursors.encode(next_position, query=query.name, owner=staff_id),
    )


def _index_of(query: OrderQuery) -> tuple[Index, list[str]]:
    """The index for the query, and the partitions to read in it."""
    if query.guest_email:
        return Order.by_guest, [query.guest_email]
    if query.customer:
        return Order.by_buyer, [query.customer]
    if query.status:
        return Order.by_status, [query.status]
    return Order.by_month, _months(query)


def _months(query: OrderQuery) -> list[str]:
    """The latest first."""
    now = clock.utc_now()
    last = min(query.placed_before or now, now)
    first = query.placed_from
    begins = max(FIRST_MONTH, first.year * 12 + first.month - 1) if first else FIRST_MONTH
    numbers = range(last.year * 12 + last.month - 1, begins - 1, -1)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]


def _read_page(
    index: Index, partitions: list[str], position: Position | None, query: OrderQuery
) -> tuple[list[Order], Position | None]:
    """One page, and the position where the next one begins; None at the end."""
    found: list[Order] = []
    after = None
    if position:
        after = position["after"]
        earlier = [partition for partition in partitions if partition < position["in"]]
        partitions = [position["in"], *earlier]
    for number, partition in enumerate(partitions):
        missing = query.limit - len(found)
        if not missing or number == MONTHS_READ_MAX:
            return found, {"in": partition, "after": None}
        page = index.query(
            partition,
            _placed_condition(query),
            scan_index_forward=False,
            limit=missing,
            page_size=missing,
            last_evaluated_key=after,
        )
        found += page
        after = page.last_evaluated_key
        if after:
            return found, {"in": partition, "after": after}
    return found, None


def _placed_condition(query: OrderQuery) -> Condition | None:
    """DynamoDB takes one condition on the range key; BETWEEN includes both of its ends."""
    first, end = query.placed_from, query.placed_before
    condition: Condition | None = None
    if first and end:
        condition = Order.placed_at.between(first, end - end.resolution)
    elif first:
        condition = Order.placed_at >= first
    elif end:
        condition = Order.placed_at < end
    return condition
