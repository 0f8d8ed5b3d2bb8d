"""Drives the mail worker: deliveries, stopped instances, and replies of SES that are lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

from notifications.workers.send_emails import handler
from shared.aws import client
from shared.storage.dynamo import connection
from tests.support.aws_calls import Killed, break_call, on_each_call
from tests.support.email_fixtures import mail_queue_event, sent_emails
from tests.support.http import CONTEXT


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

    def before(_: str) -> None:
        calls.append(left.pop(0) if left else "accepted")
        if calls[-1] == "silent":
            raise ReadTimeoutError(endpoint_url="https://ses.example")
        if calls[-1] == "slow":
            time.sleep(0.2)

    def after(_: str) -> None:
        if calls[-1] == "lost":
            raise ReadTimeoutError(endpoint_url="https://ses.example")
        if calls[-1] == "killed":
            raise Killed

    ses = client("sesv2")
    with on_each_call("before-call", before, ses), on_each_call("after-call", after, ses):
        yield calls


def stopped_at(call: int, *, before: bool) -> AbstractContextManager[None]:
    """Lambda stops the function before or after its n-th call to AWS."""
    clients = (connection().client, client("sesv2"))
    return break_call(call - 1, Killed(), *clients, phase=f"{'before' if before else 'after'}-call")
