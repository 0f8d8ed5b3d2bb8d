"""A stack whose content a test chooses, in place of MiniStack behind the activity's pages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from local.activity.records import BusEvent, LogLine, QueuedMessage
from local.activity.stack_reader import Layout, StackReader
from local.targets import TIME_FORMAT, Target

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ORDER, REQUEST, EVENT = "ord_1", "req-1", "evt_1"
MAIL_QUEUE_URL = "http://127.0.0.1:4566/000000000000/souk-local-MailQueue"


class UnreachableTarget(Target):
    def client(self, service: str) -> Any:
        pytest.fail(f"{service} was called")


def target() -> Target:
    return UnreachableTarget("souk-test", boto3.Session(region_name="us-east-1"), "http://nobody")


class FakeReader(StackReader):
    """Answers with what it holds, and counts the readings."""

    def __init__(self) -> None:
        super().__init__(target())
        self.events: list[BusEvent] = []
        self.lines: list[LogLine] = []
        self.messages: list[QueuedMessage] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.readings: list[str] = []

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        return Layout(
            tables={"OrdersTable": "orders"},
            queues={"MailQueue": MAIL_QUEUE_URL, "MailDeadLetters": f"{MAIL_QUEUE_URL}-dead"},
            log_groups={"MailFunction": "/souk/mail"},
            redrives={"MailDeadLetters": "MailQueue"},
            mailed_types=frozenset({"order.placed", "order.paid"}),
            pictures="souk-pictures",
        )

    def count_items(self) -> dict[str, int]:
        self.readings.append("tables")
        return {"OrdersTable": len(self.orders)}

    def list_messages(self) -> list[QueuedMessage]:
        self.readings.append("messages")
        return self.messages

    def list_events(self, text: str = "") -> list[BusEvent]:
        self.readings.append("events")
        found = [event for event in self.events if text in str(event.to_json())]
        return sorted(found, key=lambda event: event.occurred_at, reverse=True)

    def list_lines(self, text: str = "", **_: Any) -> list[LogLine]:
        self.readings.append("lines")
        return [line for line in self.lines if text in str(line.to_json())]

    def find_orders(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        self.readings.append("orders")
        return {each: self.orders[each] for each in ids if each in self.orders}

    def find_buyers(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        if ids:
            self.readings.append("users")
        return {each: self.users[each] for each in ids if each in self.users}


def event(**changes: Any) -> BusEvent:
    fields = {
        "id": EVENT,
        "type": "order.placed",
        "occurred_at": NOON.isoformat(),
        "correlation_id": REQUEST,
        "relayed_at": NOON.isoformat(),
        "data": {"order_id": ORDER, "buyer_id": "usr_1"},
    }
    return BusEvent(**{**fields, **changes})


def line(message: str, **fields: Any) -> LogLine:
    correlation_id = fields.pop("correlation_id", REQUEST)
    function = fields.pop("function", "MailFunction")
    return LogLine(NOON, function, "INFO", message, correlation_id, fields)


def message(**changes: Any) -> QueuedMessage:
    fields = {
        "id": "msg-1",
        "queue": "MailQueue",
        "label": f"order.placed {EVENT}",
        "sent_at": NOON,
        "visible_at": NOON,
        "receive_count": 0,
        "event_id": EVENT,
    }
    return QueuedMessage(**{**fields, **changes})


def order(**changes: Any) -> dict[str, Any]:
    """As DynamoDB stores it."""
    at = NOON.strftime(TIME_FORMAT)
    return {
        "order_id": ORDER,
        "buyer_id": "usr_1",
        "status": "pending_payment",
        "currency": "EUR",
        "totals": {"total_minor": 1999},
        "placed_at": at,
        "history": [{"status": "pending_payment", "at": at, "by": "usr_1"}],
        "shipping_address": {"name": "Ada Lovelace", "line1": "1 Market Street"},
        **changes,
    }
