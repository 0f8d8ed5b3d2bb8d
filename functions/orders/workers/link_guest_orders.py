"""Claim queue -> a guest's orders become those of the account that has confirmed their address.

The event names the user; the address is the user's as it is now. A message may come any number of
times, and late: each run goes on with what is left, and an account that is gone, or whose address
is not confirmed, claims nothing.
"""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.guests import repository
from orders.guests.repository import EmailNotOwned
from orders.lifecycle import decisions
from orders.lifecycle import service as lifecycle
from shared import freeze_gc, observability, sqs_consumer
from shared.events.accounts import EmailChanged, EmailVerified
from shared.events.all_events import AnyEvent
from shared.sqs_consumer import Run

MILLISECONDS_NEEDED = 5_000  # for one more order

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return sqs_consumer.consume(event, context, _claim_orders, failing="not claimed")


def _claim_orders(happened: AnyEvent, run: Run) -> None:
    if not isinstance(happened, EmailVerified | EmailChanged):
        raise sqs_consumer.misrouted(happened)
    user_id = happened.data.user_id
    user = repository.find_user(user_id)
    if user is None or not user.email_verified:
        observability.logger.info("nobody to claim for", user_id=user_id)
        return
    email = user.email
    claimed = 0
    try:
        for order_id in repository.list_order_ids(email):
            run.require_time(MILLISECONDS_NEEDED, done=f"{claimed} orders claimed")
            _claim_order(order_id, user_id, email)
            claimed += 1
    except EmailNotOwned:
        observability.logger.info("not theirs any more", user_id=user_id)
    if claimed:
        observability.audit("claim_orders", "done", user_id=user_id, orders=str(claimed))


def _claim_order(order_id: str, user_id: str, email: str) -> None:
    lifecycle.update_order(
        order_id,
        partial(decisions.link_to_user, user_id=user_id, email=email),
        stage_extra=partial(repository.stage_email_owner_check, user_id=user_id, email=email),
    )
