"""Erasure queue -> orders without their buyer's address, once the buyer's account is deleted.

The orders themselves stay: the shop must keep its books. What is left of the buyer is an id that
no account has. What is not paid is cancelled, and what is paid keeps its address until it is sent.
A message may come any number of times: each run goes on with what is left.
"""

import json
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import repository
from orders.lifecycle import decisions
from orders.lifecycle.service import carry_out
from shared import events, observability, started
from shared.errors import OrderNotFound
from shared.events import UserDeleted

MILLISECONDS_NEEDED = 5_000  # for one more order; a run that is cut off all the same loses nothing

# A batch that fails as a whole is answered like any other.
_batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
started()


class NotFinished(Exception):
    """The time is up; the queue brings the message again, and the next run has less to do."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return process_partial_response(
        event=event, record_handler=_erase, processor=_batch, context=context
    )


def _erase(record: SQSRecord, lambda_context: LambdaContext) -> None:
    try:
        _erase_orders_of(_deleted_in(record), lambda_context)
    except Exception as error:
        observability.logger.error(
            "not erased", sqs_message_id=record.message_id, reason=type(error).__name__
        )
        raise


def _deleted_in(record: SQSRecord) -> UserDeleted:
    happened = events.parse(json.loads(record.body)["detail"])
    observability.correlate(happened.correlation_id)
    if not isinstance(happened, UserDeleted):
        raise TypeError(f"{happened.type} is for another queue")
    return happened


def _erase_orders_of(deleted: UserDeleted, context: LambdaContext) -> None:
    erased = 0
    for order in repository.not_erased(deleted.data.user_id):
        if context.get_remaining_time_in_millis() < MILLISECONDS_NEEDED:
            raise NotFinished(f"{erased} orders erased in this run")
        erased += _erase_order(order.order_id)
    observability.audit("erase_orders", "done", user_id=deleted.data.user_id, orders=str(erased))


def _erase_order(order_id: str) -> bool:
    """Whether there was something left to do: the index may lag."""
    try:
        return carry_out(order_id, decisions.erase).is_new
    except OrderNotFound:
        return False
