"""Drives the mail worker: deliveries, stopped instances, and replies of SES that are lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

from notifications.workers.send_emails import handler
from shared.aws import client
from shared.storage.dynamo import connection
from tests.support.email_fixtures import mail_queue_event, sent_emails
from tests.support.http import CONTEXT


class Killed(BaseException):
    """Lambda stops the function: no more of our code runs."""


def context(milliseconds: Callable[[], float] = lambda: 10_000) -> Any:
    return SimpleNamespace(**vars(CONTEXT) | {"get_remaining_time_in_millis": milliseconds})


def deliver(*details: Any, receive_count: int = 1, milliseconds: float = 10_000) -> list[str]:
    """One invocation with one message for each event; return the ids of those that failed."""
    batch = mail_queue_event(*details)
    for record in batch["Records"]:
        record["attributes"]["ApproximateReceiveCount"] = str(receive_count)
    answer = handler(batch, context(lambda: milliseconds))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def deliver_until_stopped(*details: Any) -> None:
    with suppress(Killed):
        deliver(*details)


def addresses() -> list[str]:
    return [address for message in sent_emails() for address in message.destinations["ToAddresses"]]


@contextmanager
def ses_does(*outcomes: str) -> Iterator[list[str]]:
    """What SES does with each next mail; it accepts the rest.

    `lost`: it accepts the mail, and the reply is lost. `silent`: it never answers and sends
    nothing. `killed`: it accepts, and Lambda stops the function. `slow`: it accepts after 0.2 s.
    Yields the outcomes of the calls.
    """
    calls: list[str] = []
    left = list(outcomes)

    def before(**_: Any) -> None:
        calls.append(left.pop(0) if left else "accepted")
        if calls[-1] == "silent":
            raise ReadTimeoutError(endpoint_url="https://ses.example")
        if calls[-1] == "slow":
            time.sleep(0.2)

    def after(**_: Any) -> None:
        if calls[-1] == "lost":
            raise ReadTimeoutError(endpoint_url="https://ses.example")
        if calls[-1] == "killed":
            raise Killed

    with _hooks(client("sesv2"), "sesv2.SendEmail", before=before, after=after):
        yield calls


@contextmanager
def stopped_at(call: int, *, before: bool) -> Iterator[None]:
    """Lambda stops the function before or after its n-th call to AWS."""
    numbers = iter(range(1, 100))

    def count(**_: Any) -> None:
        if next(numbers) == call:
            raise Killed

    both = {"before": count} if before else {"after": count}
    dynamodb = connection().client
    with _hooks(dynamodb, "dynamodb", **both), _hooks(client("sesv2"), "sesv2", **both):
        yield


@contextmanager
def _hooks(aws_client: Any, operation: str, **hooks: Callable[..., None]) -> Iterator[None]:
    named = {f"{moment}-call.{operation}": hook for moment, hook in hooks.items()}
    for name, hook in named.items():
        aws_client.meta.events.register(name, hook)
    try:
        yield
    finally:
        for name, hook in named.items():
            aws_client.meta.events.unregister(name, hook)
