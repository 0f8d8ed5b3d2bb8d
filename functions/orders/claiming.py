"""Claim queue -> a guest's orders become those of the account that has confirmed their address.

The event names the user; the address is the user's as it is now. A message may come any number of
times, and late: each run goes on with what is left, and an account that is gone, or whose address
is not confirmed, claims nothing.
"""

import json
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.guests import claims, repository
from orders.guests.repository import NotTheirs
from orders.lifecycle import service as lifecycle
from shared import events, observability, started
from shared.events import EmailChanged, EmailVerified

MILLISECONDS_NEEDED = 5_000  # for one more order; a run that is cut off all the same loses nothing

# A batch that fails as a whole is answered like any other.
_batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
started()


class NotFinished(Exception):
    """The time is up; the queue brings the message again, and the next run has less to do."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return process_partial_response(
        event=event, record_handler=_claim, processor=_batch, context=context
    )


def _claim(record: SQSRecord, lambda_context: LambdaContext) -> None:
    try:
        _claim_orders_for(_user_in(record), lambda_context)
    except Exception as error:
        observability.logger.error(
            "not claimed", sqs_message_id=record.message_id, reason=type(error).__name__
        )
        raise


def _user_in(record: SQSRecord) -> str:
    happened = events.parse(json.loads(record.body)["detail"])
    observability.correlate(happened.correlation_id)
    if not isinstance(happened, EmailVerified | EmailChanged):
        raise TypeError(f"{happened.type} is for another queue")
    return happened.data.user_id


def _claim_orders_for(user_id: str, context: LambdaContext) -> None:
    user = repository.find_user(user_id)
    if user is None or not user.email_verified:
        observability.logger.info("nobody to claim for", user_id=user_id)
        return
    email = user.email
    claimed = 0
    try:
        for order_id in repository.orders_of(email):
            if context.get_remaining_time_in_millis() < MILLISECONDS_NEEDED:
                raise NotFinished(f"{claimed} orders claimed in this run")
            _claim_order(order_id, user_id, email)
            claimed += 1
    except NotTheirs:
        observability.logger.info("not theirs any more", user_id=user_id)
    if claimed:
        observability.audit("claim_orders", "done", user_id=user_id, orders=str(claimed))


def _claim_order(order_id: str, user_id: str, email: str) -> None:
    lifecycle.change(
        order_id,
        partial(claims.claim, user_id=user_id, email=email),
        also=partial(repository.require_still_theirs, user_id, email),
    )
