"""Sends one mail for each event of the mail queue, however often the queue delivers it.

Powertools' idempotency, keyed on the event id, marks an event before and after SES accepts its
mail. A mail repeats only if the function crashes between the two marks, or if SES's reply is lost:
SES accepts no idempotency token.
"""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from notifications import emails, links, repository
from notifications.emails import Email, MailedOrderEvent
from notifications.sender import EmailSender, SesSender
from shared import aws, freeze_gc, observability
from shared.config import GuestSettings, MailSettings, Tables, settings
from shared.events.all_events import AnyEvent, parse_event

IDEMPOTENCY_SECONDS = 30 * 24 * 3600  # queue and dead letters keep a message for less

_shop = settings(MailSettings)
settings(GuestSettings)  # the keys that sign guests' links; fail at start if they are missing
# Powertools' exception for a batch that fails as a whole would log addresses.
_batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_idempotency = IdempotencyConfig(
    event_key_jmespath="id",
    raise_on_no_idempotency_key=True,
    expires_after_seconds=IDEMPOTENCY_SECONDS,
)
freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the messages that failed; the queue deletes the others."""
    _idempotency.register_lambda_context(context)
    return process_partial_response(
        event=event, record_handler=_handle_record, processor=_batch, context=context
    )


@cache
def sender() -> EmailSender:
    return SesSender(_shop.mail_sender)


def _handle_record(record: SQSRecord) -> None:
    try:
        _send_email(event=json.loads(record.body)["detail"])
    except Exception as error:
        # Only the name of the error: SES's message contains the address.
        observability.logger.error(
            "not mailed", sqs_message_id=record.message_id, reason=type(error).__name__
        )
        raise


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="event",
    config=_idempotency,
    persistence_store=DynamoDBPersistenceLayer(
        table_name=settings(Tables).idempotency_table,
        boto3_client=aws.client("dynamodb"),  # Powertools' own client would wait for minutes
    ),
)
def _send_email(*, event: dict[str, Any]) -> None:
    """Returns None: Powertools would store a result, and links are secrets."""
    domain_event = parse_event(event)
    observability.set_log_context(domain_event.correlation_id)
    if isinstance(domain_event, MailedOrderEvent):
        email = _compose_order_email(domain_event)
    else:
        email = _compose_account_email(domain_event)
    if email is None:
        # Normal: the account, the guest or the address of an older event may be gone.
        observability.logger.info(
            "nobody to mail", event_id=domain_event.id, event_type=domain_event.type
        )
        return
    message_id = sender().send(email)
    observability.logger.info(
        "mailed", event_id=domain_event.id, event_type=domain_event.type, message_id=message_id
    )


def _compose_account_email(domain_event: AnyEvent) -> Email | None:
    user = repository.find_user(emails.get_recipient_id(domain_event))
    recipient = emails.find_account_recipient(domain_event, user) if user else None
    if user is None or recipient is None:
        return None
    link = links.create_account_link(domain_event, user, recipient.address, shop_url=_shop.shop_url)
    if link and link.token:
        repository.save_link_token(link.token)  # before the mail, so that its link works
    return emails.render_email(domain_event, recipient, link=link, shop_name=_shop.shop_name)


def _compose_order_email(domain_event: MailedOrderEvent) -> Email | None:
    """Addresses the order's current owner: the guest in the event may have an account by now."""
    order = repository.find_order(domain_event.data.order_id)
    if order is None:
        return None
    user = None if order.guest_email else repository.find_user(order.buyer_id)
    buyer = emails.find_order_recipient(domain_event, order, user)
    if buyer is None:
        return None
    link = links.create_order_link(order, shop_url=_shop.shop_url)
    return emails.render_email(
        domain_event, buyer, link=link, shop_name=_shop.shop_name, order=order
    )
