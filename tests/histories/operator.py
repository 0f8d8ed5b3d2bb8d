"""What an operator does after an incident: `make republish` and `make dead-letters`.

The commands work on queues of moto, which hold the chain's dead letters while a command runs. What
a command sends to a queue or to a function goes back into the chain.
"""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import moto.sqs.models

from local import dead_letters, republishing
from local.dead_letters import Command
from local.republishing import Window
from shared import aws
from tests.histories import deployed
from tests.histories.chain import Chain
from tests.local import shops
from tests.template import stack


class Operator(shops.Shop):
    """The stack as the operator's commands see it. Its queues have their logical ids as names."""

    def __init__(self, chain: Chain) -> None:
        super().__init__("souk-test", boto3.Session())
        object.__setattr__(self, "chain", chain)

    def resources(self) -> dict[str, Any]:
        return stack.resources("production")

    def client(self, service: str) -> Any:
        match service:
            case "lambda":
                return SimpleNamespace(invoke=self._invoke)
            case "sns":
                return SimpleNamespace(publish=lambda **_: None)
        return aws.client(service)

    def physical_id(self, logical_id: str) -> str:
        if logical_id.endswith("Table"):
            return super().physical_id(logical_id)
        if logical_id in deployed.queues():
            return str(aws.client("sqs").create_queue(QueueName=logical_id)["QueueUrl"])
        return logical_id

    def republish(self, since: datetime, *, includes_relayed: bool = False) -> None:
        chain: Chain = self.chain  # type: ignore[attr-defined]
        with mock.patch.object(republishing, "assume_environment"):
            window = Window(since, chain.time.now)
            result = republishing.republish(
                self, window, includes_relayed=includes_relayed, applies=True
            )
        assert result.is_ok, result.to_text()

    def redrive(self) -> None:
        """Every dead letter of every queue."""
        chain: Chain = self.chain  # type: ignore[attr-defined]

        def now() -> float:
            return chain.time.now.timestamp() * 1000

        with (
            mock.patch.object(republishing, "assume_environment"),
            mock.patch.object(dead_letters, "POLL_SECONDS", 0),
            mock.patch.object(moto.sqs.models, "unix_time_millis", now),
        ):
            self._expose_letters(chain)
            answer = dead_letters.run(self, Command(action="redrive", applies=True))
            self._collect(chain)
        assert answer.is_ok, answer.to_text()

    def _expose_letters(self, chain: Chain) -> None:
        for name, bodies in chain.dead_letters.items():
            for body in bodies:
                aws.client("sqs").send_message(QueueUrl=self.physical_id(name), MessageBody=body)
            bodies.clear()
        chain.time.advance(seconds=1)

    def _collect(self, chain: Chain) -> None:
        for name in deployed.queues():
            for body in self._receive(name):
                if name in chain.queues:
                    chain.queues[name].send(body, chain.time.now)
                else:
                    chain.dead_letters[name].append(body)

    def _receive(self, name: str) -> list[str]:
        url, sqs = self.physical_id(name), aws.client("sqs")
        bodies: list[str] = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def _invoke(self, FunctionName: str, Payload: str, **_: Any) -> None:  # noqa: N803 (boto3's)
        self.chain.invoke_later(FunctionName, json.loads(Payload))  # type: ignore[attr-defined]
