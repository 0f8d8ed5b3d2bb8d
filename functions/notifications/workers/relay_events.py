"""Relays events from the outbox's stream to the event bus.

If the bus refuses an event for now, the function raises, Lambda delivers the whole batch again, and
consumers drop repeats by event id. Lambda bisects the batch, and gives up a record only when it is
as old as the stream lets it become. The row is still in the outbox then, without a mark.
"""

from base64 import b64decode
from typing import Any

from notifications import publishing, sales_metrics
from shared import freeze_gc, observability

freeze_gc()


class EventsNotRelayed(Exception):
    """So many events were refused for now. Lambda delivers the batch again with all of them."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises EventsNotRelayed, and what botocore raises when the bus does not answer."""
    observability.set_log_context(context.aws_request_id)
    rows = [_read_row(record["dynamodb"]) for record in event["Records"]]
    outcome = publishing.publish_rows(rows)
    for entry in outcome.entries:  # so that the search for a request's id finds its events
        observability.logger.info("published", extra=entry.log_fields())
    observability.logger.info(
        "relayed",
        events=len(outcome.entries),
        refused=outcome.refused,
        set_aside=outcome.set_aside,
    )
    if outcome.refused:
        raise EventsNotRelayed(f"{outcome.refused} of {outcome.refused + len(outcome.entries)}")
    sales_metrics.record_sales(outcome.entries)


def _read_row(change: dict[str, Any]) -> dict[str, Any]:
    """The row as DynamoDB's client takes it."""
    image = change["Keys"] | change.get("NewImage", {})
    return {name: _decode(value) for name, value in image.items()}


def _decode(attribute: dict[str, Any]) -> dict[str, Any]:
    """An attribute of a record. Lambda's JSON has bytes in base64, which the client would not know.

    No attribute of this release has bytes. A later one may, and marking a row must keep it.
    """
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            value = b64decode(value)
        case "BS":
            value = [b64decode(item) for item in value]
        case "L":
            value = [_decode(item) for item in value]
        case "M":
            value = {name: _decode(item) for name, item in value.items()}
    return {kind: value}
