"""What is wrong with an order by itself: its sums, its status, and the money it says it has. Pure.

Each order is one item, written whole: so what an item says at any moment must agree with itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

AWAITS_PAYMENT = "pending_payment"
PAID_FOR = frozenset({"paid", "shipped", "delivered"})
FINISHED = frozenset({"cancelled", "expired", "refunded"})

Item = Mapping[str, Any]  # as it is stored, without DynamoDB's types


def faults(order: Item) -> Iterator[str]:
    yield from _of_totals(order)
    yield from _of_status(order)
    yield from _of_money(order)


def _of_totals(order: Item) -> Iterator[str]:
    totals, lines = order["totals"], order["lines"]
    items = sum(line["line_total_minor"] for line in lines)
    discount = sum(line.get("discount_minor", 0) for line in lines)
    if (items, discount) != (totals["items_minor"], totals["discount_minor"]):
        yield "its lines do not add up to its totals"
    tax = 0 if order.get("tax_included") else totals["tax_minor"]
    total = totals["items_minor"] - totals["discount_minor"] + totals["shipping_minor"] + tax
    if total != totals["total_minor"]:
        yield f"its total is {totals['total_minor']}, its parts make {total}"


def _of_status(order: Item) -> Iterator[str]:
    status, last = order["status"], order["history"][-1]["status"]
    if status != last:
        yield f"it is {status}, its history ends with {last}"
    if (status == AWAITS_PAYMENT) != ("awaits" in order and "expires_at" in order):
        yield f"it is {status}, and would {'not ' if status == AWAITS_PAYMENT else ''}expire"


def _of_money(order: Item) -> Iterator[str]:
    payment, status = order.get("payment") or {}, order["status"]
    received = payment.get("captured_minor", 0) + payment.get("manual_minor", 0)
    paid_back, asked_back = (
        sum(it["amount_minor"] for it in order.get("refunds", []) if it["status"] in statuses)
        for statuses in ({"succeeded"}, {"succeeded", "requested"})
    )
    if asked_back > received:
        yield f"{received} was received, {asked_back} is to be paid back"
    is_expected = received or payment.get("status") == "authorized"
    if status in PAID_FOR and order["totals"]["total_minor"] and not is_expected:
        yield f"it is {status}, and nothing was received"
    if status in FINISHED and (kept := _kept_by_provider(order)) > 0:
        yield f"it is {status}, and {kept} of what was received is kept"
    if status == "refunded" and paid_back < received:
        yield f"it is refunded, and {paid_back} of {received} is paid back"


def _kept_by_provider(order: Item) -> int:
    """What was paid by hand is owed until staff enter that it is paid back: that is no fault."""
    captured = int((order.get("payment") or {}).get("captured_minor", 0))
    return captured - sum(
        int(it["amount_minor"])
        for it in order.get("refunds", [])
        if it["status"] != "failed" and not it.get("is_manual")
    )
