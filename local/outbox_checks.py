"""Compares the orders of the last days with the outbox: each step of an order stored its event.

After a backup was restored, half of a transaction can be missing: the order or its outbox row.
SQLite keeps what was read on disk, so memory does not grow with the tables.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from local.targets import Target, scan_items
from shared import clock

KNOWN_FOR = timedelta(days=7)  # a relayed row expires after that (shared.storage.outbox)
MARGIN = timedelta(hours=1)  # between the time of a step and that of its event
STEP_EVENTS = {
    "paid": "order.paid",
    "partially_shipped": "order.partially_shipped",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "cancelled": "order.cancelled",
    "expired": "order.expired",
}
PLACED = "order.placed"

_TABLES = """
CREATE TABLE orders (order_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE expected (order_id TEXT, type TEXT, PRIMARY KEY (order_id, type)) WITHOUT ROWID;
CREATE TABLE stored (order_id TEXT, type TEXT, PRIMARY KEY (order_id, type)) WITHOUT ROWID;
"""


@dataclass(frozen=True, order=True)
class OrderEvent:
    order_id: str
    type: str


class OutboxChecks:
    """Which events are missing, and which events belong to an order that is missing.

    Give it all orders first, then the outbox: an order's row is written together with the order.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a temporary file that SQLite deletes when it is closed
        self._file.executescript(_TABLES)
        self._oldest = clock.utc_now() - KNOWN_FOR + MARGIN

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add_order(self, order: Mapping[str, Any]) -> None:
        """An order's stored attributes as plain Python values."""
        order_id = order["order_id"]
        self._insert("INSERT OR IGNORE INTO orders VALUES (?)", (order_id,))
        for name in self._list_expected(order["history"]):
            self._insert("INSERT OR IGNORE INTO expected VALUES (?, ?)", (order_id, name))

    def _list_expected(self, history: list[Mapping[str, Any]]) -> Iterator[str]:
        for number, step in enumerate(history):
            if datetime.fromisoformat(step["at"]) < self._oldest or step.get("event"):
                continue
            if number == 0:
                yield PLACED
            if step["status"] in STEP_EVENTS:
                yield STEP_EVENTS[step["status"]]

    def read_outbox(self, shop: Target) -> None:
        for item in scan_items(shop, "OutboxTable", "payload"):
            for event in _find_order_events(item["payload"]["S"]):
                values = (event.order_id, event.type)
                self._insert("INSERT OR IGNORE INTO stored VALUES (?, ?)", values)

    def _insert(self, statement: str, values: tuple[str, ...]) -> None:
        self._file.execute(statement, values)

    def list_missing_events(self) -> list[OrderEvent]:
        """Events that no row stores, though the order's history has their step."""
        rows = self._file.execute("SELECT * FROM expected EXCEPT SELECT * FROM stored")
        return sorted(OrderEvent(*row) for row in rows)

    def list_unread_orders(self) -> list[str]:
        """Orders that the outbox names. They are missing, or they were placed since the scan."""
        rows = self._file.execute("SELECT order_id FROM stored EXCEPT SELECT * FROM orders")
        return sorted(row[0] for row in rows)


def _find_order_events(payload: str) -> Iterator[OrderEvent]:
    """The events of a row that name an order. The relay sets a row aside that holds no event."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return
    for event in document if isinstance(document, list) else [document]:
        match event:
            case {"type": str(type_), "data": {"order_id": str(order_id)}}:
                yield OrderEvent(order_id, type_)


def list_missing_orders(shop: Target, checks: OutboxChecks) -> list[str]:
    table, dynamodb = shop.physical_id("OrdersTable"), shop.client("dynamodb")
    return [
        order_id
        for order_id in checks.list_unread_orders()
        if "Item"
        not in dynamodb.get_item(
            TableName=table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
        )
    ]
