"""Queues of events: each message is one that has happened, and is done with or comes again."""

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


class NotFinished(Exception):
    """The time is up; the queue brings the message again, and the next run has less to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a message's handler may have to know of how it came."""

    receives: int  # so often has the message come
    context: LambdaContext

    def require_time(self, milliseconds: int, *, done: str) -> None:
        """Raises NotFinished: a run that is cut off loses nothing, but says nothing either."""
        if self.context.get_remaining_time_in_millis() < milliseconds:
            raise NotFinished(f"{done} in this run")


def consume(
    event: dict[str, Any],
    context: LambdaContext,
    act: Callable[[AnyEvent, Run], None],
    *,
    failing: str,
) -> Any:
    """Have each message's event acted on; answers with the messages that failed.

    What fails is logged as `failing`, by name alone: its message may hold what no log should.
    """

    def hear(record: SQSRecord) -> None:
        try:
            happened = parse_event(json.loads(record.body)["detail"])
            observability.set_log_context(happened.correlation_id)
            act(happened, Run(int(record.attributes.approximate_receive_count), context))
        except Exception as error:
            observability.logger.error(
                failing, sqs_message_id=record.message_id, reason=type(error).__name__
            )
            raise

    # A batch that fails as a whole is answered like any other.
    batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event, record_handler=hear, processor=batch, context=context
    )


def misrouted(happened: AnyEvent) -> TypeError:
    """What a consumer raises for an event that it does not know."""
    return TypeError(f"{happened.type} is for another queue")
