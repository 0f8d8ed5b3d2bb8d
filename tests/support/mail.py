"""The mail that SES was given, and the messages of the queue that asks for it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import Message

from shared.events.accounts import UserRegistered
from shared.events.orders import OrderPlaced
from shared.storage.models.orders import Order, OrderLine, OrderTotals, ShippingAddress
from tests.support import shop
from tests.support.http import sample

PLACED_AT = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)


def sent() -> list[Message]:
    """By moto's SES, which keeps subject, addresses and HTML."""
    backend = get_backend("ses")[DEFAULT_ACCOUNT_ID]["eu-central-1"]
    messages: list[Message] = backend.sent_messages
    return messages


def queued(*details: Any) -> dict[str, Any]:
    """The sample event of the mail queue, with a message for each event."""
    event = sample("notifications.send_emails")
    (first,) = event["Records"]
    around = json.loads(first["body"])
    event["Records"] = [
        first | {"messageId": f"message-{n}", "body": json.dumps(around | {"detail": detail})}
        for n, detail in enumerate(details)
    ]
    return event


def detail() -> dict[str, Any]:
    """The order event of the sample."""
    (record,) = sample("notifications.send_emails")["Records"]
    order_placed: dict[str, Any] = json.loads(record["body"])["detail"]
    return order_placed


def order_placed(**changes: Any) -> OrderPlaced:
    return OrderPlaced.model_validate(detail() | changes)


def order(**changes: Any) -> Order:
    """The order that the sample tells of. Not stored."""
    facts = {
        "order_id": "ord_one",
        "buyer_id": "usr_ada",
        "status": "pending_payment",
        "currency": "EUR",
        "lines": [line()],
        "totals": totals(),
        "shipping_address": ShippingAddress(**shop.ADDRESS),
        "history": [],
        "placed_at": PLACED_AT,
        "placed_month": f"{PLACED_AT:%Y-%m}",
        "awaits": "payment",
        "expires_at": PLACED_AT + timedelta(minutes=30),
        "fingerprint": "-",
        "version": 1,
    }
    return Order(**facts | changes)


def line(**changes: Any) -> OrderLine:
    facts = {
        "product_id": "prd_tea",
        "sku": "TEA-GREEN-100",
        "name": "Green tea, 100 g",
        "quantity": 2,
        "unit_price_minor": 1250,
        "line_total_minor": 2500,
    }
    return OrderLine(**facts | changes)


def totals(**changes: int) -> OrderTotals:
    facts = {
        "items_minor": 2500,
        "discount_minor": 0,
        "shipping_minor": 0,
        "tax_minor": 0,
        "total_minor": 2500,
    }
    return OrderTotals(**facts | changes)


def user_registered(user_id: str = "usr_ada") -> UserRegistered:
    about = {"user_id": user_id, "access_epoch": 1}
    return UserRegistered.model_validate({"id": "evt_registered", "data": about})
