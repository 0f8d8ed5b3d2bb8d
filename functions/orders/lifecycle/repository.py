"""Reads an order and writes it back with everything that its change affects."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from orders.lifecycle.effects import Effects, StockMove
from orders.lifecycle.open_requests import schedule_settlement
from shared.errors.accounts import SessionEnded
from shared.errors.orders import OrderNotFound
from shared.errors.requests import ConcurrentModification
from shared.retries import CONFLICT_DOUBLINGS
from shared.storage import held_stock, outbox, stock
from shared.storage.models.accounts import User
from shared.storage.models.orders import AWAITS_PAYMENT, SETTLEMENT_OPEN, Order, OrderPromotion
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from shared.storage.stock import Resharded
from shared.storage.transactions import HOT_ATTEMPTS, Transaction

StageExtra = Callable[[Transaction], None]  # stages the caller's writes in the same transaction


def get_order(order_id: str) -> Order:
    """Raises OrderNotFound."""
    order = Order.find(order_id, consistent=True)
    if order is None:
        raise OrderNotFound
    return order


def read_for_update(order_id: str) -> tuple[Order, dict[str, Any]]:
    """The order, and its attributes as stored: `save_order` compares them. Raises OrderNotFound."""
    order = get_order(order_id)
    return order, order.serialize()


def list_due_order_ids(now: datetime, *, limit: int) -> list[str]:
    """The unpaid orders whose time to pay is over, the earliest first."""
    orders = Order.by_expiry.query(AWAITS_PAYMENT, Order.expires_at <= now, limit=limit)
    return [order.order_id for order in orders]


def list_unsettled_orders(now: datetime, *, limit: int) -> list[tuple[str, datetime]]:
    """Ids of orders that need something from the payment provider, with the time it was due.

    The earliest first.
    """
    orders = Order.by_settlement.query(SETTLEMENT_OPEN, Order.settlement_due_at <= now, limit=limit)
    return [(order.order_id, order.settlement_due_at) for order in orders]


def postpone_settlement(order_id: str, due_at: datetime, *, until: datetime) -> None:
    """Change when the order is due. It need not be readable, and keeps its version.

    Raises ConcurrentModification if it is not due at `due_at`.
    """
    transaction = Transaction()
    transaction.update(
        Order(order_id),
        [Order.settlement_due_at.set(until)],
        only_if=Order.settlement_due_at == due_at,
        otherwise=ConcurrentModification(),
    )
    transaction.commit()


def stage_account_check(transaction: Transaction, *, user_id: str) -> None:
    """Require the account of the person who changes an order. The transaction raises SessionEnded.

    API Gateway caches who a token belongs to for a minute, in which an admin may disable the
    account, or its owner delete it. Orders are money and addresses, so that minute does not apply.
    """
    transaction.check(User, user_id, only_if=User.status == "active", otherwise=SessionEnded())


def save_order(
    order: Order, stored: dict[str, Any], effects: Effects, stage_extra: StageExtra | None = None
) -> None:
    """Write the order and its effects in one transaction, if nobody changed the order since.

    Raises ConcurrentModification, Unavailable, and what `stage_extra`'s conditions raise.
    """
    order.version += 1
    schedule_settlement(order)
    released = _take_holds(order)
    resharded: set[str] = set()  # products whose units moved to the first shard
    while True:
        try:
            transaction = _transaction(order, stored, effects, stage_extra, resharded)
            held_stock.stage_release(transaction, released)
            transaction.commit(attempts=HOT_ATTEMPTS, doublings=CONFLICT_DOUBLINGS)
        except Resharded as error:
            resharded.add(error.product_id)
        else:
            return


def _take_holds(order: Order) -> Mapping[str, int]:
    """What the order adds to counters of held stock, once it no longer waits for its payment."""
    if order.awaits or not order.holds_json:
        return {}
    holds: Mapping[str, int] = order.holds_json
    order.holds_json = order.own_hold = None
    return holds


def _transaction(
    order: Order,
    stored: dict[str, Any],
    effects: Effects,
    stage_extra: StageExtra | None,
    resharded: AbstractSet[str],
) -> Transaction:
    transaction = Transaction()
    if stage_extra:
        stage_extra(transaction)
    transaction.update(
        Order(order.order_id),
        order.changes_since(stored),
        only_if=Order.version == order.version - 1,
        otherwise=ConcurrentModification(),
    )
    for move in _to_first_shards(effects.stock, resharded):
        stock.stage_move(
            transaction,
            move.product_id,
            move.shard,
            available=move.available,
            allocated=move.allocated,
            is_bounded=move.product_id not in resharded,
        )
    if effects.releases_promotion and order.promotion:
        _stage_promotion_release(transaction, order.promotion)
    outbox.stage_events(transaction, effects.events)
    return transaction


def _to_first_shards(moves: Iterable[StockMove], resharded: AbstractSet[str]) -> list[StockMove]:
    """Combine the moves of each resharded product: a transaction writes no item twice."""
    combined: list[StockMove] = []
    available: Counter[str] = Counter()
    allocated: Counter[str] = Counter()
    for move in moves:
        if move.product_id not in resharded:
            combined.append(move)
            continue
        available[move.product_id] += move.available
        allocated[move.product_id] += move.allocated
    return combined + [
        StockMove(product_id, 0, available[product_id], allocated[product_id])
        for product_id in available
    ]


def _stage_promotion_release(transaction: Transaction, promotion: OrderPromotion) -> None:
    if promotion.is_counted:
        transaction.update(Promotion(PROMOTIONS, promotion.code), [Promotion.used.add(-1)])
    if promotion.counted_for:
        transaction.update(
            PromotionUse(promotion.counted_for, promotion.code), [PromotionUse.used.add(-1)]
        )
