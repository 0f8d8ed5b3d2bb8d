"""Injects the failures of AWS that moto never has: conflicts, throttling and lost replies."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore import parsers
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint, convert_to_response_dict
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.exceptions import HTTPClientError, ReadTimeoutError

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


@dataclass
class Attempts:
    """Each request that botocore tried to send: the names of the operations."""

    operations: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.operations)


Outage = Callable[[str], AWSResponse | None]


@contextmanager
def break_attempts(client: Any, outage: Outage) -> Iterator[Attempts]:
    """Each attempt of each operation meets `outage`, which answers, raises, or returns None.

    Unlike `inject_faults` this is below botocore's retries, so it counts them. An attempt that
    `outage` answers does not reach moto.
    """
    attempts = Attempts()
    send = Endpoint._do_get_response  # noqa: SLF001 (moto answers within it)

    def meet_outage(endpoint: Any, request: Any, operation: Any, context: Any) -> Any:
        if endpoint is not client._endpoint:  # noqa: SLF001
            return send(endpoint, request, operation, context)
        attempts.operations.append(operation.name)
        try:
            reply = outage(operation.name)
        except (HTTPClientError, BrokenConnection) as error:
            return None, error
        if reply is None:
            return send(endpoint, request, operation, context)
        parser = parsers.create_parser("json")
        document = convert_to_response_dict(reply, operation)
        parsed = parser.parse(document, operation.output_shape)
        if reply.status_code >= 300:
            endpoint._add_modeled_error_fields(document, parsed, operation, parser)  # noqa: SLF001
        return (reply, parsed), None

    with patch.object(Endpoint, "_do_get_response", meet_outage):
        yield attempts


class _RawBody(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def http_reply(body: dict[str, Any], *, status: int = 200) -> AWSResponse:
    """What the network returns for an attempt."""
    raw = _RawBody(json.dumps(body).encode())
    return AWSResponse("https://aws.example", status, {}, raw)


def http_error(code: str, *, status: int = 400, **more: Any) -> AWSResponse:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected"} | more
    return http_reply(body, status=status)
