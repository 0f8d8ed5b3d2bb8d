"""Everything that has to do with one order, one request or one event.

A request's id is on its log lines and on the events that it causes; the consumers of an event log
under that id too. So the ids of an order's events find the requests and the lines about the order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.activity.mail_status import MailStatus, explain_mail
from local.activity.records import BusEvent, LogLine, QueuedMessage, read_time
from local.activity.request_log import LoggedRequest
from local.activity.stack_reader import StackReader
from local.mailbox import Mail
from local.payments.records import Payment
from shared.money import Money

ORDER_PREFIX = "ord_"
REQUESTS_MAX = 20  # whose lines are read
LINES_MAX = 500
NO_REQUEST = "none"  # the id on an event that no request caused


@dataclass(frozen=True)
class Stored:
    """What the stack holds about it."""

    orders: Mapping[str, Mapping[str, Any]]  # by id
    buyers: Mapping[str, Mapping[str, Any]]  # by id
    events: Sequence[BusEvent]  # oldest first
    lines: Sequence[LogLine]
    messages: Sequence[QueuedMessage]
    request_ids: frozenset[str]
    mailed_types: frozenset[str]


def read_stored(reader: StackReader, text: str) -> Stored:
    """`text` is the id of an order, a request or an event."""
    events = reader.list_events(text)[::-1]
    orders = reader.find_orders(_list_order_ids(text, events))
    caused_by = [event.correlation_id for event in events]
    caused_by += [order["request_id"] for order in orders.values() if order.get("request_id")]
    request_ids = list(dict.fromkeys(each for each in caused_by if each != NO_REQUEST))
    terms = dict.fromkeys([text, *request_ids[-REQUESTS_MAX:]])
    return Stored(
        orders=orders,
        buyers=reader.find_buyers([str(order["buyer_id"]) for order in orders.values()]),
        events=events,
        lines=_merge_lines(reader.list_lines(term) for term in terms),
        messages=reader.list_messages(),
        request_ids=frozenset(request_ids),
        mailed_types=reader.layout.mailed_types,
    )


def _list_order_ids(text: str, events: Sequence[BusEvent]) -> list[str]:
    named = [text] if text.startswith(ORDER_PREFIX) else [event.order_id for event in events]
    return list(dict.fromkeys(each for each in named if each))


def _merge_lines(readings: Iterable[Sequence[LogLine]]) -> list[LogLine]:
    """Each line once, although it has several of the ids."""
    lines: list[LogLine] = []
    for reading in readings:
        lines += [line for line in reading if line not in lines]
    return sorted(lines, key=lambda line: line.at)[-LINES_MAX:]


def build_trace(
    text: str,
    stored: Stored,
    *,
    requests: Sequence[LoggedRequest],
    mails: Sequence[Mail],
    payments: Iterable[Payment],
) -> dict[str, Any]:
    statuses = [_explain(event, stored) for event in stored.events]
    event_ids = {event.id for event in stored.events}
    mail_ids = {status.mail_id for status in statuses if status.mail_id}
    own = {text, *stored.request_ids}
    return {
        "id": text,
        "orders": [
            describe_order(order_id, order, stored.buyers)
            for order_id, order in stored.orders.items()
        ],
        "requests": [
            request.to_json()
            for request in reversed(requests)
            if request.request_id in own or text in request.path.split("/")
        ],
        "events": [
            event.to_json() | {"mail": status.to_json()}
            for event, status in zip(stored.events, statuses, strict=True)
        ],
        "messages": [
            message.to_json() for message in stored.messages if message.event_id in event_ids
        ],
        "mails": [
            mail.model_dump(mode="json", include={"id", "to", "subject", "sent_at"})
            for mail in reversed(mails)
            if mail.id in mail_ids
        ],
        "payments": [
            describe_payment(payment) for payment in payments if payment.order_id in stored.orders
        ],
        "lines": [line.to_json() for line in stored.lines],
    }


def _explain(event: BusEvent, stored: Stored) -> MailStatus:
    order = stored.orders.get(event.order_id or "", {})
    return explain_mail(
        event,
        mailed_types=stored.mailed_types,
        lines=stored.lines,
        messages=stored.messages,
        history=order.get("history", []),
    )


def describe_order(
    order_id: str, order: Mapping[str, Any], buyers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Without names and addresses of the delivery."""
    return {
        "id": order_id,
        "status": order["status"],
        "placed_at": read_time(order["placed_at"]).isoformat(),
        "buyer": name_buyer(order, buyers),
        "total": _format(int(order["totals"]["total_minor"]), order["currency"]),
        "history": [
            {name: step.get(name) for name in ("status", "event", "by", "reason")}
            | {"at": read_time(step["at"]).isoformat()}
            for step in order["history"]
        ],
    }


def name_buyer(order: Mapping[str, Any], buyers: Mapping[str, Mapping[str, Any]]) -> str:
    """The address that the shop writes to; the id of a buyer who was deleted."""
    user = buyers.get(order["buyer_id"], {})
    return str(order.get("guest_email") or user.get("email") or order["buyer_id"])


def describe_payment(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "status": payment.status,
        "created": payment.created,
        "amount": _format(payment.amount_minor, payment.currency),
    }


def _format(amount_minor: int, currency: str) -> str:
    return str(Money(amount_minor=amount_minor, currency=currency))
