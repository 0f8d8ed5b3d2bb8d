"""Has the listings and the words of search made anew, product by product, by the index's worker."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from local.targets import OperationFailed, Target
from shared.events.catalog import ProductUpdated, ProductUpdatedData

MESSAGES_MAX = 10  # SQS's limit on one SendMessageBatch
NO_PRODUCT = "prd_none"  # the worker finds nothing by it
CORRELATION_ID = "reindex"  # on the lines that the worker logs about it


def reindex(shop: Target) -> str:
    """Puts a message for every product and group into the queue that product events come through.

    Raises OperationFailed when SQS refuses some: to run it once more does no harm.
    """
    sqs, queue = shop.client("sqs"), shop.physical_id("CatalogIndexQueue")
    changes, queued = _changes(shop), 0
    while batch := list(islice(changes, MESSAGES_MAX)):
        entries = [
            {"Id": str(number), "MessageBody": _message(change)}
            for number, change in enumerate(batch)
        ]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if refused := answer.get("Failed"):
            raise OperationFailed(f"SQS took {queued} products and then {refused[0]['Code']}.")
        queued += len(batch)
    return f"{queued} products and groups are being indexed anew: shoppers see it as it comes."


def _changes(shop: Target) -> Iterator[ProductUpdatedData]:
    """Of every product; and of every group, for one that all have left may be listed still."""
    for item in _all(shop, "ProductsTable", "product_id", "sku", "group"):
        yield ProductUpdatedData(
            product_id=item["product_id"]["S"],
            sku=item["sku"]["S"],
            group=_text(item.get("group")),
            changed=[],
        )
    for item in _all(shop, "GroupsTable", "group"):
        yield ProductUpdatedData(
            product_id=NO_PRODUCT, sku="", group=item["group"]["S"], changed=[]
        )


def _all(shop: Target, table: str, *attributes: str) -> Iterator[dict[str, Any]]:
    names = {f"#{attribute}": attribute for attribute in attributes}
    pages = (
        shop.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=shop.physical_id(table),
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    )
    for page in pages:
        yield from page["Items"]


def _text(attribute: dict[str, Any] | None) -> str | None:
    return None if attribute is None else attribute.get("S")


def _message(change: ProductUpdatedData) -> str:
    """In the form that EventBridge gives an event."""
    event = ProductUpdated(data=change, correlation_id=CORRELATION_ID)
    return json.dumps(
        {"source": "souk", "detail-type": event.type, "detail": event.model_dump(mode="json")}
    )
