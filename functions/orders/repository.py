"""The orders, with the stock that they take and the uses of promotions that they count."""

from collections.abc import Iterator, Mapping, Sequence

from orders.lifecycle.anonymize import ERASED
from orders.lifecycle.repository import StageExtra
from orders.pricing.repository import stage_use
from shared.errors.base import Unavailable
from shared.errors.catalog import OutOfStock, StockFragmented
from shared.errors.orders import OrderAlreadyPlaced
from shared.events.all_events import OrderEvent
from shared.retries import pause
from shared.storage import cursors, outbox, stock
from shared.storage.cursors import ItemPage
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order, OrderLine
from shared.storage.models.pricing import Promotion
from shared.storage.stock import StockSnapshot
from shared.storage.transactions import ACTIONS_MAX, ATTEMPTS, Contended, Transaction

_OF_BUYER = "orders of a buyer"


def add(
    order: Order,
    happened: Sequence[OrderEvent],
    shards: Mapping[str, int],
    promotion: Promotion | None,
    also: StageExtra | None = None,
) -> None:
    """Order, use of the promotion, stock, events and what `also` stages: together, or none of it.

    `shards` says how many parts the stock of each product has. Raises OrderAlreadyPlaced when
    there is an order with this id, whatever else is wrong; the refusals of `also`;
    PromotionUsedUp and PromotionChanged; OutOfStock, StockFragmented, and Unavailable.
    """
    held: Mapping[str, StockSnapshot] = {}  # nothing is known of it yet
    for retry in range(ATTEMPTS):
        if retry:
            pause(retry)
        try:
            parts = _parts(order, shards, held)
            _staged(order, happened, parts, promotion, also).commit(attempts=1)
        except _Short:
            held = _look_again(order)
        except Contended:  # where others win a shard, the next try may be made at another
            continue
        else:
            return
    raise Unavailable


class _Short(Exception):
    """A shard has too little for what was to be taken from it, or is sold in another currency."""


Parts = dict[str, dict[int, int]]  # by product, how many from which shard


def _staged(
    order: Order,
    happened: Sequence[OrderEvent],
    parts: Parts,
    promotion: Promotion | None,
    also: StageExtra | None,
) -> Transaction:
    for line in order.lines:
        line.taken_json = {str(shard): taken for shard, taken in parts[line.product_id].items()}
    transaction = Transaction()
    transaction.put(
        order,
        only_if=Order.order_id.does_not_exist(),
        otherwise=OrderAlreadyPlaced("This order was placed before.", order_id=order.order_id),
    )
    if also:
        also(transaction)
    if promotion:
        stage_use(transaction, order, promotion)
    for product_id, taken in parts.items():
        stock.stage_sale(
            transaction, product_id, taken, currency=order.currency, otherwise=_Short()
        )
    outbox.stage_events(transaction, happened)
    if len(transaction) > ACTIONS_MAX:
        raise StockFragmented("This order's units are in too many places: order fewer products.")
    return transaction


def _parts(order: Order, shards: Mapping[str, int], held: Mapping[str, StockSnapshot]) -> Parts:
    """Each line from one shard by chance; from those that have enough, once that is known.

    Raises OutOfStock, with all lines for which all shards together have too few.
    """
    parts: Parts = {}
    short: list[OrderLine] = []
    for line in order.lines:
        product_id, quantity = line.product_id, int(line.quantity)
        taken = (
            held[product_id].split(quantity)
            if held
            else {stock.random_shard(shards[product_id]): quantity}
        )
        if taken is None:
            short.append(line)
        else:
            parts[product_id] = taken
    if short:
        raise _out_of_stock(short, held)
    return parts


def _look_again(order: Order) -> dict[str, StockSnapshot]:
    """How many shards there are is read again too: it may have been changed meanwhile."""
    products = Product.find_many([line.product_id for line in order.lines])
    return stock.get_stocks({key: int(it.stock_shards) for key, it in products.items()})


def _out_of_stock(short: list[OrderLine], held: Mapping[str, StockSnapshot]) -> OutOfStock:
    return OutOfStock(
        f"There is not enough for this order of: {', '.join(line.name for line in short)}.",
        product_id=short[0].product_id,
        lines=[
            {
                "product_id": line.product_id,
                "quantity": int(line.quantity),
                "available": held[line.product_id].available,
            }
            for line in short
        ],
    )


def find(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def of_buyer(buyer_id: str, *, limit: int, cursor: str | None) -> ItemPage[Order]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Order.by_buyer, buyer_id, query=_OF_BUYER, owner=buyer_id, limit=limit, cursor=cursor
    )


def not_erased(buyer_id: str) -> Iterator[Order]:
    """Those that still have the buyer's address, as far as the index knows yet."""
    return iter(Order.by_buyer.query(buyer_id, filter_condition=Order.fingerprint != ERASED))
