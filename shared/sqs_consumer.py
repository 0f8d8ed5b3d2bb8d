"""Consume a queue of domain events: a message is deleted if it succeeds, and redelivered if not."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import observability
from shared.events.all_events import AnyEvent, parse_event


class OutOfTime(Exception):
    """The function's time is nearly over. The queue redelivers the message, and work goes on."""


class UnexpectedEvent(Exception):
    """The event belongs to another queue: a rule of the event bus is wrong."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one message to one invocation."""

    receive_count: int  # how often the queue has delivered the message, this time included
    context: LambdaContext

    def require_time(self, milliseconds: int, *, progress: str) -> None:
        """Raises OutOfTime; a function that Lambda stops could not log its `progress`."""
        if self.context.get_remaining_time_in_millis() < milliseconds:
            raise OutOfTime(progress)


def consume(
    event: dict[str, Any],
    context: LambdaContext,
    handle_event: Callable[[AnyEvent, Delivery], None],
    *,
    failure_message: str,
) -> Any:
    """Handle each message of the batch; return the ids of those that failed.

    A failure is logged as `failure_message` with the name of the error alone: its text may hold
    personal data.
    """

    def handle_record(record: SQSRecord) -> None:
        try:
            domain_event = parse_event(json.loads(record.body)["detail"])
            observability.set_log_context(domain_event.correlation_id)
            receive_count = int(record.attributes.approximate_receive_count)
            handle_event(domain_event, Delivery(receive_count, context))
        except Exception as error:
            observability.logger.error(
                failure_message, sqs_message_id=record.message_id, reason=type(error).__name__
            )
            raise

    # If every message fails, the batch returns their ids as well instead of raising.
    batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event, record_handler=handle_record, processor=batch, context=context
    )
