"""What mails say about an order, and when it is so: an oracle without the worker's rules."""

import re
from collections.abc import Callable
from datetime import datetime

from shared.storage.models.orders import Order


def received(order: Order) -> int:
    payment = order.payment
    return int(payment.captured_minor + payment.manual_minor) if payment else 0


def refunded(order: Order, *statuses: str) -> int:
    return sum(int(each.amount_minor) for each in order.refunds if each.status in statuses)


def lost(order: Order) -> int:
    """What the buyer's bank took back."""
    return sum(int(each.amount_minor) for each in order.disputes if each.status == "lost")


def _is_in(*statuses: str) -> Callable[[Order, datetime], bool]:
    return lambda order, _: order.status in statuses


def _is_fully_refunded(order: Order, _: datetime) -> bool:
    return refunded(order, "succeeded") >= received(order)


def _is_paid(order: Order, _: datetime) -> bool:
    """Some money counts for the order and is neither lost nor going back."""
    if order.status not in ("paid", "partially_shipped", "shipped", "delivered"):
        return False
    if received(order):
        return received(order) > refunded(order, "succeeded", "requested") + lost(order)
    return order.payment is None or order.payment.status != "void"


def _is_under_way(order: Order, _: datetime) -> bool:
    came_back = any(step.event == "returned" and step.status == "shipped" for step in order.history)
    return order.status in ("partially_shipped", "shipped") and not came_back


def _can_be_paid(order: Order, now: datetime) -> bool:
    return order.status == "pending_payment" and order.expires_at > now


# Each sentence and the states in which it is true.
CLAIMS: dict[str, Callable[[Order, datetime], bool]] = {
    r"Thank you for your order": _is_in(
        "pending_payment", "paid", "partially_shipped", "shipped", "delivered"
    ),
    r"not paid yet": _is_in("pending_payment"),
    r"We reserve the items|Please pay before": _can_be_paid,
    r"the time to pay for it is over": lambda order, now: order.expires_at <= now,
    r"There is nothing to pay": lambda order, _: not order.totals.total_minor,
    r"is paid": _is_paid,
    r"We will write to you when it ships": _is_in("paid"),
    r"We have shipped": _is_in("shipped", "delivered"),
    r"is on its way": _is_under_way,
    r"We will write to you when the rest ships": _is_in("partially_shipped"),
    r"cannot ship a part": _is_in("paid", "partially_shipped", "shipped", "delivered"),
    r"is cancelled|was cancelled": _is_in("cancelled"),
    r"we will pay the money back": lambda order, _: (
        not received(order) or refunded(order, "succeeded") + lost(order) < received(order)
    ),
    r"has expired|did not receive a payment": _is_in("expired"),
    r"If your payment still arrives": lambda order, _: not received(order),
    r"arrived later": lambda order, _: received(order) > 0,
    r"we will pay it back to you\. ?$|later, and we will pay": lambda order, _: (
        refunded(order, "succeeded") + lost(order) < max(1, received(order))
    ),
    r"have paid it back": _is_fully_refunded,
    r"everything that you paid": _is_fully_refunded,
}


def false_claims(text: str, order: Order, now: datetime) -> list[str]:
    """The sentences in the text that are not true of the order at this moment."""
    words = " ".join(text.split())
    return [
        claim
        for claim, is_true in CLAIMS.items()
        if re.search(claim, words, re.IGNORECASE) and not is_true(order, now)
    ]
