"""Injects the failures of AWS that moto never has: conflicts, throttling and lost replies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

Fault = tuple[SimpleNamespace, dict[str, Any]] | Exception | None


@dataclass
class Calls:
    """The parameters of each call to the operation."""

    sent: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent)


@contextmanager
def inject_faults(client: Any, operation: str, *faults: Fault) -> Iterator[Calls]:
    """Each call of the operation meets the next fault. None, and no fault left, let it succeed.

    The code under test sees a fault as botocore raises it after its own last retry.
    """
    remaining = list(faults)
    calls = Calls()

    def apply_next_fault(params: dict[str, Any], **_: Any) -> Fault:
        calls.sent.append(params)
        fault = remaining.pop(0) if remaining else None
        if isinstance(fault, Exception):
            raise fault
        return fault

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, apply_next_fault)
    try:
        yield calls
    finally:
        client.meta.events.unregister(event, apply_next_fault)


def error_reply(code: str, *, status: int = 400, **more: Any) -> Fault:
    """AWS answers with this error."""
    reply = {
        "Error": {"Code": code, "Message": "injected"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    return SimpleNamespace(status_code=status, headers={}), reply | more


def success_reply(reply: dict[str, Any]) -> Fault:
    """AWS answers with this and does nothing."""
    return SimpleNamespace(status_code=200, headers={}), reply


def cancelled_transaction(*codes: str) -> Fault:
    """DynamoDB cancels the transaction, with one reason for each of its writes."""
    reasons = [{"Code": code, "Message": "injected"} for code in codes]
    return error_reply("TransactionCanceledException", CancellationReasons=reasons)


def read_timeout() -> Fault:
    """The reply is lost."""
    return ReadTimeoutError(endpoint_url="https://aws.example")
