"""Export queue -> a file of orders in the bucket, and word of how far it has come.

The orders are read a hundred at a time and sent to S3 a part at a time, so that no file is too
large. A message may come any number of times: a run that was cut off is begun anew, a finished
export is left alone, and of two runs at once one stops.
"""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.exports import file_formats, multipart, repository
from orders.exports.repository import ExportedElsewhere
from shared import clock, freeze_gc, observability, sqs_consumer
from shared.events.all_events import AnyEvent
from shared.events.orders import ExportRequested
from shared.sqs_consumer import Run
from shared.storage.models.exports import Export

KEY_PREFIX = "exports/"
RECEIVES_MAX = 5  # then the queue gives the message up
MILLISECONDS_NEEDED = 30_000  # for one more page, the last part and the whole
PROGRESS_EVERY = timedelta(seconds=3)

freeze_gc()


class OutOfTime(Exception):
    """The file is too long for one run; another would come no further."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return sqs_consumer.consume(event, context, _export, failing="not exported")


def _export(happened: AnyEvent, run: Run) -> None:
    if not isinstance(happened, ExportRequested):
        raise sqs_consumer.misrouted(happened)
    export_id = happened.data.export_id
    try:
        export = repository.begin(export_id)
        _run(export, run.context, is_last_try=run.receives >= RECEIVES_MAX)
    except ExportedElsewhere as reason:
        observability.logger.info("skipped", export_id=export_id, reason=str(reason))


def _run(export: Export, context: LambdaContext, *, is_last_try: bool) -> None:
    """Raises what the queue is to try again, and ExportedElsewhere."""
    try:
        _write(export, context)
    except OutOfTime:
        _fail(export, "out_of_time")
    except Exception as error:
        if is_last_try:  # which is refused where another run has got ahead
            _fail(export, type(error).__name__)
        raise


def _fail(export: Export, reason: str) -> None:
    repository.fail(export)
    observability.logger.error("export failed", export_id=export.export_id, reason=reason)


def _write(export: Export, context: LambdaContext) -> None:
    """Raises OutOfTime and ExportedElsewhere."""
    key = f"{KEY_PREFIX}{export.export_id}/orders.{export.format}"
    orders, told_at = 0, clock.utc_now()
    with multipart.writing(key, content_type=file_formats.CONTENT_TYPES[export.format]) as file:
        file.write(file_formats.opening(export.format))
        for page in repository.pages(export):
            if context.get_remaining_time_in_millis() < MILLISECONDS_NEEDED:
                raise OutOfTime(f"{orders} orders written in this run")
            for order in page:
                file.write(file_formats.text_of(order, export.format))
            orders += len(page)
            if clock.utc_now() - told_at >= PROGRESS_EVERY:
                repository.progress(export, orders)
                told_at = clock.utc_now()
    repository.complete(export, orders, key)
    observability.logger.info("exported", export_id=export.export_id, orders=orders)
