"""Mail queue -> send one mail for each event, however often the queue delivers it.

A record counts each try before it is made (ADR 31). SES accepts no idempotency token: if SES does
not answer, or Lambda stops the function, the mail may have been sent. Then one more try is made,
at any later time. If that one is in doubt too, the event is done and an alarm goes off.

A mailbox that nobody has confirmed gets so many mails an hour (ADR 38). The message of a further
mail goes to the queue of held mails, and comes here again when its delay is over. By then the order
decides what is true. What waits for one address goes into one mail.

Repeat: an event that is done sends nothing. Failure: the queue redelivers the message, later each
time if only time helps.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from math import ceil
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from notifications import mail_limits, repository, service
from notifications import sender as senders
from notifications.emails import Draft
from notifications.mail_limits import Kind, Turn
from notifications.repository import MailboxChanged, MailInProgress
from notifications.sender import EmailSender, SesSender
from shared import clock, freeze_gc, observability, sqs_consumer
from shared.config import MailSettings, settings
from shared.errors.base import Unavailable
from shared.events.all_events import AnyEvent, parse_event
from shared.records import Record
from shared.retries import retry
from shared.sqs_consumer import Delivery, NotVisibleYet
from shared.storage.models.mails import Mailbox, MailRecord

TRIES_MAX = 2  # that may have sent the mail
MILLISECONDS_PER_MAIL = 8_000  # SES answers within 6 s or not at all; 2 s are for the record

TURN_ATTEMPTS = 4  # if other mails to the same mailbox are faster

_shop = settings(MailSettings)
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
    return isinstance(error, Unavailable | NotVisibleYet | MailboxChanged) or senders.is_transient(
        error
    )


def _mail_event(event: AnyEvent, delivery: Delivery) -> None:
    delivery.require_time(MILLISECONDS_PER_MAIL, progress="mail not begun")
    due = _find_due(event)
    if due is None:
        return
    kind = mail_limits.find_kind(due.draft)
    if kind is None:
        _send([due], delivery)
    else:
        retry(
            lambda: _mail_in_turn(due, kind, delivery), on=(MailboxChanged,), attempts=TURN_ATTEMPTS
        )


class _Due(Record):
    """A mail that is due, and what is known of its tries."""

    draft: Draft
    record: MailRecord | None

    @property
    def event(self) -> AnyEvent:
        return self.draft.event

    @property
    def tries(self) -> int:
        return self.record.tries_made if self.record else 0


def _find_due(event: AnyEvent) -> _Due | None:
    """None if the event is done. Raises MailInProgress, NotVisibleYet and Unavailable."""
    record = repository.find_record(event.id)
    if record and record.is_done:
        return None
    if record and record.is_claimed_at(clock.utc_now()):
        raise MailInProgress
    if record and record.tries_made >= TRIES_MAX:  # the function was stopped in the last one
        _complete_in_doubt(event)
        return None
    draft = service.find_draft(event)
    if draft is None:
        # Normal: the order or the account has changed, or has no address any more.
        repository.complete_mail(event.id, "not_mailed")
        _log("no mail is due", event)
        return None
    return _Due(draft, record)


def _mail_in_turn(due: _Due, kind: Kind, delivery: Delivery) -> None:
    """Send the mail, with what waits for the same address; or hold it back.

    Raises MailboxChanged, and what `_send` does.
    """
    mailbox = repository.get_mailbox(mail_limits.mailbox_id(kind, due.draft.to.address))
    limit = _shop.unconfirmed_mails_per_hour
    turn = mail_limits.find_turn(mailbox, clock.utc_now(), limit=limit)
    if isinstance(turn, timedelta):
        _hold(due.event, mailbox, kind, turn, delivery)
        return
    held = dict(_find_held(mailbox, due))
    # Two releases may have held the same event, each as another text.
    joined = {each.event.id: each for each in held.values() if each is not None}
    _send([due, *joined.values()], delivery, turn.replace(released=held.keys()))


def _find_held(mailbox: Mailbox, due: _Due) -> Iterator[tuple[str, _Due | None]]:
    """The held events that the mail includes; with None, those that are done or are this one."""
    for text in sorted(mailbox.held or ()):
        try:
            event = parse_event(json.loads(text))
            other = None if event.id == due.event.id else _find_due(event)
        except (MailInProgress, NotVisibleYet, ValueError):  # its own message takes care of it
            continue
        if other is None or other.draft.to == due.draft.to:
            yield text, other


def _hold(
    event: AnyEvent, mailbox: Mailbox, kind: Kind, wait: timedelta, delivery: Delivery
) -> None:
    """The message is sent again before it is deleted here, so a crash between loses nothing."""
    if mail_limits.is_outdated(event, clock.utc_now()):
        repository.complete_mail(event.id, "not_mailed")
        observability.logger.warning("mail given up", event_id=event.id, event_type=event.type)
        return
    if kind is Kind.ORDERS:
        repository.keep_held_event(mailbox.id, mail_limits.to_held_event(event))
    seconds = ceil(wait.total_seconds())
    delivery.send_later(_shop.held_mail_queue, seconds)
    _log("mail held back", event, seconds=str(seconds))


def _send(dues: list[_Due], delivery: Delivery, turn: Turn | None = None) -> None:
    """Send one mail for all of them; the first is the delivered event.

    Raises MailInProgress, Unavailable, and the error of a try that the queue must repeat.
    """
    delivery.require_time(MILLISECONDS_PER_MAIL, progress="mail not sent")
    by_time = sorted(dues, key=lambda due: (due.event.occurred_at, due.event.id))
    email = service.write([due.draft for due in by_time])
    time_left = timedelta(milliseconds=delivery.context.get_remaining_time_in_millis())
    claim = repository.claim_mails(
        {due.event.id: due.record for due in dues}, until=clock.utc_now() + time_left, turn=turn
    )
    try:
        message_id = sender().send(email)
    except Exception as error:
        is_refused = senders.is_certain_refusal(error)
        if turn and is_refused:
            repository.return_turn(turn)
        for due in dues:
            _end_try(due, claim, is_counted=not is_refused)
        if is_refused or dues[0].tries + 1 < TRIES_MAX:
            raise
        return
    for due in dues:
        _complete_sent(due.event, message_id)


def _end_try(due: _Due, claim: str, *, is_counted: bool) -> None:
    tries = due.tries + is_counted
    if tries < TRIES_MAX:
        repository.release_mail(due.event.id, claim, tries=tries)
    else:
        _complete_in_doubt(due.event)


def _complete_sent(event: AnyEvent, message_id: str) -> None:
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
    """The line has the id of the event's request: a mail can be about several events."""
    extra = {"event_id": event.id, "event_type": event.type, **facts}
    observability.logger.info(message, extra=extra | {"correlation_id": event.correlation_id})
