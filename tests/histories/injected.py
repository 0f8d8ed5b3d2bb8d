"""Faults of DynamoDB in a history: conflicts, throttling and lost replies, by chance."""

import random
from dataclasses import dataclass, field

from tests.histories.aws_calls import AwsCalls, Call, Reply, cancelled, error_reply, lost_reply


@dataclass
class Injector:
    """Each rate is the share of the calls that meet the fault."""

    chance: random.Random
    calls: AwsCalls
    conflicts: float = 0.04
    throttled: float = 0.01
    lost: float = 0.02
    is_on: bool = True
    _losing: dict[str, int] = field(default_factory=dict)  # attempts whose replies are lost

    def __post_init__(self) -> None:
        self.calls.answer.append(self._refuse)
        self.calls.after.append(self._lose)

    def _refuse(self, call: Call) -> Reply | None:
        if not self.is_on or call.service != "dynamodb" or call.identity in self._losing:
            return None
        if call.operation == "TransactWriteItems" and self.chance.random() < self.conflicts:
            self.calls.counts["conflicts"] += 1
            return cancelled(call, "TransactionConflict")
        if self.chance.random() < self.throttled:
            self.calls.counts["throttled"] += 1
            return error_reply("ThrottlingException")
        if call.is_write and self.chance.random() < self.lost:
            # The SDK repeats the call once, or gives up: the client gets 503 for what was written.
            self._losing[call.identity] = self.chance.choice((1, 9))
        return None

    def _lose(self, call: Call, _: int) -> None:
        if self._losing.get(call.identity, 0):
            self._losing[call.identity] -= 1
            self.calls.counts["lost replies"] += 1
            raise lost_reply()
