"""A queue in moto with dead letters, as Lambda's event source mapping uses it."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from shared.aws import client
from tests.support.http import sample

BATCH_MAX = 10


class Queue:
    """Its messages move to the dead letters after `receives_max` receives."""

    def __init__(self, name: str, *, receives_max: int) -> None:
        self.url = self._create(name, {})
        self._dead_url = self._create(f"{name}-dead", {})
        policy = {"deadLetterTargetArn": self._arn(self._dead_url), "maxReceiveCount": receives_max}
        client("sqs").set_queue_attributes(
            QueueUrl=self.url, Attributes={"RedrivePolicy": json.dumps(policy)}
        )
        self._received: list[str] = []

    @staticmethod
    def _create(name: str, attributes: dict[str, str]) -> str:
        return str(client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    @staticmethod
    def _arn(url: str) -> str:
        answer = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def send(self, event: BaseModel | dict[str, Any] | str) -> None:
        """A text is the whole message; an event goes into the bus's envelope."""
        body = event
        if not isinstance(event, str):
            envelope = json.loads(sample("notifications.send_emails")["Records"][0]["body"])
            detail = event.model_dump(mode="json") if isinstance(event, BaseModel) else event
            body = json.dumps(envelope | {"detail": detail})
        client("sqs").send_message(QueueUrl=self.url, MessageBody=body)

    def receive(self) -> dict[str, Any]:
        """The next batch, as the function receives it."""
        answer = client("sqs").receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=BATCH_MAX, AttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        self._received += [message["ReceiptHandle"] for message in messages]
        (record,) = sample("notifications.send_emails")["Records"]
        records = [
            record
            | {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSourceARN": self._arn(self.url),
            }
            for message in messages
        ]
        return {"Records": records}

    def poll(self, handle: Callable[[dict[str, Any]], Any]) -> int:
        """Invoke the function with the next batch, and delete what succeeded; return its size."""
        batch = self.receive()
        if not batch["Records"]:
            return 0
        answer = handle(batch)
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for record in batch["Records"]:
            if record["messageId"] not in failed:
                client("sqs").delete_message(
                    QueueUrl=self.url, ReceiptHandle=record["receiptHandle"]
                )
        return len(batch["Records"])

    def let_time_pass(self) -> None:
        """Make every received message that is left visible again."""
        for receipt in self._received:
            try:
                client("sqs").change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0
                )
            except client("sqs").exceptions.ClientError:  # it was deleted, or moved aside
                continue
        self._received.clear()

    def dead_letters(self) -> list[str]:
        answer = client("sqs").receive_message(QueueUrl=self._dead_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def redrive(self) -> None:
        """Move the dead letters back to the queue."""
        for body in self.dead_letters():
            client("sqs").send_message(QueueUrl=self.url, MessageBody=body)
