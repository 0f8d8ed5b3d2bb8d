"""Mail queue -> send one mail for each event, however often the queue delivers it.

A record counts each try before it is made (ADR 31). SES accepts no idempotency token: if SES does
not answer, or Lambda stops the function, the mail may have been sent. Then one more try is made,
at any later time. If that one is in doubt too, the event is done and an alarm goes off.

Repeat: an event that is done sends nothing. Failure: the queue redelivers the message, later each
time if only time helps.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from notifications import emails, links, relevance, repository
from notifications import sender as senders
from notifications.emails import Email, MailedOrderEvent
from notifications.relevance import Wording
from notifications.repository import MailInProgress
from notifications.sender import EmailSender, SesSender
from shared import clock, freeze_gc, observability, sqs_consumer
from shared.config import GuestSettings, MailSettings, settings
from shared.errors.base import Unavailable
from shared.events.accounts import UserRegistered
from shared.events.all_events import AnyEvent
from shared.sqs_consumer import Delivery, NotVisibleYet
from shared.storage.models.mails import MailRecord

TRIES_MAX = 2  # that may have sent the mail
MILLISECONDS_PER_MAIL = 8_000  # SES answers within 6 s or not at all; 2 s are for the record

_shop = settings(MailSettings)
settings(GuestSettings)  # the keys that sign guests' links; fail at start if they are missing
freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _mail_event, failure_message="not mailed", is_transient=_is_transient
    )


@cache
def sender() -> EmailSender:
    return SesSender(_shop.mail_sender, _shop.mail_configuration_set)


def _is_transient(error: Exception) -> bool:
    return isinstance(error, Unavailable | NotVisibleYet) or senders.is_transient(error)


def _mail_event(event: AnyEvent, delivery: Delivery) -> None:
    delivery.require_time(MILLISECONDS_PER_MAIL, progress="mail not begun")
    record = repository.find_record(event.id)
    if record and record.is_done:
        return
    if record and record.is_claimed_at(clock.utc_now()):
        raise MailInProgress
    if record and record.tries_made >= TRIES_MAX:  # the function was stopped in the last one
        _complete_in_doubt(event)
        return
    email = _compose_email(event)
    if email is None:
        # Normal: the order or the account has changed, or has no address any more.
        repository.complete_mail(event.id, "not_mailed")
        _log("no mail is due", event)
        return
    delivery.require_time(MILLISECONDS_PER_MAIL, progress="mail not sent")
    _send(event, email, record, delivery)


def _send(event: AnyEvent, email: Email, record: MailRecord | None, delivery: Delivery) -> None:
    """Raises MailInProgress, Unavailable, and the error of a try that the queue must repeat."""
    tries = record.tries_made if record else 0
    time_left = timedelta(milliseconds=delivery.context.get_remaining_time_in_millis())
    claim = repository.claim_mail(
        event.id, record, tries=tries + 1, until=clock.utc_now() + time_left
    )
    try:
        message_id = sender().send(email)
    except Exception as error:
        if senders.is_certain_refusal(error):
            repository.release_mail(event.id, claim, tries=tries)
            raise
        if tries + 1 < TRIES_MAX:
            repository.release_mail(event.id, claim, tries=tries + 1)
            raise
        _complete_in_doubt(event)
        return
    _log("mailed", event, message_id=message_id)
    try:
        repository.complete_mail(event.id, "sent")
    except Unavailable:  # a redelivery would send the mail again
        observability.logger.error("mailed without a record", event_id=event.id)


def _complete_in_doubt(event: AnyEvent) -> None:
    """CloudWatch counts these lines (template.yaml): rather one too many than none."""
    observability.logger.error("mail may have been sent", event_id=event.id, event_type=event.type)
    repository.complete_mail(event.id, "unknown")


def _log(message: str, event: AnyEvent, **facts: str) -> None:
    extra = {"event_id": event.id, "event_type": event.type, **facts}
    observability.logger.info(message, extra=extra)


def _compose_email(event: AnyEvent) -> Email | None:
    """The mail as it is true now; None if none is due. Raises NotVisibleYet and Unavailable."""
    if isinstance(event, MailedOrderEvent):
        return _compose_order_email(event)
    return _compose_account_email(event)


def _compose_account_email(event: AnyEvent) -> Email | None:
    user = repository.find_user(emails.get_recipient_id(event))
    if user is None and isinstance(event, UserRegistered):
        # Only this event's transaction creates its user. Others may name a user who never existed.
        sqs_consumer.require_settled(event)
    recipient = emails.find_account_recipient(event, user) if user else None
    if user is None or recipient is None:
        return None
    wording = relevance.choose_account_wording(event, user)
    if wording is Wording.NOT_MAILED:
        return None
    link = links.create_account_link(event, user, recipient.address, shop_url=_shop.shop_url)
    if link and link.token:
        repository.save_link_token(link.token)  # before the mail, so that its link works
    return emails.render_email(
        event, recipient, link=link, shop_name=_shop.shop_name, user=user, wording=wording
    )


def _compose_order_email(event: MailedOrderEvent) -> Email | None:
    """Addresses the order's current owner: the guest in the event may have an account by now."""
    order = repository.find_order(event.data.order_id)
    if order is None:
        sqs_consumer.require_settled(event)
        return None
    wording = relevance.choose_order_wording(event, order, clock.utc_now())
    if wording is Wording.TOO_EARLY:
        sqs_consumer.require_settled(event)
    if wording in (Wording.NOT_MAILED, Wording.TOO_EARLY):
        return None
    user = None if order.guest_email else repository.find_user(order.buyer_id)
    buyer = emails.find_order_recipient(event, order, user)
    if buyer is None:
        return None
    is_disabled = user is not None and user.status != "active"  # the link leads to a login
    link = None if is_disabled else links.create_order_link(order, shop_url=_shop.shop_url)
    return emails.render_email(
        event,
        buyer,
        link=link,
        shop_name=_shop.shop_name,
        order=order,
        user=user,
        wording=wording,
    )
