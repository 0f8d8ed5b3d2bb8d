"""Finds contradictions inside one order: its sums, its status and its money. Pure functions.

An order is one item and is always written whole. So its attributes must agree at any moment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

AWAITS_PAYMENT = "pending_payment"
PAID_STATUSES = frozenset({"paid", "shipped", "delivered"})
CLOSED_STATUSES = frozenset({"cancelled", "expired", "refunded"})

Item = Mapping[str, Any]  # an order's stored attributes as plain Python values


def list_faults(order: Item) -> Iterator[str]:
    """One sentence for each contradiction."""
    yield from _find_faults_in_totals(order)
    yield from _find_faults_in_status(order)
    yield from _find_faults_in_money(order)


def _find_faults_in_totals(order: Item) -> Iterator[str]:
    totals, lines = order["totals"], order["lines"]
    items = sum(line["line_total_minor"] for line in lines)
    discount = sum(line.get("discount_minor", 0) for line in lines)
    if (items, discount) != (totals["items_minor"], totals["discount_minor"]):
        yield "the lines do not add up to the totals"
    tax = 0 if order.get("tax_included") else totals["tax_minor"]
    total = totals["items_minor"] - totals["discount_minor"] + totals["shipping_minor"] + tax
    if total != totals["total_minor"]:
        yield f"the total is {totals['total_minor']}, its parts add up to {total}"


def _find_faults_in_status(order: Item) -> Iterator[str]:
    status, last = order["status"], order["history"][-1]["status"]
    if status != last:
        yield f"the status is {status}, the history ends with {last}"
    if (status == AWAITS_PAYMENT) != ("awaits" in order and "expires_at" in order):
        verb = "does not expire" if status == AWAITS_PAYMENT else "still expires"
        yield f"the status is {status}, but the order {verb}"


def _find_faults_in_money(order: Item) -> Iterator[str]:
    payment, status = order.get("payment") or {}, order["status"]
    received = payment.get("captured_minor", 0) + payment.get("manual_minor", 0)
    refunded, requested = (
        sum(
            refund["amount_minor"]
            for refund in order.get("refunds", [])
            if refund["status"] in statuses
        )
        for statuses in ({"succeeded"}, {"succeeded", "requested"})
    )
    if requested > received:
        yield f"{received} was received, but {requested} is to be refunded"
    is_paid = received or payment.get("status") == "authorized"
    if status in PAID_STATUSES and order["totals"]["total_minor"] and not is_paid:
        yield f"the status is {status}, but no payment was received"
    if status in CLOSED_STATUSES and (kept := _minor_kept_by_provider(order)) > 0:
        yield f"the status is {status}, but {kept} of the captured amount is not refunded"
    if status == "refunded" and refunded < received:
        yield f"the status is refunded, but only {refunded} of {received} is refunded"


def _minor_kept_by_provider(order: Item) -> int:
    """The captured amount that no refund covers.

    Manual payments do not count: the shop owes them until staff record a manual refund.
    """
    captured = int((order.get("payment") or {}).get("captured_minor", 0))
    return captured - sum(
        int(refund["amount_minor"])
        for refund in order.get("refunds", [])
        if refund["status"] != "failed" and not refund.get("is_manual")
    )
