"""Answers "why did no mail come?" for an event, from what the mail worker logged. Pure.

The mail worker logs how each event ended. Until then the event's message is in a queue.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.activity.records import BusEvent, LogLine, QueuedMessage, read_time

MAIL_FUNCTION = "MailFunction"
HELD_QUEUE = "HeldMailQueue"
MAIL_QUEUES = ("MailQueue", HELD_QUEUE)
DEAD_LETTERS = ("MailDeadLetters", "HeldMailDeadLetters", "MailRuleDeadLetters")
TIME = "%H:%M:%S UTC"
# Each ends the work on an event, whatever was logged before.
ENDS = {
    "mail may have been sent": (
        "in doubt",
        "SES did not answer in time, twice. The mail may have been sent.",
    ),
    "mail given up": (
        "not sent",
        "The mail waited for a day for its turn (UnconfirmedMailsPerHour). It is out of date now.",
    ),
}


@dataclass(frozen=True)
class MailStatus:
    state: str  # in one or two words
    reason: str
    mail_id: str | None = None  # in the mailbox

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def explain_mail(
    event: BusEvent,
    *,
    mailed_types: Collection[str],
    lines: Sequence[LogLine],
    messages: Sequence[QueuedMessage],
    history: Sequence[Mapping[str, Any]] = (),
) -> MailStatus:
    """`lines` and `messages` may be about other events too. `history` is the order's."""
    if event.type not in mailed_types:
        return MailStatus("no mail", "The shop mails nobody about events of this type.")
    own = [line for line in lines if line.fields.get("event_id") == event.id]
    own = [line for line in own if line.function == MAIL_FUNCTION]
    queued = [message for message in messages if message.event_id == event.id]
    return (
        _explain_end(own)
        or _explain_queued(queued, lines, own)
        or _explain_not_due(own, history)
        or _explain_way(event)
    )


def _explain_end(own: Sequence[LogLine]) -> MailStatus | None:
    for line in own:
        if line.message == "mailed":
            return MailStatus("sent", f"Sent at {line.at:{TIME}}.", line.fields.get("message_id"))
    for line in own:
        if line.message in ENDS:
            return MailStatus(*ENDS[line.message])
    return None


def _explain_not_due(
    own: Sequence[LogLine], history: Sequence[Mapping[str, Any]]
) -> MailStatus | None:
    """Events come late: the order or the account decides when the mail is to be written."""
    for line in own:
        if line.message == "no mail is due":
            steps = [step["status"] for step in history if read_time(step["at"]) <= line.at]
            if steps:
                why = f"the order was {steps[-1]}, so the mail no longer applied."
            else:
                why = "the account no longer needed it."
            return MailStatus("not sent", f"When the mail was to be written, {why}")
    return None


def _explain_queued(
    queued: Sequence[QueuedMessage], lines: Sequence[LogLine], own: Sequence[LogLine]
) -> MailStatus | None:
    dead = [message for message in queued if message.queue in DEAD_LETTERS]
    waiting = [message for message in queued if message.queue in MAIL_QUEUES]
    if dead:
        errors = _list_errors(dead[0], lines)
        why = f" with {errors[-1]}" if errors else ""
        times = f"Failed {_times(max(len(errors), dead[0].receive_count))}{why}."
        where = f"It is in {dead[0].queue}: redrive it when the cause is mended."
        return MailStatus("failed", f"{times} {where}")
    if not waiting:
        return None
    message = waiting[0]
    errors = _list_errors(message, lines)
    if errors:
        next_at = f"The next try is at {message.visible_at:{TIME}}."
        return MailStatus("failing", f"Failed {_times(len(errors))} with {errors[-1]}. {next_at}")
    if message.queue == HELD_QUEUE or any(line.message == "mail held back" for line in own):
        return MailStatus(
            "held back",
            "The address has had its hourly number of mails (UnconfirmedMailsPerHour). "
            f"The worker looks again at {message.visible_at:{TIME}}.",
        )
    return MailStatus("waiting", f"In {message.queue} since {message.sent_at:{TIME}}.")


def _list_errors(message: QueuedMessage, lines: Sequence[LogLine]) -> list[str]:
    """The errors of the tries to handle this message, oldest first."""
    return [
        str(line.fields.get("reason", "an unknown error"))
        for line in lines
        if line.function == MAIL_FUNCTION
        and line.message == "not mailed"
        and line.fields.get("sqs_message_id") == message.id
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _explain_way(event: BusEvent) -> MailStatus:
    if event.relayed_at is None:
        return MailStatus(
            "waiting", "In the outbox. See the logs of RelayFunction if it stays there."
        )
    return MailStatus(
        "unknown", "The bus has the event, and no queue and no log of MailFunction names it yet."
    )
