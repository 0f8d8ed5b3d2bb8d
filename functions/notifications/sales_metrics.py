"""Counts orders and revenue for the dashboard (template.yaml), in the log line of each batch.

CloudWatch reads metrics from lines in its embedded metric format (EMF). So they cost no call, and
one metric for orders and one for each currency in use. They are counted when events leave the
outbox. A batch that Lambda delivers again is counted once, unless the function was stopped before
it answered: good enough for a chart. The books are the orders themselves.
"""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from notifications.publishing import Entry
from shared import clock, observability
from shared.config import MetricsSettings, settings
from shared.money import Money

_namespace = settings(MetricsSettings).metrics_namespace


def record_sales(entries: Iterable[Entry]) -> None:
    """Log one line for the orders that were placed, and one for each currency that was paid."""
    placed = 0
    paid: Counter[str] = Counter()  # minor units by currency
    for entry in entries:
        if entry.detail_type == "order.placed":
            placed += 1
        elif entry.detail_type == "order.paid" and (total := _find_total(entry)):
            paid[total.currency] += total.amount_minor
    if placed:
        _record("OrdersPlaced", placed, "Count")
    for currency, amount_minor in paid.items():
        total = Money.model_construct(amount_minor=amount_minor, currency=currency)
        _record("Revenue", total.in_major_units(), "None", currency=currency)


def _find_total(entry: Entry) -> Money | None:
    """None for an event that another release wrote otherwise: a metric must not stop the relay."""
    try:
        return Money.model_validate(json.loads(entry.detail)["data"]["total"])
    except (KeyError, TypeError, ValueError) as error:
        observability.logger.warning(
            "revenue not counted", event_id=entry.event_id, reason=type(error).__name__
        )
        return None


def _record(name: str, value: int | Decimal, unit: str, **dimensions: str) -> None:
    description: dict[str, Any] = {
        "Namespace": _namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    observability.logger.info(
        "sales",
        extra={
            "_aws": {
                "Timestamp": int(clock.utc_now().timestamp() * 1000),
                "CloudWatchMetrics": [description],
            },
            name: float(value),
            **dimensions,
        },
    )
