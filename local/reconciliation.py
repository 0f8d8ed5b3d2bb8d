"""Recomputes what is stored twice from what explains it, and tells what differs.

Stock: what staff have counted in and out (StockMovements), less what orders have taken and not
returned, must be what is available; what orders have taken from which shard must be on order.
Promotions: the orders that a use was counted for and that stand must be as many as are counted.
Orders: each must agree with itself (`local.order_checks`).

The shop goes on selling meanwhile, and a scan is no snapshot: so stock and counts are read before
and after all else, and what was recomputed must lie between both. What does not is looked at again,
and is drift if it never does.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local import order_checks
from local.reconciliation_store import Difference, Tally
from local.targets import Target

LOOKS_MAX = 3
PAUSE_SECONDS = 2  # for whatever is under way to be done
GIVE_PROMOTIONS_BACK = frozenset({"cancelled", "expired"})
PRODUCTS_READ_MAX = 100  # DynamoDB's limit on one BatchGetItem
PROMOTION = "promotion "  # what keys begin with that are no products'
PROMOTIONS = "promotions"  # what promotions are kept as, beside what each customer has used
TOLD_OF_ORDERS = (
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
)


@dataclass(frozen=True)
class Drift:
    """What is stored of a product, a promotion or an order is not what explains it."""

    what: str
    says: str

    def __str__(self) -> str:
        return f"{self.what}: {self.says}"


@dataclass(frozen=True)
class Verified:
    products: int
    orders: int
    drifts: list[Drift]

    def report(self) -> str:
        counted = f"{self.products} products and {self.orders} orders verified"
        return "\n".join([*map(str, self.drifts), f"{counted}, {len(self.drifts)} drift"])


@dataclass
class _Orders:
    """What the first look has found about orders themselves: they are not looked at again."""

    count: int = 0
    drifts: list[Drift] = field(default_factory=list)

    def judge(self, order: Mapping[str, Any]) -> None:
        self.count += 1
        self.drifts += [Drift(order["order_id"], fault) for fault in order_checks.faults(order)]


def verify(shop: Target) -> Verified:
    """Reads whole tables, which an operator may. Its memory does not grow with them."""
    orders = _Orders()
    with Tally() as tally:
        _look(shop, tally, orders)
        products = tally.count(but_for=PROMOTION)
        for _ in range(LOOKS_MAX - 1):
            if not tally.keep_what_differs():
                break
            time.sleep(PAUSE_SECONDS)
            tally.begin_again()
            _look(shop, tally, _Orders())
        tally.keep_what_differs()
        drifts = _named(shop, list(tally.differences()))
    return Verified(products, orders.count, [*drifts, *orders.drifts])


def _look(shop: Target, tally: Tally, orders: _Orders) -> None:
    shards = _shards(shop)
    tally.add("before", _stock(shop, shards))
    tally.add("before", _uses(shop))
    tally.add("explained", _movements(shop))
    tally.add("explained", _ordered(shop, orders))
    tally.add("after", _stock(shop, shards))
    tally.add("after", _uses(shop))


def _shards(shop: Target) -> dict[str, int]:
    """How many parts the stock has of those products, few as they are, that have several."""
    return {
        item["product_id"]["S"]: count
        for item in _items(shop, "ProductsTable", "product_id", "stock_shards")
        if (count := _number(item, "stock_shards")) > 1
    }


def _stock(shop: Target, shards: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Available and on order, item by item: a product's shards are items of their own.

    Of a shard that a product has no more nobody can buy: what is in it is missing.
    """
    for item in _items(shop, "StockTable", "product_id", "available", "allocated"):
        product_id, _, shard = item["product_id"]["S"].partition("#")
        if shard != "level" and int(shard or 0) < shards.get(product_id, 1):
            yield product_id, _number(item, "available"), _number(item, "allocated")


def _movements(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in _items(shop, "StockMovementsTable", "product_id", "change"):
        yield item["product_id"]["S"], _number(item, "change"), 0


def _uses(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in _items(shop, "PromotionsTable", "partition", "code", "used"):
        partition, code = item["partition"]["S"], item["code"]["S"]
        customer = None if partition == PROMOTIONS else partition
        yield _use(code, customer), _number(item, "used"), 0


def _use(code: str, customer: str | None) -> str:
    return f"{PROMOTION}{code} of {customer}" if customer else f"{PROMOTION}{code}"


def _ordered(shop: Target, orders: _Orders) -> Iterator[tuple[str, int, int]]:
    """What each order holds of products, and the uses of promotions that were counted for it."""
    plain = TypeDeserializer()
    for item in _items(shop, "OrdersTable", *TOLD_OF_ORDERS):
        order = plain.deserialize({"M": item})
        orders.judge(order)
        for line in order["lines"]:
            kept = int(line["quantity"] - line.get("returned", 0))
            yield line["product_id"], -kept, sum(json.loads(line.get("allocations", "{}")).values())
        promotion = order.get("promotion")
        if promotion and order["status"] not in GIVE_PROMOTIONS_BACK:
            if promotion.get("is_counted"):
                yield _use(promotion["code"], None), 1, 0
            if promotion.get("counted_for"):
                yield _use(promotion["code"], promotion["counted_for"]), 1, 0


def _items(shop: Target, table: str, *attributes: str) -> Iterator[dict[str, Any]]:
    named = {f"#{attribute}": attribute for attribute in attributes}  # some are reserved words
    scan = shop.client("dynamodb").get_paginator("scan")
    pages = scan.paginate(
        TableName=shop.physical_id(table),
        ConsistentRead=True,
        ProjectionExpression=", ".join(named),
        ExpressionAttributeNames=named,
    )
    for page in pages:
        yield from page["Items"]


def _number(item: dict[str, Any], attribute: str) -> int:
    return int(item.get(attribute, {"N": "0"})["N"])


def _named(shop: Target, differences: list[Difference]) -> list[Drift]:
    """Products by SKU, or by id where there is no such product."""
    ids = [it.key for it in differences if not it.key.startswith(PROMOTION)]
    skus = _skus(shop, ids)
    drifts = [
        Drift(it.key, f"used {it.available}, recomputed {it.recomputed}")
        if it.key.startswith(PROMOTION)
        else Drift(
            skus.get(it.key, it.key),
            f"available {it.available}, recomputed {it.recomputed}; "
            f"on order {it.allocated}, recomputed {it.open}",
        )
        for it in differences
    ]
    return sorted(drifts, key=lambda drift: drift.what)


def _skus(shop: Target, product_ids: list[str]) -> dict[str, str]:
    table, dynamodb = shop.physical_id("ProductsTable"), shop.client("dynamodb")
    skus: dict[str, str] = {}
    for start in range(0, len(product_ids), PRODUCTS_READ_MAX):
        keys = [{"product_id": {"S": it}} for it in product_ids[start : start + PRODUCTS_READ_MAX]]
        wanted = {table: {"Keys": keys, "ProjectionExpression": "product_id, sku"}}
        while wanted:
            answer = dynamodb.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(table, []):
                skus[item["product_id"]["S"]] = item["sku"]["S"]
            wanted = answer.get("UnprocessedKeys", {})
    return skus
