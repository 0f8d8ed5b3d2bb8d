"""The mail that SES was given, and the messages of the queue that asks for it."""

import json
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import Message

from shared.events import OrderPlaced, UserRegistered
from tests.support.http import sample


def sent() -> list[Message]:
    """By moto's SES, which keeps subject, addresses and HTML."""
    backend = get_backend("ses")[DEFAULT_ACCOUNT_ID]["eu-central-1"]
    messages: list[Message] = backend.sent_messages
    return messages


def queued(*details: Any) -> dict[str, Any]:
    """The sample event of the mail queue, with a message for each event."""
    event = sample("notifications.mail_queue")
    (first,) = event["Records"]
    around = json.loads(first["body"])
    event["Records"] = [
        first | {"messageId": f"message-{n}", "body": json.dumps(around | {"detail": detail})}
        for n, detail in enumerate(details)
    ]
    return event


def detail() -> dict[str, Any]:
    """The order event of the sample."""
    (record,) = sample("notifications.mail_queue")["Records"]
    order_placed: dict[str, Any] = json.loads(record["body"])["detail"]
    return order_placed


def order_placed(**changes: Any) -> OrderPlaced:
    return OrderPlaced.model_validate(detail() | changes)


def user_registered(user_id: str = "usr_ada") -> UserRegistered:
    about = {"user_id": user_id, "access_epoch": 1}
    return UserRegistered.model_validate({"id": "evt_registered", "data": about})
