"""Rebuilds the listings and the search index: sends every product to the index worker again."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from local.targets import OperationFailed, Target, scan_items
from shared import ids
from shared.events.catalog import ProductUpdated, ProductUpdatedData

MESSAGES_MAX = 10  # SQS's limit for one SendMessageBatch
NO_PRODUCT = "prd_none"  # an id that no product has; the worker finds nothing to list


def reindex(shop: Target) -> str:
    """Puts one message for each product and each group into the queue of product events.

    Raises OperationFailed when SQS refuses a message. It is safe to run again.
    """
    sqs, queue = shop.client("sqs"), shop.physical_id("CatalogIndexQueue")
    run_id = ids.new_id("run")  # in the worker's log lines about these messages
    changes, queued = _list_changes(shop), 0
    while batch := list(islice(changes, MESSAGES_MAX)):
        entries = [
            {"Id": str(number), "MessageBody": to_message(change, run_id)}
            for number, change in enumerate(batch)
        ]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if refused := answer.get("Failed"):
            raise OperationFailed(
                f"SQS refused a message ({refused[0]['Code']}) after {queued} products and groups. "
                "Run `make reindex` again."
            )
        queued += len(batch)
    return (
        f"{queued} products and groups are queued for indexing. "
        "Listings and search show the result as the worker goes on. Its log lines have the id "
        f"{run_id}."
    )


def _list_changes(shop: Target) -> Iterator[ProductUpdatedData]:
    """Every product, then every group: a group without products may still be in the listings."""
    for item in scan_items(shop, "ProductsTable", "product_id", "sku", "group"):
        yield ProductUpdatedData(
            product_id=item["product_id"]["S"],
            sku=item["sku"]["S"],
            group=_text(item.get("group")),
            changed=[],
        )
    for item in scan_items(shop, "GroupsTable", "group"):
        yield ProductUpdatedData(
            product_id=NO_PRODUCT, sku="", group=item["group"]["S"], changed=[]
        )


def _text(attribute: dict[str, Any] | None) -> str | None:
    return None if attribute is None else attribute.get("S")


def to_message(change: ProductUpdatedData, run_id: str) -> str:
    """An SQS message as EventBridge writes it."""
    event = ProductUpdated(data=change, correlation_id=run_id)
    return json.dumps(
        {"source": "souk", "detail-type": event.type, "detail": event.model_dump(mode="json")}
    )
