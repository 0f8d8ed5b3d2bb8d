"""Recomputes every product's stock from what explains it, and tells what differs.

What staff have counted in and out (StockMovements), less what orders hold, must be what is
available; what open orders hold must be on order. The shop goes on selling meanwhile, and a scan
is no snapshot: so the stock is read before and after all else, and what was recomputed must lie
between both. What does not is looked at again, and is drift if it never does.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.tally import Difference, Tally
from local.targets import Target

LOOKS_MAX = 3
PAUSE_SECONDS = 2  # for whatever is under way to be done
GIVE_BACK = frozenset({"cancelled", "expired", "refunded"})  # what they held is available again
OPEN = frozenset({"pending_payment", "paid"})  # what they hold waits to be shipped
PRODUCTS_READ_MAX = 100  # DynamoDB's limit on one BatchGetItem


@dataclass(frozen=True)
class Drift:
    """A product whose stored stock is not what explains it."""

    sku: str
    difference: Difference

    def __str__(self) -> str:
        it = self.difference
        return (
            f"{self.sku}: available {it.available}, recomputed {it.recomputed}; "
            f"on order {it.on_order}, recomputed {it.open}"
        )


@dataclass(frozen=True)
class Verified:
    products: int
    drifts: list[Drift]

    def report(self) -> str:
        summary = f"{self.products} products verified, {len(self.drifts)} drift"
        return "\n".join([*map(str, self.drifts), summary])


def verify(shop: Target) -> Verified:
    """Reads whole tables, which an operator may. Its memory does not grow with them."""
    with Tally() as tally:
        _look(shop, tally)
        products = tally.count()
        for _ in range(LOOKS_MAX - 1):
            if not tally.keep_what_differs():
                break
            time.sleep(PAUSE_SECONDS)
            tally.begin_again()
            _look(shop, tally)
        tally.keep_what_differs()
        return Verified(products, _named(shop, list(tally.differences())))


def _look(shop: Target, tally: Tally) -> None:
    buckets = _buckets(shop)
    tally.add("before", _stock(shop, buckets))
    tally.add("explained", _movements(shop))
    tally.add("explained", _orders(shop))
    tally.add("after", _stock(shop, buckets))


def _buckets(shop: Target) -> dict[str, int]:
    """How many parts the stock has of those products, few as they are, that have several."""
    return {
        item["product_id"]["S"]: count
        for item in _items(shop, "ProductsTable", "product_id", "stock_buckets")
        if (count := _number(item, "stock_buckets")) > 1
    }


def _stock(shop: Target, buckets: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Available and on order, item by item: a product's buckets are items of their own.

    Of a bucket that a product has no more nobody can buy: what is in it is missing.
    """
    for item in _items(shop, "StockTable", "product_id", "available", "on_order"):
        product_id, _, bucket = item["product_id"]["S"].partition("#")
        if bucket != "level" and int(bucket or 0) < buckets.get(product_id, 1):
            yield product_id, _number(item, "available"), _number(item, "on_order")


def _movements(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in _items(shop, "StockMovementsTable", "product_id", "change"):
        yield item["product_id"]["S"], _number(item, "change"), 0


def _orders(shop: Target) -> Iterator[tuple[str, int, int]]:
    for item in _items(shop, "OrdersTable", "status", "lines"):
        status = item["status"]["S"]
        if status in GIVE_BACK:
            continue
        for line in item["lines"]["L"]:
            quantity = _number(line["M"], "quantity")
            yield line["M"]["product_id"]["S"], -quantity, quantity if status in OPEN else 0


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
    """By SKU, or by id where there is no such product."""
    table, dynamodb = shop.physical_id("ProductsTable"), shop.client("dynamodb")
    skus: dict[str, str] = {}
    for start in range(0, len(differences), PRODUCTS_READ_MAX):
        keys = [
            {"product_id": {"S": it.product_id}}
            for it in differences[start : start + PRODUCTS_READ_MAX]
        ]
        wanted = {table: {"Keys": keys, "ProjectionExpression": "product_id, sku"}}
        while wanted:
            answer = dynamodb.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(table, []):
                skus[item["product_id"]["S"]] = item["sku"]["S"]
            wanted = answer.get("UnprocessedKeys", {})
    drifts = [Drift(skus.get(it.product_id, it.product_id), it) for it in differences]
    return sorted(drifts, key=lambda drift: drift.sku)
