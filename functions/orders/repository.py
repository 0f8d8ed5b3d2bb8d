"""The orders, and the stock that they take."""

from collections.abc import Iterator
from dataclasses import dataclass

from pynamodb.exceptions import UpdateError

from shared import cursors, outbox
from shared.errors import OrderAlreadyPlaced, OutOfStock
from shared.events import OrderPlaced
from shared.models import Order, Product, ShippingAddress, Stock
from shared.transactions import Transaction

# In place of the request's fingerprint: one of an address could be guessed from it. Nobody can
# send the request again whose account is gone.
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class OrderPage:
    orders: list[Order]
    next_cursor: str | None


def products_of(product_ids: list[str]) -> dict[str, Product]:
    """Those that exist, as they are now: a price must not come from a stale replica."""
    return Product.fetch(product_ids, consistent=True)


def add(order: Order, event: OrderPlaced) -> None:
    """Order, stock and event together, or none of it.

    Raises OrderAlreadyPlaced when there is an order with this id, whatever else is wrong, and
    OutOfStock for the first line that cannot be met.
    """
    transaction = Transaction()
    transaction.put(
        order,
        only_if=Order.order_id.does_not_exist(),
        otherwise=OrderAlreadyPlaced("This order was placed before.", order_id=order.order_id),
    )
    for line in order.lines:
        transaction.update(
            Stock(line.product_id),
            [Stock.available.add(-line.quantity)],
            only_if=Stock.available >= line.quantity,
            otherwise=OutOfStock(
                f"There is not enough of {line.name} for this order.", product_id=line.product_id
            ),
        )
    outbox.stage(transaction, event)
    transaction.commit()


def find(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def of_buyer(buyer_id: str, *, limit: int, cursor: str | None) -> OrderPage:
    """Newest first. Raises InvalidCursor."""
    query = f"orders of {buyer_id}"
    found = Order.by_buyer.query(
        buyer_id,
        scan_index_forward=False,
        limit=limit,
        page_size=limit,
        last_evaluated_key=cursors.decode(cursor, query=query),
    )
    orders = list(found)
    return OrderPage(orders, cursors.encode(found.last_evaluated_key, query=query))


def not_erased(buyer_id: str) -> Iterator[Order]:
    """Those that still have the buyer's address, as far as the index knows yet."""
    return iter(Order.by_buyer.query(buyer_id, filter_condition=Order.fingerprint != ERASED))


def erase(order: Order) -> bool:
    """Keep of the address what taxes depend on, the country. Whether that was left to do."""
    nowhere = ShippingAddress(
        name="", line1="", postal_code="", city="", country=order.shipping_address.country
    )
    try:
        Order(order.order_id).update(
            [
                Order.shipping_address.set(nowhere),
                Order.fingerprint.set(ERASED),
                Order.version.set(Order.version + 1),
            ],
            condition=Order.order_id.exists() & (Order.fingerprint != ERASED),
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True
