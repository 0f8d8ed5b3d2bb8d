"""Stored orders and exports, and the worker that writes an export."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from exports.workers import write_export
from shared import clock, ids
from shared.aws import client
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order, OrderLine, OrderStep, OrderTotals, ShippingAddress
from tests.support import shop
from tests.support.http import CONTEXT, sample

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)

_numbers = count(1)


def line(sku: str = "TEA", quantity: int = 2, **changes: Any) -> OrderLine:
    return OrderLine(
        **{
            "product_id": ids.derived_id("prd", sku),
            "sku": sku,
            "name": f"The {sku}",
            "quantity": quantity,
            "unit_price_minor": 1000,
            "line_total_minor": 1000 * quantity,
            "allocations_json": {},
        }
        | changes
    )


def new_order(placed_at: datetime = OCTOBER, **changes: Any) -> Order:
    """A consistent order of two units that is not stored."""
    lines = changes.get("lines") or [line()]
    items_minor = sum(int(line.line_total_minor) for line in lines)
    return Order(
        **{
            "order_id": f"ord_{next(_numbers):06}",
            "buyer_id": "usr_ada",
            "status": "paid",
            "currency": "EUR",
            "lines": lines,
            "totals": OrderTotals(
                items_minor=items_minor,
                discount_minor=0,
                shipping_minor=0,
                tax_minor=0,
                total_minor=items_minor,
            ),
            "shipping_address": ShippingAddress(**shop.ADDRESS),
            "history": [OrderStep(status="pending_payment", at=placed_at, by="usr_ada")],
            "placed_at": placed_at,
            "placed_month": f"{placed_at:%Y-%m}",
            "fingerprint": "-",
            "version": 1,
        }
        | changes
    )


def order(placed_at: datetime = OCTOBER, **changes: Any) -> Order:
    stored = new_order(placed_at, **changes)
    stored.save()
    return stored


def export(**changes: Any) -> Export:
    """Stores an export to CSV of October's orders that usr_staff has just requested."""
    now = clock.utc_now()
    stored = Export(
        **{
            "export_id": "exp_one",
            "owner_id": "usr_staff",
            "format": "csv",
            "status": "requested",
            "placed_from": OCTOBER,
            "placed_before": NOVEMBER,
            "created_at": now,
            "expires_at": now + timedelta(days=7),
        }
        | changes
    )
    stored.save()
    return stored


def export_message(export_id: str = "exp_one", *, receives: int = 1) -> dict[str, Any]:
    event = sample("exports.write_export")
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"]["data"]["export_id"] = export_id
    record["body"] = json.dumps(body)
    record["attributes"]["ApproximateReceiveCount"] = str(receives)
    return event


def run_export_worker(
    export_id: str = "exp_one", *, receives: int = 1, milliseconds_left: int = 900_000
) -> list[str]:
    """The ids of the messages that failed. The queue delivers those again."""
    left = {"get_remaining_time_in_millis": lambda: milliseconds_left}
    answer = write_export.handler(
        export_message(export_id, receives=receives), SimpleNamespace(**vars(CONTEXT) | left)
    )
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def read_export_file(export_id: str = "exp_one") -> str:
    """The content of the file in the bucket."""
    key = Export.get(export_id).file_key
    body: bytes = client("s3").get_object(Bucket="souk-uploads", Key=key)["Body"].read()
    return body.decode()
