"""Has the payment sweep look at overdue orders that an older version of the shop wrote.

Orders carry a mark while the payment provider has something left to do
(`orders.lifecycle.open_requests`). The sweep reads the marks alone, so it does not see an order
that lacks one.
"""

from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from local import order_checks
from local.targets import TIME_FORMAT, Target, scan_items
from shared import clock

SETTLEMENT_OPEN = "open"  # shared.storage.models.orders, which reads the environment
ATTRIBUTES = ("order_id", "status", "history", "payment", "refunds", "version")


def mark_overdue_orders(shop: Target) -> str:
    """Marks each order that `make verify` reports as overdue. Changes nothing else of it.

    Also an order whose refund is pending at the provider: nobody else asks what became of it.
    """
    now, deserializer, marked = clock.utc_now(), TypeDeserializer(), 0
    for item in scan_items(shop, "OrdersTable", *ATTRIBUTES):
        order = deserializer.deserialize({"M": item})
        if _needs_mark(order, now):
            marked += _mark(shop, order, now)
    return f"{marked} orders are due. The sweep settles them within 15 minutes."


def _needs_mark(order: dict[str, Any], now: datetime) -> bool:
    limit = order_checks.OVERDUE_AFTER
    try:
        return any(order_checks.find_overdue(order, now, pending_limit=limit))
    except order_checks.UNREADABLE:  # `make verify` names it
        return False


def _mark(shop: Target, order: dict[str, Any], now: datetime) -> bool:
    """False if somebody changed the order since it was read: then it has its mark."""
    try:
        shop.client("dynamodb").update_item(
            TableName=shop.physical_id("OrdersTable"),
            Key={"order_id": {"S": order["order_id"]}},
            UpdateExpression="SET settlement = :open, settlement_due_at = :now",
            ConditionExpression="version = :version",
            ExpressionAttributeValues={
                ":open": {"S": SETTLEMENT_OPEN},
                ":now": {"S": now.strftime(TIME_FORMAT)},
                ":version": {"N": str(order["version"])},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
