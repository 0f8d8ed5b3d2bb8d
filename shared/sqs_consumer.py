"""Consume a queue of domain events: a message is deleted if it succeeds, and redelivered if not."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from shared import aws, clock, observability
from shared.events.all_events import AnyEvent, parse_event
from shared.records import Record

# A stream has a record within a second of its transaction (AWS states no limit).
SETTLING_TIME = timedelta(minutes=1)
SEND_DELAY_SECONDS_MAX = 900  # SQS allows no more
# Seconds until each redelivery of what may succeed later, 13 hours in all. After these, the queue's
# own time counts. SQS allows 12 hours since the message was received.
RETRY_DELAYS = (60, 600, 6_000, 39_600)


class OutOfTime(Exception):
    """The function's time is nearly over. The queue redelivers the message, and work goes on."""


class UnexpectedEvent(Exception):
    """The event belongs to another queue: a rule of the event bus is wrong."""


class NotVisibleYet(Exception):
    """What the event is about is missing, or older than the event. The queue redelivers it."""


class Delivery(Record):
    """The delivery of one message to one invocation."""

    receive_count: int  # how often the queue has delivered the message, this time included
    context: LambdaContext
    record: SQSRecord

    def require_time(self, milliseconds: int, *, progress: str) -> None:
        """Raises OutOfTime; a function that Lambda stops could not log its `progress`."""
        if self.context.get_remaining_time_in_millis() < milliseconds:
            raise OutOfTime(progress)

    def send_later(self, queue: str, seconds: int) -> None:
        """Send the message to a queue of this account, which delivers it after SQS's longest delay
        at the latest. There it is a new message. Raises botocore's errors.
        """
        aws.client("sqs").send_message(
            QueueUrl=_queue_url(self.record, queue),
            MessageBody=self.record.body,
            DelaySeconds=min(seconds, SEND_DELAY_SECONDS_MAX),
        )


def require_settled(event: AnyEvent) -> None:
    """Call this before an event counts as done because an item is missing.

    DynamoDB delivers a transaction to its streams piece by piece, and promises no order. So only an
    event that is SETTLING_TIME old proves that the item is gone. Raises NotVisibleYet.
    """
    if clock.utc_now() - event.occurred_at < SETTLING_TIME:
        raise NotVisibleYet


def consume(
    event: dict[str, Any],
    context: LambdaContext,
    handle_event: Callable[[AnyEvent, Delivery], None],
    *,
    failure_message: str,
    is_transient: Callable[[Exception], bool] = lambda _: False,
) -> Any:
    """Handle each message of the batch; return the ids of those that failed.

    A failure is logged as `failure_message` with the name of the error alone: its text may hold
    personal data. After an error that `is_transient`, each redelivery waits longer; the function's
    role needs sqs:ChangeMessageVisibility.
    """

    def handle_record(record: SQSRecord) -> None:
        receive_count = int(record.attributes.approximate_receive_count)
        observability.set_log_context(context.aws_request_id)  # until the event is read
        try:
            domain_event = _parse(record.body)
            observability.set_log_context(domain_event.correlation_id)
            handle_event(domain_event, Delivery(receive_count, context, record))
            observability.logger.info(
                "handled", event_id=domain_event.id, event_type=domain_event.type
            )
        except Exception as error:
            observability.logger.error(
                failure_message, sqs_message_id=record.message_id, reason=type(error).__name__
            )
            if is_transient(error) and receive_count <= len(RETRY_DELAYS):
                _postpone(record, RETRY_DELAYS[receive_count - 1])
            raise

    # If every message fails, the batch returns their ids as well instead of raising.
    batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event, record_handler=handle_record, processor=batch, context=context
    )


def _parse(body: str) -> AnyEvent:
    """Raises ValueError, KeyError and TypeError for a message that no event is in."""
    detail = json.loads(body)["detail"]
    if detail["id"] is None:  # the model would fill in another id at each delivery
        raise ValueError("the event has no id")
    return parse_event(detail)


def _postpone(record: SQSRecord, seconds: int) -> None:
    """Hide the message for that time. If SQS does not answer, the queue's own time counts."""
    try:
        aws.client("sqs").change_message_visibility(
            QueueUrl=_queue_url(record, record.event_source_arn.rpartition(":")[2]),
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=seconds,
        )
    except (BotoCoreError, ClientError) as error:
        observability.logger.warning(
            "message not postponed",
            sqs_message_id=record.message_id,
            reason=type(error).__name__,
        )


def _queue_url(record: SQSRecord, queue: str) -> str:
    """The address of a queue in the account that the message came from."""
    account = record.event_source_arn.split(":")[-2]
    return f"{aws.client('sqs').meta.endpoint_url}/{account}/{queue}"
