"""Orders as staff look for them: whose they are, what they have become, when they were placed.

A user's are one Query a page. The other indexes hold keys alone, so that a change of an order
writes little into them: a page is one Query, and one BatchGetItem of the orders as they are now.
"""

from pynamodb.indexes import GlobalSecondaryIndex

from orders.fulfilment.schemas import OrderQuery
from shared import clock
from shared.storage import cursors
from shared.storage.cursors import ItemPage, Position
from shared.storage.models.orders import Order
from shared.storage.transactions import Condition

Index = GlobalSecondaryIndex[Order]

# Of all orders, a month is a partition, and one Query though it be empty: a request goes through
# so many, and its cursor goes on.
MONTHS_A_PAGE = 24
FIRST_MONTH = 2026 * 12  # nothing was placed before: Souk is no older


def page_of(query: OrderQuery, *, staff_id: str) -> ItemPage[Order]:
    """Newest first, without those that are no longer what was asked for. Raises InvalidCursor."""
    index, partitions = _where(query)
    at = cursors.decode(query.cursor, query=query.name, owner=staff_id)
    found, then = _walk(index, partitions, at, query)
    if index is not Order.by_buyer:
        found = list(Order.find_many(it.order_id for it in found).values())
    return ItemPage(
        [order for order in found if query.asks_for(order)],
        cursors.encode(then, query=query.name, owner=staff_id),
    )


def _where(query: OrderQuery) -> tuple[Index, list[str]]:
    """The index that answers it, and its partitions to go through."""
    if query.guest_email:
        return Order.by_guest, [query.guest_email]
    if query.customer:
        return Order.by_buyer, [query.customer]
    if query.status:
        return Order.by_status, [query.status]
    return Order.by_month, _months(query)


def _months(query: OrderQuery) -> list[str]:
    """The last first."""
    now = clock.utc_now()
    last = min(query.placed_before or now, now)
    first = query.placed_from
    begins = max(FIRST_MONTH, first.year * 12 + first.month - 1) if first else FIRST_MONTH
    numbers = range(last.year * 12 + last.month - 1, begins - 1, -1)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]


def _walk(
    index: Index, partitions: list[str], at: Position | None, query: OrderQuery
) -> tuple[list[Order], Position | None]:
    """As many as the page is long, and where the next one begins."""
    found: list[Order] = []
    after = None
    if at:
        after = at["after"]
        partitions = [at["in"], *(it for it in partitions if it < at["in"])]
    for number, partition in enumerate(partitions):
        left = query.limit - len(found)
        if not left or number == MONTHS_A_PAGE:
            return found, {"in": partition, "after": None}
        page = index.query(
            partition,
            _placed(query),
            scan_index_forward=False,
            limit=left,
            page_size=left,
            last_evaluated_key=after,
        )
        found += page
        after = page.last_evaluated_key
        if after:
            return found, {"in": partition, "after": after}
    return found, None


def _placed(query: OrderQuery) -> Condition | None:
    """A Query takes one condition on the moment: one between two has both its ends in it."""
    earliest, end = query.placed_from, query.placed_before
    between: Condition | None = None
    if earliest and end:
        between = Order.placed_at.between(earliest, end - end.resolution)
    elif earliest:
        between = Order.placed_at >= earliest
    elif end:
        between = Order.placed_at < end
    return between
