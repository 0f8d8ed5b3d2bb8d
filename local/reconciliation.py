"""Recomputes stored totals from the records that explain them, and reports what differs.

Stock: a product's movements, less the units that orders took and did not return, must equal its
available units. The units that open orders took from its shards must equal its allocated units.
Promotions: the orders that count as a use must equal the stored number of uses.
Orders: each must agree with itself (`local.order_checks`).
Categories: a category must count what is listed in it (`local.category_counts`).
Outbox: the relay must have published each event within minutes (`local.republishing`), and orders
and events of the last days must have each other (`local.outbox_checks`).

The shop keeps selling during a scan, and a scan is no snapshot. So stock and uses are read before
and after everything else, and the recomputed number must lie between both. A key that does not is
read again; it is drift if it differs in every read.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local import order_checks
from local.category_counts import list_wrong_counts
from local.outbox_checks import OrderEvent, OutboxChecks, list_missing_orders
from local.reconciliation_store import (
    PROMOTION_KEY,
    Difference,
    ReconciliationStore,
    is_promotion,
    promotion_key,
)
from local.republishing import describe_overdue
from local.targets import Target, scan_items
from shared import clock

READS_MAX = 3
PAUSE_SECONDS = 2  # between two reads, so that requests that are under way can finish
PRODUCTS_READ_MAX = 100  # DynamoDB's limit for one BatchGetItem
SHARED_COUNT = "promotions"  # the partition of promotions; others count one customer's uses
ORDER_ATTRIBUTES = (
    "order_id",
    "status",
    "lines",
    "totals",
    "tax_included",
    "promotion",
    "history",
    "awaits",
    "expires_at",
    "payment",
    "refunds",
    "disputes",
    "shipments",
    "cancellations",
)


@dataclass(frozen=True)
class Drift:
    """A product, a promotion, an order or the outbox, and what its stored values do not explain."""

    subject: str
    fault: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault}"


@dataclass(frozen=True)
class ReconciliationReport:
    products: int
    orders: int
    drifts: list[Drift]

    def to_text(self) -> str:
        counts = f"{self.products} products and {self.orders} orders verified"
        return "\n".join([*map(str, self.drifts), f"{counts}, {len(self.drifts)} drift"])


@dataclass
class _CheckedOrders:
    """The orders that the first read checked. Later reads do not check them again."""

    outbox: OutboxChecks
    count: int = 0
    unreadable: int = 0
    drifts: list[Drift] = field(default_factory=list)

    def check(self, order: Mapping[str, Any]) -> None:
        self.count += 1
        try:
            faults = list(order_checks.list_faults(order, clock.utc_now()))
            list(order_checks.list_sums(order))
            self.outbox.add_order(order)
        except order_checks.UNREADABLE as error:
            self.unreadable += 1
            faults = [f"its item cannot be read ({type(error).__name__}: {error})"]
        self.drifts += [Drift(order["order_id"], fault) for fault in faults]


@dataclass(frozen=True)
class Findings:
    """What was found beside the differences that the store has."""

    products: int
    orders: int
    drifts: list[Drift]
    missing_events: list[OrderEvent]
    unreadable_orders: int


def reconcile(shop: Target) -> ReconciliationReport:
    """Scans whole tables, as only an operator may. Its memory does not grow with them."""
    with ReconciliationStore() as store:
        found = read_differences(shop, store)
        drifts = _to_drifts(shop, list(store.list_differences()))
    if overdue := describe_overdue(shop):
        drifts.append(Drift("outbox", overdue))
    drifts += [
        Drift(event.order_id, f"{event.type} is not in the outbox")
        for event in found.missing_events
    ]
    drifts += [Drift(f"category {each.path}", each.difference) for each in list_wrong_counts(shop)]
    return ReconciliationReport(found.products, found.orders, [*drifts, *found.drifts])


def read_differences(shop: Target, store: ReconciliationStore) -> Findings:
    """Leaves in the store what differs in every read."""
    with OutboxChecks() as outbox:
        orders = _CheckedOrders(outbox)
        _read_everything(shop, store, orders)
        outbox.read_outbox(shop)
        missing_events = outbox.list_missing_events()
        orders.drifts += [
            Drift(order_id, "the outbox has its events, but the order does not exist")
            for order_id in list_missing_orders(shop, outbox)
        ]
    products = store.count(excluded_prefix=PROMOTION_KEY)
    for _ in range(READS_MAX - 1):
        if not store.delete_explained():
            break
        time.sleep(PAUSE_SECONDS)
        read_again(shop, store)
    store.delete_explained()
    return Findings(products, orders.count, orders.drifts, missing_events, orders.unreadable)


def read_again(shop: Target, store: ReconciliationStore) -> list[Difference]:
    """Reads what the store still has, and returns what differs."""
    store.reset_sums()
    _read_everything(shop, store, None)
    store.delete_explained()
    return list(store.list_differences())


def _read_everything(
    shop: Target, store: ReconciliationStore, orders: _CheckedOrders | None
) -> None:
    shard_counts = _read_shard_counts(shop)
    store.add("before", _read_stock(shop, shard_counts))
    store.add("before", _read_uses(shop))
    store.add("explained", _read_movements(shop))
    store.add("explained", _read_orders(shop, orders))
    store.add("after", _read_stock(shop, shard_counts))
    store.add("after", _read_uses(shop))


def _read_shard_counts(shop: Target) -> dict[str, int]:
    """By product, for the few products that have more than one shard."""
    return {
        item["product_id"]["S"]: count
        for item in scan_items(shop, "ProductsTable", "product_id", "stock_shards")
        if (count := _number(item, "stock_shards")) > 1
    }


def _read_stock(shop: Target, shard_counts: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Available and allocated units, one item for each shard.

    Skips shards that a product no longer has: nobody can buy their units, so they are missing.
    """
    for item in scan_items(shop, "StockTable", "product_id", "available", "allocated"):
        product_id, _, shard = item["product_id"]["S"].partition("#")
        if shard != "level" and int(shard or 0) < shard_counts.get(product_id, 1):
            yield product_id, _number(item, "available"), _number(item, "allocated")


def _read_movements(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in scan_items(shop, "StockMovementsTable", "product_id", "change"):
        yield item["product_id"]["S"], _number(item, "change"), 0


def _read_uses(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in scan_items(shop, "PromotionsTable", "partition", "code", "used"):
        partition, code = item["partition"]["S"], item["code"]["S"]
        customer = None if partition == SHARED_COUNT else partition
        yield promotion_key(code, customer), _number(item, "used"), 0


def _read_orders(shop: Target, orders: _CheckedOrders | None) -> Iterator[tuple[str, int, int]]:
    """The units that each order took, and the promotion uses that it counts as."""
    deserializer = TypeDeserializer()
    for item in scan_items(shop, "OrdersTable", *ORDER_ATTRIBUTES):
        order = deserializer.deserialize({"M": item})
        if orders is not None:
            orders.check(order)
        with suppress(*order_checks.UNREADABLE):  # `check` has named it
            yield from list(order_checks.list_sums(order))


def _number(item: dict[str, Any], attribute: str) -> int:
    return int(item.get(attribute, {"N": "0"})["N"])


def _to_drifts(shop: Target, differences: list[Difference]) -> list[Drift]:
    """Names products by SKU; by id if the product does not exist."""
    product_ids = [difference.key for difference in differences if not is_promotion(difference.key)]
    skus = _read_skus(shop, product_ids)
    drifts = [
        Drift(skus.get(difference.key, difference.key), describe(difference))
        for difference in differences
    ]
    return sorted(drifts, key=lambda drift: drift.subject)


def describe(difference: Difference) -> str:
    if is_promotion(difference.key):
        return f"used {difference.available}, recomputed {difference.recomputed}"
    return (
        f"available {difference.available}, recomputed {difference.recomputed}; "
        f"allocated {difference.allocated}, recomputed {difference.recomputed_allocated}"
    )


def _read_skus(shop: Target, product_ids: list[str]) -> dict[str, str]:
    table, dynamodb = shop.physical_id("ProductsTable"), shop.client("dynamodb")
    skus: dict[str, str] = {}
    for start in range(0, len(product_ids), PRODUCTS_READ_MAX):
        batch = product_ids[start : start + PRODUCTS_READ_MAX]
        keys = [{"product_id": {"S": product_id}} for product_id in batch]
        unread = {table: {"Keys": keys, "ProjectionExpression": "product_id, sku"}}
        while unread:
            answer = dynamodb.batch_get_item(RequestItems=unread)
            for item in answer["Responses"].get(table, []):
                skus[item["product_id"]["S"]] = item["sku"]["S"]
            unread = answer.get("UnprocessedKeys", {})
    return skus
