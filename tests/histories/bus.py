"""The event bus: its rules, and the delivery of each event to each target."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.histories.deployed import dead_letters_of, matches, referenced_id, rules

RETRY_PAUSE_MAX = timedelta(hours=1)  # EventBridge backs off; the exact steps are not documented

Detail = dict[str, Any]


@dataclass
class _Delivery:
    target: Mapping[str, Any]
    envelope: dict[str, Any]
    put_at: datetime
    at: datetime
    attempts: int = 0

    @property
    def target_id(self) -> str:
        return referenced_id(self.target["Arn"])


@dataclass
class Bus:
    deliver: Callable[[str, str, datetime], None]  # target, body, now
    give_up: Callable[[str, str], None]  # queue of dead letters, body
    down: set[str] = field(default_factory=set)  # targets that refuse what the bus delivers
    slow_by: Callable[[int], timedelta] = lambda _: timedelta()  # by the number of the event
    is_doubled: bool = False  # EventBridge delivers at least once: here everything twice
    put: Counter[str] = field(default_factory=Counter)  # how often each event was put, by id
    _waiting: list[_Delivery] = field(default_factory=list)

    @property
    def due(self) -> datetime | None:
        return min((delivery.at for delivery in self._waiting), default=None)

    def put_events(self, entries: list[dict[str, Any]], now: datetime) -> None:
        for entry in entries:
            detail = json.loads(entry["Detail"])
            self.put[detail["id"]] += 1
            envelope = {
                "version": "0",
                "id": f"bus-{sum(self.put.values())}",
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": "123456789012",
                "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "region": "eu-central-1",
                "resources": [],
                "detail": detail,
            }
            for _, rule in rules():
                if matches(rule["EventPattern"], envelope):
                    for target in rule["Targets"] * (2 if self.is_doubled else 1):
                        at = now + self.slow_by(len(self._waiting))
                        self._waiting.append(_Delivery(target, envelope, now, at))

    def reorder(self) -> None:
        self._waiting.reverse()

    def run(self, now: datetime) -> None:
        due = [delivery for delivery in self._waiting if delivery.at <= now]
        for delivery in due:
            if delivery.target_id in self.down:
                self._retry(delivery, now)
            else:
                self._waiting.remove(delivery)
                self.deliver(delivery.target_id, json.dumps(delivery.envelope), now)

    def _retry(self, delivery: _Delivery, now: datetime) -> None:
        policy = delivery.target["RetryPolicy"]
        delivery.attempts += 1
        age = (now - delivery.put_at).total_seconds()
        if (
            delivery.attempts > policy["MaximumRetryAttempts"]
            or age >= policy["MaximumEventAgeInSeconds"]
        ):
            self._waiting.remove(delivery)
            self.give_up(dead_letters_of(delivery.target), json.dumps(delivery.envelope))
            return
        pause = min(timedelta(seconds=2.0 ** min(delivery.attempts, 12)), RETRY_PAUSE_MAX)
        delivery.at = now + pause
