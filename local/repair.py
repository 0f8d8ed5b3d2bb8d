"""Puts right what follows from other records, after a restored backup lost half of a transaction.

Repaired: stock from movements and orders, uses of promotions from orders, counts of categories
from listings, and events that an order's history proves and the outbox lacks. Money, orders and
movements are never changed: what is lost there, `make verify` names, and a person decides.

Repeat: a second run finds nothing to do. Each write requires that nobody changed the item since it
was read, so the shop may stay open; what changed is left for the next run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local import reconciliation
from local.category_counts import CountChanged, list_recounts, list_wrong_counts
from local.outbox_checks import OrderEvent
from local.reconciliation_store import (
    Difference,
    ReconciliationStore,
    is_promotion,
    promotion_of,
)
from local.targets import OperationFailed, Target, assume_environment
from shared import ids

if TYPE_CHECKING:
    from shared.events.all_events import AnyEvent
    from shared.storage.models.orders import Order
    from shared.storage.stock_shards import StockSnapshot


@dataclass
class Repairs:
    applied: bool
    done: list[str] = field(default_factory=list)  # or to be done, in a dry run
    left: list[str] = field(default_factory=list)  # a person must decide, or it has just changed

    @property
    def is_ok(self) -> bool:
        return not self.left

    def to_text(self) -> str:
        verb = "repaired" if self.applied else "to repair"
        lines = [*self.done, *(f"not repaired: {line}" for line in self.left)]
        lines.append(f"{len(self.done)} {verb}, {len(self.left)} left")
        if self.done and not self.applied:
            lines.append("Nothing is changed yet. Add APPLY=1 to repair it.")
        return "\n".join(lines)


def repair(shop: Target, *, applies: bool) -> Repairs:
    """Scans whole tables, as `reconcile` does. Raises OperationFailed if an order is unreadable."""
    assume_environment(shop)
    repairs = Repairs(applied=applies)
    with ReconciliationStore() as store:
        found = reconciliation.read_differences(shop, store)
        if found.unreadable_orders:  # nobody knows which units they took
            raise OperationFailed(
                f"{found.unreadable_orders} orders cannot be read. `make verify` names them. Mend "
                "them first."
            )
        keys = [difference.key for difference in store.list_differences()]
        counted = read_products(key for key in keys if not is_promotion(key))
        # Read the records again: a write requires that the stock is still as it was counted.
        for difference in reconciliation.read_again(shop, store):
            if is_promotion(difference.key):
                _repair_uses(difference, repairs)
            else:
                _repair_stock(difference, counted.get(difference.key), repairs)
    for event in found.missing_events:
        _repair_event(event, repairs)
    for line, recount in list_recounts(list_wrong_counts(shop)):
        _write(line, recount, CountChanged(), repairs)
    repairs.left += [str(drift) for drift in found.drifts]
    return repairs


@dataclass(frozen=True)
class _CountedProduct:
    sku: str
    stock: "StockSnapshot"
    backorders_max: int

    @property
    def may_be_short(self) -> bool:
        """Whether units can be, or once could be, sold beyond the stock."""
        return self.backorders_max > 0 or self.stock.backorders_max is not None


def read_products(product_ids: Iterator[str]) -> dict[str, _CountedProduct]:
    """By product id. Products that do not exist are left out."""
    from shared.storage import stock  # noqa: PLC0415 (it reads the environment)
    from shared.storage.models.catalog import Product  # noqa: PLC0415

    products = [Product.find(product_id, consistent=True) for product_id in product_ids]
    return {
        product.product_id: _CountedProduct(
            product.sku, stock.get_stock(product), product.backorders_max
        )
        for product in products
        if product
    }


def _repair_stock(
    difference: Difference, product: _CountedProduct | None, repairs: Repairs
) -> None:
    """Divide the units evenly among the shards. The first has all allocated units, as always when
    the number of shards changes.
    """
    from shared.storage import stock  # noqa: PLC0415
    from shared.storage.transactions import Transaction  # noqa: PLC0415

    recomputed = difference.recomputed
    if product is None:
        repairs.left.append(f"{difference.key}: the product does not exist. Create it again")
        return
    if recomputed < 0 and not product.may_be_short:
        repairs.left.append(
            f"{product.sku}: {-recomputed} units were sold that no movement added. "
            f"Add an adjustment of {-recomputed} or more, then repair"
        )
        return
    changed = stock.StockChanged()
    first, *others = product.stock.shards
    recounted = product.stock.replace(
        shards=(
            first.replace(allocated=difference.recomputed_allocated),
            *(shard.replace(allocated=0) for shard in others),
        ),
    )
    transaction = Transaction()
    stock.stage_stock_set(
        transaction,
        recounted,
        recomputed,
        len(recounted.shards),
        otherwise=changed,
        backorders_max=product.backorders_max or None,
    )
    line = f"{product.sku}: {reconciliation.describe(difference)}"
    _write(line, transaction.commit, changed, repairs)


def _repair_uses(difference: Difference, repairs: Repairs) -> None:
    from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse  # noqa: PLC0415
    from shared.storage.transactions import Transaction  # noqa: PLC0415

    code, customer = promotion_of(difference.key)
    model = PromotionUse if customer else Promotion
    is_as_read = model.used == difference.available
    if customer and not difference.available:
        is_as_read |= model.used.does_not_exist()
    elif not customer:
        is_as_read &= Promotion.code.exists()
    changed = _Changed("the promotion does not exist, or its uses have just changed")
    transaction = Transaction()
    transaction.update(
        model(customer or PROMOTIONS, code),
        [model.used.set(difference.recomputed)],
        only_if=is_as_read,
        otherwise=changed,
    )
    line = f"{difference.key}: {reconciliation.describe(difference)}"
    _write(line, transaction.commit, changed, repairs)


class _Changed(Exception):
    """The item is not as it was read."""


def _write(line: str, commit: Callable[[], object], changed: Exception, repairs: Repairs) -> None:
    if repairs.applied:
        try:
            commit()
        except type(changed) as error:
            reason = str(error) or "it has just changed. Repair again"
            repairs.left.append(f"{line}; {reason}")
            return
    repairs.done.append(line)


def _repair_event(missing: OrderEvent, repairs: Repairs) -> None:
    """Stages the event with an id that follows from the order, so that a repeat finds it."""
    from orders.checkout.repository import find_order  # noqa: PLC0415
    from shared.storage import outbox  # noqa: PLC0415
    from shared.storage.transactions import Transaction  # noqa: PLC0415

    order = find_order(missing.order_id)
    if order is None:  # it was just there; orders are never deleted
        repairs.left.append(f"{missing.order_id}: the order has just changed. Repair again")
        return
    transaction = Transaction()
    event = _build_event(missing, order)
    outbox.stage_event(transaction, event)
    line = f"{missing.order_id}: {missing.type} stored again"
    _write(line, transaction.commit, _Changed(), repairs)


def _build_shipment_event(missing: OrderEvent, order: "Order") -> "AnyEvent":
    """Of the first parcel or of the last one; after it, the rest may have been cancelled."""
    from orders.lifecycle import order_events, order_quantities  # noqa: PLC0415

    parcels = order_quantities.list_shipments(order)
    if missing.type == "order.partially_shipped":
        return order_events.partially_shipped(order, parcels[0])
    cancelled_at = max((each.at for each in order.cancellations), default=parcels[-1].at)
    return order_events.shipped(order, None if cancelled_at > parcels[-1].at else parcels[-1])


def _build_event(missing: OrderEvent, order: "Order") -> "AnyEvent":
    from orders.lifecycle import order_events  # noqa: PLC0415

    if missing.type in ("order.shipped", "order.partially_shipped"):
        event: AnyEvent = _build_shipment_event(missing, order)
    else:
        builders: dict[str, Callable[[Order], AnyEvent]] = {
            "order.placed": order_events.placed,
            "order.paid": order_events.paid,
            "order.delivered": order_events.delivered,
            "order.cancelled": order_events.cancelled,
            "order.expired": order_events.expired,
        }
        event = builders[missing.type](order)
    event_id = ids.derived_id("evt", "repair", missing.order_id, missing.type)
    return event.model_copy(update={"id": event_id})
