"""Finds contradictions inside one order, and money that waits for too long. Pure functions.

An order is one item and is always written whole. So its attributes must agree at any moment. What
the payment provider must still do is no contradiction, until it is overdue.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from local.reconciliation_store import promotion_key

AWAITS_PAYMENT = "pending_payment"
UNTRACKED = "untracked"  # a line whose units are not counted
PAID_STATUSES = frozenset({"paid", "partially_shipped", "shipped", "delivered"})
SHIPPED_STATUSES = frozenset({"partially_shipped", "shipped", "delivered"})
OPEN_STATUSES = frozenset({"pending_payment", "paid", "partially_shipped"})
STATUSES_WITHOUT_PROMOTION_USE = frozenset({"cancelled", "expired"})
CLOSED_STATUSES = frozenset({"cancelled", "expired", "refunded"})
MADE_AT_PROVIDER = "by_provider"  # the reason of a refund from the provider's dashboard
DISPUTES_WITHOUT_LOSS = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)

# Longer than the queue's tries and two runs of the sweep.
OVERDUE_AFTER = timedelta(hours=1)
# Some payment methods take ten working days to refund.
PENDING_REFUND_OVERDUE_AFTER = timedelta(days=14)

Item = Mapping[str, Any]  # an order's stored attributes as plain Python values
# What these functions raise for an item that lacks an attribute, or has one of another type.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def list_faults(order: Item, now: datetime) -> Iterator[str]:
    """One sentence for each contradiction, and for each thing that is overdue."""
    yield from _find_faults_in_totals(order)
    yield from _find_faults_in_status(order)
    yield from _find_faults_in_units(order)
    yield from _find_faults_in_money(order, now)
    yield from (f"{what} {_age(now - since)} ago" for what, since in find_overdue(order, now))


def find_overdue(
    order: Item, now: datetime, *, pending_limit: timedelta = PENDING_REFUND_OVERDUE_AFTER
) -> Iterator[tuple[str, datetime]]:
    """What the payment provider should have done by now, with the time when it became due.

    `pending_limit` is for refunds that are pending at the provider.
    """
    for refund in order.get("refunds", []):
        since, is_pending = _time(refund["at"]), bool(refund.get("provider_refund_id"))
        limit = pending_limit if is_pending else OVERDUE_AFTER
        if refund["status"] == "requested" and now - since > limit:
            problem = "is still pending there" if is_pending else "never reached the provider"
            yield f"a refund of {refund['amount_minor']} {problem}; requested", since
    payment, status = order.get("payment") or {}, order["status"]
    since = _status_since(order)
    if payment.get("status") not in ("started", "authorized") or now - since <= OVERDUE_AFTER:
        return
    if status in CLOSED_STATUSES:
        yield f"the order is {status}, but its payment is still {payment['status']}; ended", since
    elif payment.get("manual_minor"):
        yield f"staff received the money, but a payment is {payment['status']}; paid", since
    elif status in SHIPPED_STATUSES and payment["status"] == "authorized":
        yield f"the order is {status}, but its payment is only authorized; shipped", since


def list_sums(order: Item) -> Iterator[tuple[str, int, int]]:
    """The units that the order took, and the promotion uses that it counts as."""
    for line in order["lines"]:
        if line.get("stock_policy") == UNTRACKED:
            continue
        kept = int(line["quantity"] - line.get("returned", 0))
        yield line["product_id"], -kept, sum(json.loads(line.get("allocations", "{}")).values())
    promotion = order.get("promotion")
    if promotion and order["status"] not in STATUSES_WITHOUT_PROMOTION_USE:
        if promotion.get("is_counted"):
            yield promotion_key(promotion["code"], None), 1, 0
        if promotion.get("counted_for"):
            yield promotion_key(promotion["code"], promotion["counted_for"]), 1, 0


def _find_faults_in_totals(order: Item) -> Iterator[str]:
    totals = order["totals"]
    items, discount = (_sum_of(order, name) for name in ("line_total_minor", "discount_minor"))
    if (items, discount) != (totals["items_minor"], totals["discount_minor"]):
        yield "the lines do not add up to the totals"
    tax = 0 if order.get("tax_included") else totals["tax_minor"]
    total = totals["items_minor"] - totals["discount_minor"] + totals["shipping_minor"] + tax
    if total != totals["total_minor"]:
        yield f"the total is {totals['total_minor']}, its parts add up to {total}"
    yield from _find_faults_in_taxes(order)


def _find_faults_in_taxes(order: Item) -> Iterator[str]:
    """Of an order from before each tax was stored, only their sum is known."""
    totals = order["totals"]
    if "shipping_tax_minor" not in totals:
        return
    for part in (totals, *order["lines"]):
        if sum(tax["amount_minor"] for tax in part.get("taxes", [])) != part["tax_minor"]:
            yield f"the taxes do not add up to {part['tax_minor']}"
    if totals["tax_minor"] != totals["shipping_tax_minor"] + _sum_of(order, "tax_minor"):
        yield "the taxes of the lines and of shipping do not add up to the total's"


def _sum_of(order: Item, name: str) -> int:
    return sum(int(line.get(name, 0)) for line in order["lines"])


def _find_faults_in_status(order: Item) -> Iterator[str]:
    status, last = order["status"], order["history"][-1]["status"]
    if status != last:
        yield f"the status is {status}, the history ends with {last}"
    if (status == AWAITS_PAYMENT) != ("awaits" in order and "expires_at" in order):
        verb = "does not expire" if status == AWAITS_PAYMENT else "still expires"
        yield f"the status is {status}, but the order {verb}"


def _find_faults_in_units(order: Item) -> Iterator[str]:
    """Of each line, the shipped, cancelled and allocated units are the ordered ones.

    Orders that older releases shipped have no parcels, and count nothing.
    """
    shipped: Counter[str] = Counter()
    for parcel in order.get("shipments", []):
        shipped.update(json.loads(parcel["quantities"]))
    for line in order["lines"]:
        if "cancelled" not in line:
            continue
        product_id, ordered = line["product_id"], line["quantity"]
        is_open = order["status"] in OPEN_STATUSES
        allocated = sum(json.loads(line.get("allocations", "{}")).values())
        counted = shipped[product_id] + line["cancelled"] + allocated
        is_uncounted = line.get("stock_policy") == UNTRACKED and is_open
        if counted > ordered or (counted < ordered and not is_uncounted):
            yield f"{counted} of {ordered} units of {product_id} are shipped, cancelled or open"
        if allocated and not is_open:
            yield f"the status is {order['status']}, but {allocated} of {product_id} are open"
    if _sum_cancelled(order) > order["totals"]["total_minor"]:
        yield "the cancelled units cost more than the order"


def _sum_cancelled(order: Item) -> int:
    return sum(int(each["amount_minor"]) for each in order.get("cancellations", []))


def _find_faults_in_money(order: Item, now: datetime) -> Iterator[str]:
    payment, status = order.get("payment") or {}, order["status"]
    received = refunded = 0
    for is_manual, name in ((False, "captured_minor"), (True, "manual_minor")):
        of_channel = [
            refund
            for refund in order.get("refunds", [])
            if bool(refund.get("is_manual")) is is_manual
        ]
        received_by_it = payment.get(name, 0)
        yield from _find_excess(received_by_it, of_channel, now)
        received += received_by_it
        refunded += min(received_by_it, _sum(of_channel, {"succeeded"}))
    is_paid = received or payment.get("status") == "authorized"
    due = order["totals"]["total_minor"] - _sum_cancelled(order)
    if status in PAID_STATUSES and due and not is_paid:
        yield f"the status is {status}, but no payment was received"
    if status in CLOSED_STATUSES and (kept := _minor_kept_by_provider(order)) > 0:
        yield f"the status is {status}, but {kept} of the captured amount is not refunded"
    if status == "refunded" and refunded < received:
        yield f"the status is refunded, but only {refunded} of {received} is refunded"


def _find_excess(received: int, refunds: list[Item], now: datetime) -> Iterator[str]:
    """Of one channel: what the provider captured, or what staff received.

    A refund made in the provider's dashboard may cross with one of ours: the provider then refuses
    ours, and the worker requests the rest.
    """
    ours = [refund for refund in refunds if refund.get("reason") != MADE_AT_PROVIDER]
    refunded, requested = _sum(refunds, {"succeeded"}), _sum(ours, {"succeeded", "requested"})
    if refunded > received:
        age = _age(now - max(_time(refund["at"]) for refund in refunds))
        yield f"{refunded} was refunded, but only {received} was received; last {age} ago"
    elif requested > received:
        yield f"{received} was received, but {requested} is to be refunded"


def _sum(refunds: list[Item], statuses: set[str]) -> int:
    return sum(refund["amount_minor"] for refund in refunds if refund["status"] in statuses)


def _minor_kept_by_provider(order: Item) -> int:
    """The captured amount that no refund covers, and that no dispute took.

    Manual payments do not count: the shop owes them until staff record a manual refund.
    """
    captured = int((order.get("payment") or {}).get("captured_minor", 0))
    refunded = sum(
        int(refund["amount_minor"])
        for refund in order.get("refunds", [])
        if refund["status"] != "failed" and not refund.get("is_manual")
    )
    disputed = sum(
        int(dispute["amount_minor"])
        for dispute in order.get("disputes", [])
        if dispute["status"] not in DISPUTES_WITHOUT_LOSS
    )
    return captured - refunded - disputed


def _status_since(order: Item) -> datetime:
    """When the order got its status. A shipped order's payment is due since its first parcel."""
    steps = [step for step in order["history"] if not step.get("event")]
    shipped = [step for step in steps if step["status"] in ("partially_shipped", "shipped")][:1]
    is_shipped = order["status"] in SHIPPED_STATUSES and shipped
    return _time((shipped if is_shipped else steps)[-1]["at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} h"  # noqa: PLR2004 (two days)
