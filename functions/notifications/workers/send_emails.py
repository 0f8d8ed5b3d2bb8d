"""Mail queue -> mail: one for each event, however often the event is delivered.

Powertools' idempotency, keyed on the event id, marks an event before its mail is handed over and
again after it. Only a crash between SES's yes and the second mark, or a yes that is lost on its
way, can repeat a mail: SES takes no token to tell the two apart.
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
from notifications.emails import AboutBuyersOrder, Email
from notifications.sender import EmailSender, SesSender
from shared import aws, freeze_gc, observability
from shared.config import GuestSettings, MailSettings, Tables, settings
from shared.events.all_events import AnyEvent, parse_event

REMEMBERED_SECONDS = 30 * 24 * 3600  # longer than a queue and its dead letters keep a message

_shop = settings(MailSettings)
settings(GuestSettings)  # whose keys sign the links to orders
# A batch that fails as a whole is answered like any other: the exception would log addresses.
_batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_once = IdempotencyConfig(
    event_key_jmespath="id",
    raise_on_no_idempotency_key=True,
    expires_after_seconds=REMEMBERED_SECONDS,
)
freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed; the others are done and gone."""
    _once.register_lambda_context(context)
    return process_partial_response(
        event=event, record_handler=_deliver, processor=_batch, context=context
    )


@cache
def sender() -> EmailSender:
    return SesSender(_shop.mail_sender)


def _deliver(record: SQSRecord) -> None:
    try:
        _mail(event=json.loads(record.body)["detail"])
    except Exception as error:
        # By name alone: what SES says of a mail that it refuses has the address in it.
        observability.logger.error(
            "not mailed", sqs_message_id=record.message_id, reason=type(error).__name__
        )
        raise


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="event",
    config=_once,
    persistence_store=DynamoDBPersistenceLayer(
        table_name=settings(Tables).idempotency_table,
        boto3_client=aws.client("dynamodb"),  # its own would wait for minutes
    ),
)
def _mail(*, event: dict[str, Any]) -> None:
    """Returns nothing: what it returned would be kept in the table, and a link is a secret."""
    happened = parse_event(event)
    observability.set_log_context(happened.correlation_id)
    if isinstance(happened, AboutBuyersOrder):
        email = _about_order(happened)
    else:
        email = _about_account(happened)
    if email is None:
        # Nothing odd: who asks about an address that has no account is answered as if it had one.
        observability.logger.info("nobody to mail", event_id=happened.id, event_type=happened.type)
        return
    message_id = sender().send(email)
    observability.logger.info(
        "mailed", event_id=happened.id, event_type=happened.type, message_id=message_id
    )


def _about_account(happened: AnyEvent) -> Email | None:
    user = repository.find_user(emails.recipient_id(happened))
    owner = emails.owner(happened, user) if user else None
    if user is None or owner is None:
        return None
    link = links.make(happened, user, owner.mailbox, shop_url=_shop.shop_url)
    if link and link.stored:
        repository.add_token(link.stored)  # first: a mail never has a link that does not work
    return emails.write(happened, owner, link=link, shop_name=_shop.shop_name)


def _about_order(happened: AboutBuyersOrder) -> Email | None:
    """To whoever's it is now, not to whom the event names: a guest may have an account since."""
    order = repository.find_order(happened.data.order_id)
    if order is None:
        return None
    user = None if order.guest_email else repository.find_user(order.buyer_id)
    buyer = emails.buyer(happened, order, user)
    if buyer is None:
        return None
    link = links.to_order(order, shop_url=_shop.shop_url)
    return emails.write(happened, buyer, link=link, shop_name=_shop.shop_name, order=order)
