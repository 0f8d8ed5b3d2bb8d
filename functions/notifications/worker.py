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
from notifications.sender import EmailSender, SesSender
from shared import aws, events, observability, started
from shared.config import MailSettings, Tables, settings

REMEMBERED_SECONDS = 30 * 24 * 3600  # longer than a queue and its dead letters keep a message

_shop = settings(MailSettings)
# A batch that fails as a whole is answered like any other: the exception would log addresses.
_batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_once = IdempotencyConfig(
    event_key_jmespath="id",
    raise_on_no_idempotency_key=True,
    expires_after_seconds=REMEMBERED_SECONDS,
)
started()


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
    happened = events.parse(event)
    observability.correlate(happened.correlation_id)
    recipient = repository.find_user(emails.recipient_id(happened))
    mailbox = emails.mailbox(happened, recipient) if recipient else None
    if recipient is None or mailbox is None:
        # Nothing odd: who asks about an address that has no account is answered as if it had one.
        observability.logger.info("nobody to mail", event_id=happened.id, event_type=happened.type)
        return
    link = links.make(happened, recipient, mailbox, shop_url=_shop.shop_url)
    if link:
        repository.add_token(link.stored)  # first: a mail never has a link that does not work
    email = emails.write(happened, recipient, to=mailbox, link=link, shop_name=_shop.shop_name)
    message_id = sender().send(email)
    observability.logger.info(
        "mailed", event_id=happened.id, event_type=happened.type, message_id=message_id
    )
