"""Orders that are read, changed, and written with all that goes with the change."""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from orders.lifecycle.transitions import Effects, StockMove
from shared.errors.orders import OrderNotFound
from shared.errors.requests import ConcurrentModification
from shared.storage import outbox, stock
from shared.storage.models.orders import AWAITS_PAYMENT, Order, OrderPromotion
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from shared.storage.stock import Resharded
from shared.storage.transactions import Action, Transaction

StageExtra = Callable[[Transaction], None]  # what else is written in the same transaction


def read(order_id: str) -> tuple[Order, dict[str, Any]]:
    """The order, and what is stored of it. Raises OrderNotFound."""
    order = Order.find(order_id, consistent=True)
    if order is None:
        raise OrderNotFound("There is no such order.")
    return order, order.serialize()


def due(now: datetime, *, limit: int) -> list[str]:
    """The orders whose time to be paid is over, the first to expire first."""
    found = Order.by_expiry.query(AWAITS_PAYMENT, Order.expires_at <= now, limit=limit)
    return [order.order_id for order in found]


def save(
    order: Order, stored: dict[str, Any], effects: Effects, also: StageExtra | None = None
) -> None:
    """All of it or nothing, if nobody has changed the order since it was read.

    Raises ConcurrentModification, Unavailable, and the refusals of `also`.
    """
    order.version += 1
    split_anew: set[str] = set()  # the products whose units are no longer where they were taken
    while True:
        try:
            _staged(order, stored, effects, also, split_anew).commit()
        except Resharded as found:
            split_anew.add(found.product_id)
        else:
            return


def _staged(
    order: Order,
    stored: dict[str, Any],
    effects: Effects,
    also: StageExtra | None,
    split_anew: AbstractSet[str],
) -> Transaction:
    transaction = Transaction()
    if also:
        also(transaction)
    transaction.update(
        Order(order.order_id),
        list(_differences(order, stored)),
        only_if=Order.version == order.version - 1,
        otherwise=ConcurrentModification("The order was changed meanwhile. Read it again."),
    )
    for move in _to_first_shards(effects.stock, split_anew):
        stock.stage_move(
            transaction,
            move.product_id,
            move.shard,
            available=move.available,
            allocated=move.allocated,
            is_bounded=move.product_id not in split_anew,
        )
    if effects.gives_promotion_back and order.promotion:
        _give_promotion_back(transaction, order.promotion)
    outbox.stage_events(transaction, effects.events)
    return transaction


def _differences(order: Order, stored: dict[str, Any]) -> Iterable[Action]:
    """Of what has changed alone: newer code may have stored what this does not know of."""
    now = order.serialize()
    for name, attribute in Order.get_attributes().items():
        key = attribute.attr_name
        if now.get(key) == stored.get(key):
            continue
        value = getattr(order, name)
        yield attribute.remove() if value is None else attribute.set(value)


def _to_first_shards(moves: Iterable[StockMove], split_anew: AbstractSet[str]) -> list[StockMove]:
    """Those of these products as one each: a transaction writes no item twice."""
    staying: list[StockMove] = []
    available: Counter[str] = Counter()
    allocated: Counter[str] = Counter()
    for move in moves:
        if move.product_id not in split_anew:
            staying.append(move)
            continue
        available[move.product_id] += move.available
        allocated[move.product_id] += move.allocated
    return staying + [StockMove(key, 0, available[key], allocated[key]) for key in available]


def _give_promotion_back(transaction: Transaction, promotion: OrderPromotion) -> None:
    if promotion.is_counted:
        transaction.update(Promotion(PROMOTIONS, promotion.code), [Promotion.used.add(-1)])
    if promotion.counted_for:
        transaction.update(
            PromotionUse(promotion.counted_for, promotion.code), [PromotionUse.used.add(-1)]
        )
