"""Picture queue -> the sizes of a picture, and its place in the list of its product.

S3 tells the queue of a file that has arrived. The API and imports send the URLs and names of
others. A picture that cannot be used fails with a reason, and its message is done. Only what may
succeed later comes again: a server that is busy, or an outage of AWS.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from pictures import service as pictures
from pictures.failures import TryLater
from shared import aws, freeze_gc, observability
from shared.config import PictureQueueSettings, settings
from shared.pictures.messages import (
    ImportedPictures,
    Message,
    PictureToFetch,
    ReceivedPicture,
    parse_body,
)

MILLISECONDS_PER_PICTURE = 30_000  # ten seconds to fetch it, and some to make its sizes

RETRY_SECONDS = 60  # until a server that was busy is asked again

freeze_gc()


class OutOfTime(Exception):
    """The function's time is nearly over. The queue repeats the message, and work goes on."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle each message; return the ids of those that the queue must repeat."""
    observability.set_log_context(context.aws_request_id)
    failures = []
    for record in event["Records"]:
        try:
            _handle_record(record, context)
        except Exception as error:  # noqa: BLE001 (one message must not fail the others)
            if isinstance(error, TryLater | OutOfTime):
                _postpone(record, RETRY_SECONDS if isinstance(error, TryLater) else 0)
            observability.logger.error(
                "picture not processed",
                sqs_message_id=record["messageId"],
                reason=type(error).__name__,
            )
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _postpone(record: dict[str, Any], seconds: int) -> None:
    """Hide the message for that time. If SQS does not answer, the queue's own time counts."""
    with suppress(BotoCoreError, ClientError):
        aws.client("sqs").change_message_visibility(
            QueueUrl=settings(PictureQueueSettings).picture_queue_url,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=seconds,
        )


def _handle_record(record: dict[str, Any], context: LambdaContext) -> None:
    attempt = int(record["attributes"]["ApproximateReceiveCount"])

    def require_time() -> None:
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_PICTURE:
            raise OutOfTime

    for message in parse_body(record["body"]):
        _handle(message, attempt, require_time)


def _handle(message: Message, attempt: int, require_time: Callable[[], None]) -> None:
    match message:
        case ReceivedPicture():
            pictures.receive_picture(message, attempt)
        case PictureToFetch():
            pictures.fetch_picture(message, attempt)
        case ImportedPictures():
            pictures.attach_pictures(message, attempt, require_time)
