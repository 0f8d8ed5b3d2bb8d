"""Export queue -> write an export's file in the bucket, and record the progress.

The one worker of all kinds of exports: each kind's own service writes its rows, in batches, and is
imported when an export of that kind comes. The file is uploaded in parts, so the worker's memory
does not grow with it.

Repeat: a finished export stays as it is, and an interrupted run starts over; if two runs write the
same export, one stops. Failure: the queue redelivers the message; the last attempt marks the export
as failed.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import clock, freeze_gc, observability, sqs_consumer
from shared.events.all_events import AnyEvent
from shared.events.orders import ExportRequested
from shared.exports import repository
from shared.exports.repository import ExportConflict
from shared.exports.service import CONTENT_TYPES
from shared.sqs_consumer import Delivery, UnexpectedEvent
from shared.storage import multipart
from shared.storage.models.exports import PRODUCTS, Export
from shared.storage.multipart import MultipartFile

KEY_PREFIX = "exports/"
RECEIVE_COUNT_MAX = 5  # the queue's maxReceiveCount (template.yaml)
MILLISECONDS_TO_FINISH = 30_000  # for one more batch, the last part and the completion
PROGRESS_INTERVAL = timedelta(seconds=3)

# Writes the rows of an export in batches, and yields the number of orders or products in each.
WriteRows = Callable[[Export, MultipartFile], Generator[int]]

freeze_gc()


class FileTooLarge(Exception):
    """The file does not fit into one run; another run would get no further."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(event, context, _handle_event, failure_message="export not written")


def _handle_event(event: AnyEvent, delivery: Delivery) -> None:
    if not isinstance(event, ExportRequested):
        raise UnexpectedEvent(event.type)
    export_id = event.data.export_id
    try:
        export = repository.start_export(export_id)
        _run_export(export, delivery)
    except ExportConflict as conflict:
        if repository.find_export(export_id) is None:
            sqs_consumer.require_settled(event)
        observability.logger.info("export skipped", export_id=export_id, reason=str(conflict))


def _run_export(export: Export, delivery: Delivery) -> None:
    """Raises ExportConflict, and any error after which the queue must redeliver the message."""
    try:
        _write_file(export, delivery.context)
    except FileTooLarge:
        _fail_export(export, "out_of_time")
    except ExportConflict:
        raise
    except Exception as error:
        if delivery.receive_count >= RECEIVE_COUNT_MAX:
            _fail_export(export, type(error).__name__)
        raise


def _fail_export(export: Export, reason: str) -> None:
    """Raises ExportConflict."""
    repository.fail_export(export)
    observability.logger.error("export failed", export_id=export.export_id, reason=reason)


def _write_file(export: Export, context: LambdaContext) -> None:
    """Raises FileTooLarge and ExportConflict."""
    key = f"{KEY_PREFIX}{export.export_id}/{export.kind}.{export.extension}"
    write_rows = _import_writer(export.kind)
    written, recorded_at = 0, clock.utc_now()
    content_type = CONTENT_TYPES[export.extension]
    with (
        multipart.open_file(key, content_type=content_type) as file,
        closing(write_rows(export, file)) as counts,  # closed before the upload is aborted
    ):
        for count in counts:
            written += count
            if context.get_remaining_time_in_millis() < MILLISECONDS_TO_FINISH:
                raise FileTooLarge
            if clock.utc_now() - recorded_at >= PROGRESS_INTERVAL:
                repository.record_progress(export, written)
                recorded_at = clock.utc_now()
    repository.complete_export(export, written, key)
    observability.logger.info("export completed", export_id=export.export_id, written=written)


def _import_writer(kind: str) -> WriteRows:
    if kind == PRODUCTS:
        from files.exports.product_files import write_products  # noqa: PLC0415 (its kind alone)

        return write_products
    from orders.exports.service import write_orders  # noqa: PLC0415 (its kind alone)

    return write_orders
