"""Lists, shows, redrives and purges the messages of a stack's dead-letter queues.

A redrive sends a message, then deletes it: a crash between the two repeats it and loses nothing.
Bodies stay as they are, event ids too, so consumers drop what they have already handled.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aliases import ALIAS
from local.dead_letter_messages import (
    Message,
    MessageUnreadable,
    format_age,
    message_from_sqs,
    render_topic_message,
)
from local.dead_letter_queues import DeadLetterQueue, Destination, list_queues
from local.missed_records import repeat_records
from local.targets import OperationFailed, Target
from shared import clock

BATCH_MAX = 10  # SQS's limit for one call
HOLD_SECONDS = 300  # while this command works, nobody else receives the messages
POLL_SECONDS = 1  # a long poll asks all of SQS's servers
SHOWN_MAX = 100  # of one queue, without MAX
SUFFIX = "DeadLetters"


@dataclass(frozen=True)
class Command:
    action: str = "list"
    queue: str = ""  # a logical id, with or without "DeadLetters"; empty for all queues
    message_id: str = ""  # empty for all messages
    limit: int | None = None  # on the messages of each queue
    applies: bool = False


@dataclass
class Answer:
    lines: list[str] = field(default_factory=list)
    is_ok: bool = True
    chosen: int = 0  # messages

    def add(self, line: str, *, is_ok: bool = True) -> None:
        self.lines.append(line)
        self.is_ok = self.is_ok and is_ok

    def to_text(self) -> str:
        return "\n".join(self.lines)


def run(shop: Target, command: Command) -> Answer:
    """Raises OperationFailed."""
    if command.action not in _ACTIONS:
        raise OperationFailed(f"ACTION must be one of {', '.join(_ACTIONS)}.")
    if command.action == "purge" and not command.queue:
        raise OperationFailed("Name the queue to purge, such as QUEUE=Mail.")
    answer, started = Answer(), clock.utc_now()
    for queue in _choose_queues(list_queues(shop.resources()), command.queue):
        try:
            _ACTIONS[command.action](_Task(shop, queue, command, answer, started))
        except (BotoCoreError, ClientError) as error:  # other queues may work
            answer.add(f"{queue.name}: {error}", is_ok=False)
    if command.message_id and command.action != "list" and not answer.chosen:
        answer.add(f"No message has the id {command.message_id}.", is_ok=False)
    if command.action in ("redrive", "purge") and not command.applies:
        answer.add("Nothing has changed yet. Add APPLY=1.")
    return answer


def _choose_queues(queues: list[DeadLetterQueue], name: str) -> list[DeadLetterQueue]:
    chosen = [queue for queue in queues if not name or queue.name in (name, name + SUFFIX)]
    if not chosen:
        names = ", ".join(queue.name.removesuffix(SUFFIX) for queue in queues)
        raise OperationFailed(f"No dead-letter queue is named {name}. There are: {names}.")
    return chosen


@dataclass
class _Task:
    """One command on one queue."""

    shop: Target
    queue: DeadLetterQueue
    command: Command
    answer: Answer
    started: datetime

    def __post_init__(self) -> None:
        self.sqs = self.shop.client("sqs")
        self.url = self.shop.physical_id(self.queue.name)
        self.held: dict[str, str] = {}  # handles by message id

    def list_counts(self) -> None:
        """Counts all messages, and looks at some of them for the age."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        waiting, received = (
            int(attributes["Attributes"][f"ApproximateNumberOfMessages{name}"])
            for name in ("", "NotVisible")
        )
        line = f"{self.queue.name:36} {waiting:>6}"
        if waiting:
            with self._messages(SHOWN_MAX) as messages:
                sent_at = [message.sent_at for message in messages]
            scope = f" of {SHOWN_MAX}" if waiting > SHOWN_MAX else ""
            if sent_at:
                line += f"  the oldest{scope} is {format_age(self.started - min(sent_at))} old"
        if received:
            line += f"  {received} more are being received"
        self.answer.add(line)

    def show(self) -> None:
        with self._messages(self.command.limit or SHOWN_MAX) as messages:
            for message in messages:
                self.answer.add(f"{self.queue.name}  {message.describe(self.started)}")

    def purge(self) -> None:
        self._handle_all(lambda _: lambda: None, "deleted")

    def redrive(self) -> None:
        if self.queue.destination is Destination.TABLE:
            self._redrive_stream()
        else:
            self._handle_all(self._prepare_send, f"sent to {self.queue.target}")

    def _handle_all(self, prepare: Callable[[Message], Callable[[], Any]], participle: str) -> None:
        """Does what `prepare` returns, then deletes the message. Says how many were handled."""
        count = 0
        try:
            with self._messages(self.command.limit) as messages:
                for message in messages:
                    count += self._handle(message, prepare)
        finally:
            verb = "were" if self.command.applies else "would be"
            self.answer.add(f"{self.queue.name}: {count} messages {verb} {participle}")

    def _handle(self, message: Message, prepare: Callable[[Message], Callable[[], Any]]) -> bool:
        """False for a message that stays because it cannot be handled."""
        try:
            handle = prepare(message)
        except MessageUnreadable as error:
            self.answer.add(f"{message.message_id} stays: {error}", is_ok=False)
            return False
        if self.command.applies:
            handle()
            self._delete(message)
        else:
            self.answer.add(f"{self.queue.name}  {message.describe(self.started)}")
        return True

    def _redrive_stream(self) -> None:
        """Deletes the messages once what they point at was repeated."""
        with self._messages(self.command.limit) as found:
            messages = list(found)
            if not messages:
                return
            self.answer.add(
                f"{self.queue.name}: {len(messages)} messages are positions in the stream of "
                f"{self.queue.target}."
            )
            try:
                text, is_ok = repeat_records(
                    self.shop, self.queue, messages, applies=self.command.applies
                )
            except MessageUnreadable as error:
                text, is_ok = f"They stay: {error}", False
            self.answer.add(text, is_ok=is_ok)
            if self.command.applies and is_ok:
                for message in messages:
                    self._delete(message)

    def _prepare_send(self, message: Message) -> Callable[[], Any]:
        """The call that sends the message to where it came from. Raises MessageUnreadable."""
        target, client = self.shop.physical_id(self.queue.target), self.shop.client
        match self.queue.destination:
            case Destination.QUEUE:
                send = partial(self.sqs.send_message, QueueUrl=target, MessageBody=message.body)
                return partial(send, MessageAttributes=message.attributes)
            case Destination.TOPIC:
                text = render_topic_message(self.queue.transformer, message)
                return partial(client("sns").publish, TopicArn=target, Message=text)
        is_failure = self.queue.destination is Destination.INVOKED
        payload = message.input() if is_failure else message.body
        invoke = partial(client("lambda").invoke, FunctionName=target, Qualifier=ALIAS)
        return partial(invoke, InvocationType="Event", Payload=payload)

    @contextmanager
    def _messages(self, limit: int | None) -> Iterator[Iterator[Message]]:
        """The chosen messages. Those that are not deleted are visible again afterwards."""
        try:
            yield islice(self._receive_chosen(), limit)
        finally:
            handles = list(self.held.values())
            for start in range(0, len(handles), BATCH_MAX):
                entries = [
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(handles[start : start + BATCH_MAX])
                ]
                self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def _receive_chosen(self) -> Iterator[Message]:
        for message in self._receive():
            # What arrived after the start may be a message that was redriven and failed again.
            if message.sent_at <= self.started and self.command.message_id in (
                "",
                message.message_id,
            ):
                self.answer.chosen += 1
                yield message

    def _receive(self) -> Iterator[Message]:
        """Each message once."""
        seen: set[str] = set()
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH_MAX,
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=POLL_SECONDS,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            batch = [message_from_sqs(received) for received in answer.get("Messages", [])]
            self.held |= {message.message_id: message.receipt for message in batch}
            new = [message for message in batch if message.message_id not in seen]
            if not new:
                return
            seen |= {message.message_id for message in new}
            yield from new

    def _delete(self, message: Message) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)
        del self.held[message.message_id]


_ACTIONS: dict[str, Callable[[_Task], None]] = {
    "list": _Task.list_counts,
    "show": _Task.show,
    "redrive": _Task.redrive,
    "purge": _Task.purge,
}
