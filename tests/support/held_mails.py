"""The queue of held mails under a clock that a test moves, and what the sent mails say."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared import clock
from shared.aws import client
from tests.support import faults
from tests.support.email_fixtures import sent_emails
from tests.support.fake_clock import FakeClock
from tests.support.mail_worker import deliver

QUEUE = "souk-held-mail"
RECEIVES_MAX = 5  # as template.yaml says


@dataclass
class Waiting:
    due: datetime
    detail: dict[str, Any]
    receives: int = 0


@dataclass
class HeldMails:
    """Delivers what the worker sent to the queue, when its delay is over."""

    time: FakeClock
    calls: faults.Calls
    waiting: list[Waiting] = field(default_factory=list)
    dead: list[dict[str, Any]] = field(default_factory=list)
    mailed_at: list[datetime] = field(default_factory=list)
    longest_delay: int = 0

    def deliver(self, *events: BaseModel | dict[str, Any]) -> None:
        """A message of the mail queue for each event. A failure comes again with the held ones."""
        for event in events:
            detail = event if isinstance(event, dict) else event.model_dump(mode="json")
            self._handle(Waiting(clock.utc_now(), detail))

    def advance(self, **duration: float) -> None:
        """Let time pass; deliver each message when it is due."""
        end = self.time() + timedelta(**duration)
        while self.waiting and min(each.due for each in self.waiting) <= end:
            first = min(self.waiting, key=lambda each: each.due)
            self.waiting.remove(first)
            self.time.ahead += max(timedelta(), first.due - self.time())
            self._handle(first)
        self.time.ahead += max(timedelta(), end - self.time())

    def drain(self) -> None:
        for _ in range(24 * 14):
            if not self.waiting:
                return
            self.advance(hours=1)
        raise AssertionError(f"{len(self.waiting)} mails still wait")

    def most_in_an_hour(self) -> int:
        return max(
            sum(start <= other < start + timedelta(hours=1) for other in self.mailed_at)
            for start in self.mailed_at
        )

    def _handle(self, message: Waiting) -> None:
        message.receives += 1
        before = len(sent_emails())
        failed = deliver(message.detail, receive_count=message.receives)
        self.mailed_at += [self.time()] * (len(sent_emails()) - before)
        for call in self.calls.sent:
            sent = json.loads(call["body"])
            assert sent["QueueUrl"].endswith(f"/{QUEUE}")
            self.longest_delay = max(self.longest_delay, sent["DelaySeconds"])
            due = self.time() + timedelta(seconds=sent["DelaySeconds"])
            self.waiting.append(Waiting(due, json.loads(sent["MessageBody"])["detail"]))
        self.calls.sent.clear()
        if failed and message.receives >= RECEIVES_MAX:
            self.dead.append(message.detail)
        elif failed:
            message.due = self.time() + timedelta(minutes=6)
            self.waiting.append(message)


@contextmanager
def held_mails(time: FakeClock) -> Iterator[HeldMails]:
    client("sqs").create_queue(QueueName=QUEUE)
    with faults.inject_faults(client("sqs"), "SendMessage") as calls:
        yield HeldMails(time, calls)
