"""What moto never does: conflicts, throttling, and replies that do not come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

Fault = tuple[SimpleNamespace, dict[str, Any]] | Exception | None


@dataclass
class Calls:
    """Those that were made, with what was sent."""

    sent: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent)


@contextmanager
def answering(client: Any, operation: str, *faults: Fault) -> Iterator[Calls]:
    """The next calls of that operation fail so, one fault each; None, and all later ones, succeed.

    It happens where botocore's own retries are over.
    """
    ahead = list(faults)
    calls = Calls()

    def answer(params: dict[str, Any], **_: Any) -> Fault:
        calls.sent.append(params)
        fault = ahead.pop(0) if ahead else None
        if isinstance(fault, Exception):
            raise fault
        return fault

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, answer)
    try:
        yield calls
    finally:
        client.meta.events.unregister(event, answer)


def refused(code: str, *, status: int = 400, **more: Any) -> Fault:
    """An error reply of AWS."""
    reply = {
        "Error": {"Code": code, "Message": "injected"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    return SimpleNamespace(status_code=status, headers={}), reply | more


def answered(reply: dict[str, Any]) -> Fault:
    """A success, with that reply."""
    return SimpleNamespace(status_code=200, headers={}), reply


def cancelled(*codes: str) -> Fault:
    """A transaction that DynamoDB cancelled, with the reason of each of its writes."""
    reasons = [{"Code": code, "Message": "injected"} for code in codes]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


def timed_out() -> Fault:
    return ReadTimeoutError(endpoint_url="https://aws.example")
