"""Stores a new order with the stock it allocates and the promotion use it counts; finds orders."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from orders.checkout import holds
from orders.checkout.allocations import Allocations, allocate_lines, out_of_stock
from orders.lifecycle.repository import StageExtra, stage_account_check
from orders.pricing.discounts import used_up, used_up_by_customer
from orders.pricing.inputs import PricingInputs
from shared.errors.accounts import SessionEnded
from shared.errors.base import Unavailable
from shared.errors.catalog import StockFragmented
from shared.errors.orders import OrderAlreadyPlaced
from shared.events.orders import OrderEvent
from shared.records import Record
from shared.retries import CONFLICT_DOUBLINGS, retry
from shared.storage import cursors, outbox, stock
from shared.storage.cursors import ItemPage
from shared.storage.held_stock import Holder
from shared.storage.models.accounts import User
from shared.storage.models.catalog import UNTRACKED, Product
from shared.storage.models.orders import Order
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from shared.storage.stock_shards import StockSnapshot
from shared.storage.transactions import ACTIONS_MAX, HOT_ATTEMPTS, Contended, Transaction

_BUYER_ORDERS = "orders of a buyer"  # the name of the query in its cursors


class PricingChanged(Exception):
    """Staff changed a product or the promotion after it was read: price the order again."""


class _ShardShort(Exception):
    """A stock shard has too few units, or is sold in another currency."""


class NewOrder(Record):
    """An order to store, and what its transaction writes and checks."""

    order: Order
    build_events: Callable[[Order], Sequence[OrderEvent]]  # once its units are chosen
    inputs: PricingInputs  # what it was priced by
    promotion: Promotion | None
    holders: Sequence[Holder]
    stage_extra: StageExtra | None = None
    stage_cart: StageExtra | None = None  # of the order's cart, if it has one


def create_order(new: NewOrder) -> None:
    """Store the order, its stock, promotion use and events in one transaction, or nothing.

    Raises what `stage_extra`'s conditions raise; OrderAlreadyPlaced if the order exists, whatever
    else fails; what `stage_cart`'s conditions raise; PromotionUsedUp and PricingChanged;
    HeldStockLimitReached, or TooManyAttempts for an order without a price; OutOfStock,
    StockFragmented, and Unavailable.
    """
    snapshots: Mapping[str, StockSnapshot] = {}  # read only when a shard was short
    stage_units = holds.count_units(new.order, new.holders)

    def attempt() -> None:
        nonlocal snapshots
        try:
            _transaction(new, _allocate(new, snapshots), stage_units).commit(attempts=1)
        except _ShardShort:
            snapshots = _read_stock(new.inputs.products)
            raise

    try:
        # After contention, the next attempt may choose another shard.
        retry(
            attempt,
            on=(_ShardShort, Contended),
            attempts=HOT_ATTEMPTS,
            doublings=CONFLICT_DOUBLINGS,
        )
    except _ShardShort as error:
        raise Unavailable from error


def _transaction(
    new: NewOrder, allocations: Allocations, stage_units: Callable[[Transaction], None]
) -> Transaction:
    order = new.order
    for line in order.lines:
        if allocation := allocations.get(line.product_id):
            units = allocation.units.items()
            line.allocations_json = {str(shard): count for shard, count in units}
            line.backordered = allocation.backordered
    transaction = Transaction()
    if new.stage_extra:
        new.stage_extra(transaction)
    transaction.put(
        order,
        only_if=Order.order_id.does_not_exist(),
        otherwise=OrderAlreadyPlaced(order_id=order.order_id),
    )
    if new.stage_cart:  # after the order: a retry finds the order, and not its cart
        new.stage_cart(transaction)
    if new.promotion:
        _stage_promotion_use(transaction, order, new.promotion)
    stage_units(transaction)
    for product_id, allocation in allocations.items():
        stock.stage_allocation(
            transaction,
            product_id,
            allocation,
            currency=order.currency,
            backorders_max=new.inputs.products[product_id].backorders_max,
            otherwise=_ShardShort(),
        )
    outbox.stage_events(transaction, new.build_events(order))
    if len(transaction) > ACTIONS_MAX:
        raise StockFragmented
    return transaction


def _stage_promotion_use(transaction: Transaction, order: Order, promotion: Promotion) -> None:
    """Count the use if there is a limit; without one, orders do not contend for one item."""

    def refusal(found: Promotion | None) -> Exception:
        is_as_read = found is not None and found.version == promotion.version
        return used_up(promotion) if is_as_read else PricingChanged()

    use = order.promotion
    if use and use.is_counted:
        transaction.update(
            Promotion(PROMOTIONS, promotion.code),
            [Promotion.used.add(1)],
            only_if=(Promotion.version == promotion.version)
            & (Promotion.used < promotion.uses_max),
            otherwise=refusal,
        )
    if use and use.counted_for:
        has_use_left = PromotionUse.used < promotion.uses_per_customer_max
        transaction.update(
            PromotionUse(use.counted_for, promotion.code),
            [PromotionUse.used.add(1)],
            only_if=PromotionUse.used.does_not_exist() | has_use_left,
            otherwise=used_up_by_customer(promotion),
        )


def _allocate(new: NewOrder, snapshots: Mapping[str, StockSnapshot]) -> Allocations:
    """Raises OutOfStock; without snapshots _ShardShort where only they have the answer."""
    allocations, short = allocate_lines(new.order.lines, new.inputs, snapshots)
    if short and not snapshots:
        raise _ShardShort
    if short:
        raise out_of_stock(short, new.inputs, snapshots)
    return allocations


def _read_stock(products: Mapping[str, Product]) -> dict[str, StockSnapshot]:
    """The stock of those products that are counted, in the shards that they have.

    Raises PricingChanged if staff edited one of them since it was priced: its units may be in other
    shards, in another currency, or sold under another policy. The products are read last, so no
    edit was before the stock.
    """
    stocks = stock.get_stocks(
        {
            product_id: int(product.stock_shards)
            for product_id, product in products.items()
            if product.stock_policy != UNTRACKED
        }
    )
    current = Product.find_many(products)
    for product_id, priced in products.items():
        if product_id not in current or current[product_id].version != priced.version:
            raise PricingChanged
    return stocks


def find_order(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def list_orders(buyer_id: str, *, limit: int, cursor: str | None) -> ItemPage[Order]:
    """The buyer's orders, newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Order.by_buyer, buyer_id, query=_BUYER_ORDERS, owner=buyer_id, limit=limit, cursor=cursor
    )


def list_all_orders(buyer_id: str) -> Iterator[Order]:
    """All orders of the buyer, newest first; the index may lag."""
    return iter(Order.by_buyer.query(buyer_id, scan_index_forward=False))


def stage_account_order(transaction: Transaction, user_id: str) -> None:
    """Count an order of the account. The transaction raises SessionEnded if it is not active.

    So no order is placed after the account's deletion, and the event of the deletion says how many
    there are. One update costs what a condition check would: two write units, and one more because
    the index of users holds the count.
    """
    transaction.update(
        User(user_id),
        [User.order_count.add(1)],
        only_if=User.status == "active",
        otherwise=SessionEnded(),
    )


def require_account(user_id: str) -> None:
    """Raises SessionEnded if the account is not active, and Unavailable."""
    transaction = Transaction()
    stage_account_check(transaction, user_id=user_id)
    transaction.commit()
